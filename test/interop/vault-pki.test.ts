import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as z from "zod/mini";
import { makeEvidenceIssuer, TRUST_DOMAIN } from "../../scripts/interop/configuration.ts";
import { runChecked } from "../../scripts/interop/processes.ts";
import { startSvidmint, type Svidmint } from "../../scripts/interop/svidmint.ts";
import { startVault, type Vault } from "../../scripts/interop/vault.ts";
import { makeKey } from "../../scripts/interop/workload.ts";
import { counterparts } from "./support/counterparts.ts";
import { askGoSpiffe } from "./support/go-spiffe.ts";
import { bundleRoots, fetchBundle, issueX509, pkcs8Pem } from "./support/svids.ts";
import { operatorShell } from "./support/operator.ts";
import { blockOf } from "./support/page.ts";
import { createToken, inPlace, writePolicy } from "./support/vault.ts";

const needs = counterparts("vault", "verify-svid");
const madeSchema = z.object({ data: z.object({ certificate: z.string() }) });
const TTL = "8760h";

describe.skipIf(needs.absent)(`svidmint below a CA of the real Vault${needs.note}`, () => {
  const stack = new AsyncDisposableStack();
  const evidence = makeEvidenceIssuer();
  let vault: Vault;
  let root: string;
  let token: string;
  let issuing: string;

  /** A company's root, and below it what the page sets up. */
  beforeAll(async () => {
    vault = stack.use(await startVault(needs.path("vault")));
    const config = { max_lease_ttl: "87600h" };
    await vault.call("POST", "sys/mounts/pki", { type: "pki", config });
    const made = await vault.call("POST", "pki/root/generate/internal", {
      common_name: "acme root",
      issuer_name: "acme",
      key_type: "rsa",
      key_bits: 2048,
      ttl: TTL,
    });
    root = madeSchema.parse(made).data.certificate;
    const folder = mkdtempSync(join(tmpdir(), "operator-"));
    stack.defer(() => rmSync(folder, { recursive: true, force: true }));
    const shell = operatorShell(vault, needs.path("vault"), folder);
    const told = await shell(blockOf("signers/vault-pki.md", "Setting it up", "sh"));
    issuing = `pki_svidmint/issuer/${told.trim().split("\n").at(-1) ?? ""}`;
    await writePolicy(vault, "svidmint", [
      "pki/issuer/acme/sign-intermediate",
      `${issuing}/sign-intermediate`,
    ]);
    token = await createToken(vault, "svidmint");
  });
  afterAll(() => stack.disposeAsync());

  function serve(ca: string, more: object = {}): Promise<Svidmint> {
    const published_at = "2026-01-01T00:00:00Z";
    const x509 = {
      id: "acme",
      backend: "vault_pki",
      ca: `${vault.url}/v1/${ca}`,
      certificate: inPlace(root),
      published_at,
      ...more,
    };
    const jwt = { id: "jwt", backend: "local", private_key: "env:SVIDMINT_JWT_KEY", published_at };
    return startSvidmint({
      evidence,
      keys: { x509: [x509], jwt: [jwt] },
      env: { VAULT_TOKEN: token, SVIDMINT_JWT_KEY: pkcs8Pem(makeKey()) },
    });
  }

  /** By OpenSSL and go-spiffe, with nothing but the bundle. */
  async function verify(issuer: Svidmint): Promise<number> {
    const { chain, certificates, key } = await issueX509(issuer.url, evidence);
    const bundle = await fetchBundle(issuer.url);
    const [verdict] = await askGoSpiffe(needs.path("verify-svid"), [
      { op: "x509", trust_domain: TRUST_DOMAIN, bundle, chain, key: pkcs8Pem(key) },
    ]);
    expect(verdict).toMatchObject({ ok: true, spiffe_id: `spiffe://${TRUST_DOMAIN}/ci/build` });
    const folder = mkdtempSync(join(tmpdir(), "chain-"));
    try {
      writeFileSync(join(folder, "root.pem"), bundleRoots(bundle));
      writeFileSync(join(folder, "chain.pem"), chain);
      const args = ["verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", "root.pem"];
      const options = { cwd: folder, deadlineMs: 60_000 };
      const told = await runChecked(
        "openssl",
        [...args, "-untrusted", "chain.pem", "chain.pem"],
        options,
      );
      expect(told).toBe("chain.pem: OK\n");
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
    expect(bundleRoots(bundle).trim()).toBe(root.trim());
    const [, intermediate] = certificates;
    expect(intermediate?.subjectAltName).toContain(`URI:spiffe://${TRUST_DOMAIN}`);
    return certificates.length;
  }

  it("has its intermediate certified by the root, by the least policy", async () => {
    await using issuer = await serve("pki/issuer/acme");
    expect(await verify(issuer)).toBe(2);
  });

  it("has it certified by a CA below the root, whose certificate goes along", async () => {
    await using issuer = await serve(issuing);
    expect(await verify(issuer)).toBe(3);
  });

  it("issues on after kill -9 of Vault", async () => {
    await using issuer = await serve("pki/issuer/acme");
    await issueX509(issuer.url, evidence);
    await vault.kill();
    expect(await verify(issuer)).toBe(2);
    await vault.start();
  });

  it.each([
    ["an issuer that is not there", "pki/issuer/other"],
    ["one that it has no permission for", "pki_svidmint/issuer/default"],
  ])("answers 503 for %s", async (_, ca) => {
    await using issuer = await serve(ca);
    await expect(issueX509(issuer.url, evidence)).rejects.toThrow(/status 503/);
    expect((await fetchBundle(issuer.url)).keys).toHaveLength(2);
  });

  it("refuses what a CA answers that leads to another root than the configured one", async () => {
    const other = await vault.call("POST", "pki/root/rotate/internal", {
      common_name: "other root",
      issuer_name: "other",
      key_type: "ec",
      ttl: TTL,
    });
    const certificate = inPlace(madeSchema.parse(other).data.certificate);
    await using issuer = await serve("pki/issuer/acme", { certificate });
    await expect(issueX509(issuer.url, evidence)).rejects.toThrow(/status 503/);
    await expect.poll(() => issuer.server.output()).toMatch(/no path to the configured root/);
  });

  it("issues for less where the engine certifies for less", async () => {
    await vault.call("POST", "sys/mounts/pki/tune", { max_lease_ttl: "2h" });
    await using issuer = await serve("pki/issuer/acme");
    const { certificates } = await issueX509(issuer.url, evidence);
    const [leaf, intermediate] = certificates;
    const end = Date.parse(intermediate?.validTo ?? "");
    expect(end).toBeLessThanOrEqual(Date.now() + 2 * 3600_000 + 60_000);
    expect(Date.parse(leaf?.validTo ?? "")).toBeLessThanOrEqual(end);
  });
});
