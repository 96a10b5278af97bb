import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  AUDIENCE,
  makeEvidenceIssuer,
  TRUST_DOMAIN,
  type EvidenceIssuer,
} from "../../scripts/interop/configuration.ts";
import { startSvidmint, type Svidmint } from "../../scripts/interop/svidmint.ts";
import { startVault, type Vault } from "../../scripts/interop/vault.ts";
import { makeKey, signJwt } from "../../scripts/interop/workload.ts";
import { counterparts } from "./support/counterparts.ts";
import { askGoSpiffe } from "./support/go-spiffe.ts";
import { publish } from "./support/jwks.ts";
import { operatorShell } from "./support/operator.ts";
import { blockOf } from "./support/page.ts";
import { rootCertificate } from "./support/root-certificate.ts";
import { fetchBundle, issueJwt, issueX509, pkcs8Pem } from "./support/svids.ts";
import { createKey, inPlace, transitSigner, writePolicy } from "./support/vault.ts";

const needs = counterparts("vault", "verify-svid");
/** As the page has them. */
const VAULT_AUDIENCE = "https://vault.example.org";
const SUBJECT = "system:serviceaccount:identity:svidmint";
const RECOVERY_MS = 5_000;

describe.skipIf(needs.absent)(`svidmint serve with its keys in the real Vault${needs.note}`, () => {
  const stack = new AsyncDisposableStack();
  const evidence: EvidenceIssuer = makeEvidenceIssuer();
  const platformKey = makeKey();
  let vault: Vault;
  let issuer: Svidmint;
  let folder: string;

  /** As a platform mounts it, and replaces it. */
  function writeToken(): void {
    const now = Math.floor(Date.now() / 1000);
    const claims = { iss: "https://platform.example", sub: SUBJECT, aud: VAULT_AUDIENCE };
    const times = { iat: now, nbf: now - 5, exp: now + 600 };
    const header = { alg: "ES256", typ: "JWT", kid: "platform" };
    writeFileSync(
      join(folder, "token.jwt"),
      `${signJwt(header, { ...claims, ...times }, platformKey)}\n`,
    );
  }

  /** The issuer may sign with its two keys, and log in by its platform's token: nothing else. */
  async function setUpVault(): Promise<void> {
    await vault.call("POST", "sys/mounts/transit", { type: "transit" });
    await writePolicy(vault, "svidmint", ["transit/sign/root", "transit/sign/jwt"]);
    const jwk = { ...platformKey.jwk, kid: "platform", use: "sig", alg: "ES256" };
    const jwks = stack.use(await publish({ keys: [jwk] }));
    const shell = operatorShell(vault, needs.path("vault"), folder);
    const commands = blockOf("signers/vault-transit.md", "Logging in", "sh");
    await shell(commands.replace(/oidc_discovery_url=\S+/, `jwks_url=${jwks.url}`));
  }

  async function serve(): Promise<Svidmint> {
    const root = await createKey(vault, "root", "ecdsa-p384");
    const jwt = await createKey(vault, "jwt", "rsa-2048");
    const certificate = await rootCertificate(await transitSigner(vault, root));
    const key = (name: string) => `${vault.secureUrl}/v1/transit/keys/${name}`;
    const token = `file:${join(folder, "token.jwt")}`;
    const entry = {
      backend: "vault_transit",
      login: { method: "jwt", role: "svidmint", token },
      published_at: "2026-01-01T00:00:00Z",
    };
    return startSvidmint({
      evidence,
      keys: {
        x509: [{ ...entry, id: "root", key: key("root"), certificate: inPlace(certificate) }],
        jwt: [
          { ...entry, id: "jwt", key: { here: key("jwt") }, public_key: inPlace(jwt.publicKey) },
        ],
      },
      env: { NODE_EXTRA_CA_CERTS: join(folder, "ca.pem"), SVIDMINT_REGION: "here" },
    });
  }

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "platform-"));
    stack.defer(() => rmSync(folder, { recursive: true, force: true }));
    vault = stack.use(await startVault(needs.path("vault")));
    writeFileSync(join(folder, "ca.pem"), vault.ca);
    writeToken();
    await setUpVault();
    issuer = stack.use(await serve());
  });
  afterAll(() => stack.disposeAsync());

  /** An X.509-SVID, then a JWT-SVID. */
  const both = async () => {
    const { chain } = await issueX509(issuer.url, evidence);
    return [chain, await issueJwt(issuer.url, evidence)];
  };
  const twoSvids = [
    expect.stringMatching(/^-----BEGIN CERTIFICATE/),
    expect.stringMatching(/^eyJ/),
  ];

  /** Until both keys sign again, or it has taken too long. */
  async function recovery(): Promise<number> {
    const began = performance.now();
    for (;;) {
      const again = await both().catch(() => undefined); // oxlint-disable-line no-await-in-loop -- one after the other
      const took = performance.now() - began;
      if (again !== undefined || took > RECOVERY_MS) return took;
    }
  }

  it("issues SVIDs that go-spiffe verifies, by the platform's token and the least policy", async () => {
    const { chain, key } = await issueX509(issuer.url, evidence);
    const token = await issueJwt(issuer.url, evidence);
    const bundle = await fetchBundle(issuer.url);
    const common = { trust_domain: TRUST_DOMAIN, bundle };
    const verdicts = await askGoSpiffe(needs.path("verify-svid"), [
      { ...common, op: "x509", chain, key: pkcs8Pem(key) },
      { ...common, op: "jwt", token, audience: [AUDIENCE] },
    ]);
    expect(verdicts).toMatchObject([{ ok: true }, { ok: true, audience: [AUDIENCE] }]);
  });

  it("issues on when the keys are rotated in Vault, by the version that is pinned", async () => {
    for (const name of ["root", "jwt"]) await vault.call("POST", `transit/keys/${name}/rotate`, {}); // oxlint-disable-line no-await-in-loop
    expect(await both()).toEqual(twoSvids);
  });

  it("logs in again by a newer token when its own is revoked", async () => {
    writeToken();
    await vault.call("PUT", "sys/leases/revoke-prefix/auth/jwt");
    expect(await both()).toEqual(twoSvids);
  });

  it("answers 503 while Vault is sealed, serves what is published, and recovers", async () => {
    await vault.seal();
    await expect(issueX509(issuer.url, evidence)).rejects.toThrow(/status 503/);
    await expect(issueJwt(issuer.url, evidence)).rejects.toThrow(/status 503/);
    expect((await fetchBundle(issuer.url)).keys).toHaveLength(2);
    await vault.unseal();
    expect(await recovery()).toBeLessThan(RECOVERY_MS);
  });

  it("answers 503 after kill -9, serves what is published, and recovers with the same keys", async () => {
    await vault.kill();
    for (let i = 0; i < 8; i++)
      await expect(issueX509(issuer.url, evidence)).rejects.toThrow(/status 503/); // oxlint-disable-line no-await-in-loop -- until it is asked no more
    await expect(issueJwt(issuer.url, evidence)).rejects.toThrow(/status 503/);
    expect((await fetchBundle(issuer.url)).keys).toHaveLength(2);
    for (const path of ["/.well-known/openid-configuration", "/.well-known/jwks.json", "/readyz"])
      expect((await fetch(issuer.url + path)).status).toBe(200); // oxlint-disable-line no-await-in-loop
    await vault.start();
    expect(await recovery()).toBeLessThan(RECOVERY_MS);
  });

  it("answers 503 for a key that is deleted, and signs with the other", async () => {
    await vault.call("POST", "transit/keys/jwt/config", { deletion_allowed: true });
    await vault.call("DELETE", "transit/keys/jwt");
    await expect(issueJwt(issuer.url, evidence)).rejects.toThrow(/status 503/);
    await issueX509(issuer.url, evidence);
    expect(issuer.server.output()).toMatch(/signer_unavailable/);
    expect(issuer.server.output()).not.toMatch(/hvs\.|eyJ|signing key not found/);
  });

  it("answers 503 where the policy no longer allows it, until it does", async () => {
    await writePolicy(vault, "svidmint", ["transit/sign/jwt"]);
    await expect(issueX509(issuer.url, evidence)).rejects.toThrow(/status 503/);
    await writePolicy(vault, "svidmint", ["transit/sign/root"]);
    await issueX509(issuer.url, evidence);
  });
});
