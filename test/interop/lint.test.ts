import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as z from "zod/mini";
import { makeEvidenceIssuer } from "../../scripts/interop/configuration.ts";
import { runChecked } from "../../scripts/interop/processes.ts";
import { moduleRoot } from "../../scripts/interop/programs.ts";
import { issue, x509Request } from "../../scripts/interop/request.ts";
import { startSvidmint, type Svidmint } from "../../scripts/interop/svidmint.ts";
import { makeKey } from "../../scripts/interop/workload.ts";
import { counterparts } from "./support/counterparts.ts";
import { bundleRoots, fetchBundle, splitPem } from "./support/svids.ts";

const CERTIFICATES = 1_000;

/** Objections that we answer instead of obeying: the lint's name, and why a SPIFFE SVID must differ. */
const WAIVERS: Readonly<Record<string, string>> = {
  "pkix.invalid_uri_syntax":
    "pkilint checks URIs against a fixed list of schemes (http, ftp, ssh …) that lacks spiffe; RFC 5280 §4.2.1.6 asks for a scheme and an authority, which the SPIFFE ID has",
};

const needs = counterparts("zlint-many", "pkilint");

const summarySchema = z.object({
  certificates: z.int(),
  applied: z.optional(z.int()),
  findings: z.record(
    z.string(),
    z.object({
      status: z.string(),
      count: z.int(),
      first: z.int(),
      detail: z.optional(z.string()),
    }),
  ),
});
type Summary = z.infer<typeof summarySchema>;

const zlint = async (pem: string): Promise<Summary> =>
  summarySchema.parse(
    JSON.parse(
      await runChecked(needs.path("zlint-many"), ["-includeSources", "RFC5280,Community"], {
        input: pem,
        deadlineMs: 60_000,
      }),
    ),
  );

const pkilint = async (pem: string): Promise<Summary> =>
  summarySchema.parse(
    JSON.parse(
      await runChecked(needs.path("pkilint"), [`${moduleRoot}/python/pkilint_many.py`], {
        input: pem,
        deadlineMs: 120_000,
      }),
    ),
  );

/** What stands against a certificate: errors and worse; warnings too unless waived. */
function objections({ findings }: Summary): string[] {
  return Object.entries(findings)
    .filter(
      ([name, { status }]) =>
        !["info", "notice", "debug"].includes(status) && !Object.hasOwn(WAIVERS, name),
    )
    .map(([name, { status, count, detail }]) => `${status} ${name} on ${count}: ${detail ?? ""}`);
}

describe.skipIf(needs.absent)(`linters${needs.note}`, () => {
  const stack = new AsyncDisposableStack();
  const evidence = makeEvidenceIssuer();
  let issuer: Svidmint;
  let leaves = "";
  let authorities = "";

  beforeAll(async () => {
    issuer = stack.use(await startSvidmint({ evidence }));
    // RSA keys take seconds to make: a few serve many certificates.
    const rsa = (["RSA-2048", "RSA-3072"] as const).map((kind) => makeKey(kind));
    const issued: string[] = [];
    for (let n = 0; n < CERTIFICATES; n++) {
      const key = rsa[n % 10] ?? makeKey(n % 10 < 6 ? "P-256" : "P-384");
      const request = x509Request(issuer.url, evidence, key, { job: "build" });
      const answer = await issue(issuer.url, request);
      issued.push(splitPem(answer.x509?.certificate_chain ?? "")[0] ?? "");
    }
    leaves = issued.join("");
    authorities = bundleRoots(await fetchBundle(issuer.url));
  });
  afterAll(() => stack.disposeAsync());

  it("zlint (RFC 5280 and community lints) objects to none of 1 000 certificates", async () => {
    const summary = await zlint(leaves);
    expect(summary.certificates).toBe(CERTIFICATES);
    expect(summary.applied).toBeGreaterThan(30);
    expect(objections(summary)).toEqual([]);
  });

  it("pkilint objects to none of 1 000 certificates", async () => {
    const summary = await pkilint(leaves);
    expect(summary.certificates).toBe(CERTIFICATES);
    expect(objections(summary)).toEqual([]);
  });

  it("both accept the authority's certificate", async () => {
    expect(objections(await zlint(authorities))).toEqual([]);
    expect(objections(await pkilint(authorities))).toEqual([]);
  });

  it("both object to a leaf that may sign certificates, so their silence means something", async () => {
    const base = "req -x509 -nodes -newkey ec -pkeyopt ec_paramgen_curve:P-256 -keyout /dev/null";
    const extensions = ["basicConstraints=critical,CA:FALSE", "keyUsage=critical,keyCertSign"];
    const wrong = extensions.flatMap((extension) => ["-addext", extension]);
    const bad = await runChecked("openssl", [...base.split(" "), "-subj", "/CN=bad", ...wrong], {
      deadlineMs: 60_000,
    });
    expect(objections(await zlint(bad))).not.toEqual([]);
    expect(objections(await pkilint(bad))).not.toEqual([]);
  });
});
