import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { X509Certificate } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeEvidenceIssuer, TRUST_DOMAIN } from "../../scripts/interop/configuration.ts";
import { makeCorporateCa } from "../../scripts/interop/corporate-ca.ts";
import { startUpstreamStepCa } from "../../scripts/interop/step-ca.ts";
import type { Svidmint } from "../../scripts/interop/svidmint.ts";
import { counterparts } from "./support/counterparts.ts";
import { startPrivateCa } from "./support/acm-pca.ts";
import { askGoSpiffe } from "./support/go-spiffe.ts";
import { bundleRoots, fetchBundle, issueX509, logOf, pkcs8Pem, splitPem } from "./support/svids.ts";
import { opensslVerdict, serveBelow } from "./support/upstream.ts";

const needs = counterparts("step-ca", "verify-svid");
/** As docs/signers/step-ca.md has it. */
const TEMPLATE = `{
  "subject": {{ toJson .Insecure.CR.Subject }},
  "uris": ["spiffe://${TRUST_DOMAIN}"],
  "keyUsage": ["certSign"],
  "basicConstraints": { "isCA": true, "maxPathLen": 0 },
  "nameConstraints": {
    "critical": true,
    "excludedDNSDomains": [""],
    "excludedIPRanges": ["0.0.0.0/0", "::/0"]
  }
}`;

interface Upstream {
  /** PEM. */
  readonly root: string;
  readonly entry: object;
  readonly env: Readonly<Record<string, string>>;
  /** Absent where it cannot be down. */
  readonly stop?: () => PromiseLike<void>;
}

const UPSTREAMS: Readonly<Record<string, () => Promise<Upstream>>> = {
  async step_ca() {
    const step = await startUpstreamStepCa(needs.path("step-ca"), TEMPLATE);
    const { name: provisioner, key } = step.provisioner;
    const entry = { backend: "step_ca", ca: step.url, provisioner, private_key: "env:PROVISIONER" };
    const env = { PROVISIONER: pkcs8Pem(key), NODE_EXTRA_CA_CERTS: step.rootFile };
    return { root: step.ca.root, entry, env, stop: () => step[Symbol.asyncDispose]() };
  },
  async ca_files() {
    const folder = mkdtempSync(join(tmpdir(), "corp-"));
    const ca = await makeCorporateCa(folder);
    rmSync(folder, { recursive: true });
    const entry = {
      backend: "ca_files",
      ca: `data:;base64,${btoa(ca.issuing)}`,
      private_key: "env:CA_KEY",
    };
    return { root: ca.root, entry, env: { CA_KEY: ca.issuingKey } };
  },
  async aws_private_ca() {
    const { root, entry, env, ...ca } = await startPrivateCa();
    return { root, entry, env, stop: () => ca[Symbol.asyncDispose]() };
  },
};

describe.skipIf(needs.absent)(`svidmint serve below an existing CA${needs.note}`, () => {
  const evidence = makeEvidenceIssuer();

  describe.each(Object.entries(UPSTREAMS))("%s", (_, start) => {
    const stack = new AsyncDisposableStack();
    let upstream: Upstream;
    let issuer: Svidmint;
    let issued: Awaited<ReturnType<typeof issueX509>>;

    beforeAll(async () => {
      upstream = await start();
      const { stop, root, entry, env } = upstream;
      stack.defer(async () => stop?.());
      issuer = stack.use(await serveBelow(evidence, root, entry, env));
      issued = await issueX509(issuer.url, evidence);
    });
    afterAll(() => stack.disposeAsync());

    it("issues a chain that OpenSSL leads to the existing root", async () => {
      expect(issued.certificates).toHaveLength(3);
      expect(await opensslVerdict(issued.chain, upstream.root)).toBe("");
      const [, intermediate] = issued.certificates;
      expect(intermediate?.ca).toBe(true);
      expect(intermediate?.subjectAltName).toBe(`URI:spiffe://${TRUST_DOMAIN}`);
      const life = Date.parse(intermediate?.validTo ?? "") - Date.now();
      expect(life).toBeLessThanOrEqual(130 * 60_000);
    });

    it("shows the existing root, and nothing else, as its own bundle, and go-spiffe verifies by it", async () => {
      const bundle = await fetchBundle(issuer.url);
      expect(splitPem(bundleRoots(bundle)).map(fingerprint)).toEqual([fingerprint(upstream.root)]);
      const [verdict] = await askGoSpiffe(needs.path("verify-svid"), [
        {
          op: "x509",
          trust_domain: TRUST_DOMAIN,
          bundle,
          chain: issued.chain,
          key: pkcs8Pem(issued.key),
        },
      ]);
      expect(verdict).toMatchObject({ ok: true, spiffe_id: `spiffe://${TRUST_DOMAIN}/ci/build` });
    });

    it("issues by one intermediate, also where the CA is down, and a new instance does not", async () => {
      await upstream.stop?.();
      const { certificates, chain } = await issueX509(issuer.url, evidence);
      expect(certificates[1]?.serialNumber).toBe(issued.certificates[1]?.serialNumber);
      expect(await opensslVerdict(chain, upstream.root)).toBe("");
      if (upstream.stop === undefined) return;
      const { root, entry, env } = upstream;
      await using other = await serveBelow(evidence, root, entry, env);
      await expect(issueX509(other.url, evidence)).rejects.toThrow(/status 503/);
      expect((await fetchBundle(other.url)).keys).toHaveLength(2);
    });
  });

  it("asks a step-ca for no more than its provisioner gives: the reason is in the log, no token is", async () => {
    await using step = await startUpstreamStepCa(needs.path("step-ca"), TEMPLATE, "1h");
    const { name: provisioner, key } = step.provisioner;
    const entry = { backend: "step_ca", ca: step.url, provisioner, private_key: "env:PROVISIONER" };
    const env = { PROVISIONER: pkcs8Pem(key), NODE_EXTRA_CA_CERTS: step.rootFile };
    await using issuer = await serveBelow(evidence, step.ca.root, entry, env);
    await expect(issueX509(issuer.url, evidence)).rejects.toThrow(/status 503/);
    const log = await logOf(issuer);
    expect(log).toContain("step-ca refuses to sign for corp: status 403");
    expect(log).not.toContain("eyJhbGciOiJFUzI1NiI");
  });
});

function fingerprint(pem: string): string {
  return new X509Certificate(pem).fingerprint256;
}
