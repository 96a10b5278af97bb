import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeEvidenceIssuer, TRUST_DOMAIN } from "../../scripts/interop/configuration.ts";
import { run } from "../../scripts/interop/processes.ts";
import { startSvidmint, type Svidmint } from "../../scripts/interop/svidmint.ts";
import { counterparts } from "./support/counterparts.ts";
import { bundleRoots, fetchBundle, forgeLeaf, issueX509, splitPem } from "./support/svids.ts";

const needs = counterparts();

describe.skipIf(needs.absent)(`openssl verify${needs.note}`, () => {
  const stack = new AsyncDisposableStack();
  const evidence = makeEvidenceIssuer();
  const folder = mkdtempSync(join(tmpdir(), "openssl-"));
  stack.defer(() => rmSync(folder, { recursive: true, force: true }));
  let issuer: Svidmint;
  let roots: string;

  beforeAll(async () => {
    issuer = stack.use(await startSvidmint({ evidence }));
    roots = bundleRoots(await fetchBundle(issuer.url));
  });
  afterAll(() => stack.disposeAsync());

  /** `-x509_strict` adds the checks of RFC 5280 that OpenSSL leaves out by default. */
  const verify = async (chain: string, anchors: string, ...more: readonly string[]) => {
    const [leaf = "", ...intermediates] = splitPem(chain);
    writeFileSync(join(folder, "leaf.pem"), leaf);
    writeFileSync(join(folder, "chain.pem"), intermediates.join(""));
    writeFileSync(join(folder, "roots.pem"), anchors);
    const untrusted = intermediates.length > 0 ? ["-untrusted", "chain.pem"] : [];
    const args = ["verify", "-x509_strict", "-CAfile", "roots.pem", ...untrusted, ...more];
    return run("openssl", [...args, "leaf.pem"], { cwd: folder, deadlineMs: 60_000 });
  };

  it.each(["P-256", "P-384", "RSA-2048", "RSA-3072"] as const)(
    "accepts an X.509-SVID for a %s key as client and as server",
    async (kind) => {
      const { chain } = await issueX509(issuer.url, evidence, kind);
      for (const purpose of ["sslclient", "sslserver"]) {
        const verdict = await verify(chain, roots, "-purpose", purpose);
        expect(verdict.stderr).toBe("");
        expect(verdict.code).toBe(0);
      }
    },
  );

  it("reads the SPIFFE ID as the one name in the certificate", async () => {
    const { chain } = await issueX509(issuer.url, evidence);
    const args = ["x509", "-noout", "-subject", "-ext", "subjectAltName"];
    const printed = await run("openssl", args, { input: chain, deadlineMs: 60_000 });
    expect(printed.stdout).toMatch(/^subject=\n/u);
    expect(printed.stdout).toMatch(/X509v3 Subject Alternative Name: critical/u);
    expect(printed.stdout.match(/(URI|DNS|IP Address|email):\S+/gu)).toEqual([
      `URI:spiffe://${TRUST_DOMAIN}/ci/build`,
    ]);
  });

  it("refuses a stranger's root, a forged leaf, a time after its end, and use as an authority", async () => {
    const { chain, certificates, answer } = await issueX509(issuer.url, evidence);
    await using stranger = await startSvidmint({ evidence });
    const strangersRoots = bundleRoots(await fetchBundle(stranger.url));
    const after = String((answer.x509?.expires_at ?? 0) + 1);
    const verdicts = [
      await verify(chain, strangersRoots),
      await verify(forgeLeaf(certificates), roots),
      await verify(chain, roots, "-attime", after),
      await verify(chain, roots, "-purpose", "crlsign"),
    ];
    expect(verdicts.map(({ code }) => code)).toEqual([2, 2, 2, 2]);
  });
});
