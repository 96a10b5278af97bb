import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AUDIENCE, makeEvidenceIssuer, TRUST_DOMAIN } from "../../scripts/interop/configuration.ts";
import { startSvidmint, type Svidmint } from "../../scripts/interop/svidmint.ts";
import { startVault, type Vault } from "../../scripts/interop/vault.ts";
import { encodePem } from "../../src/encoding/pem.ts";
import { nodePlatform } from "../../src/platform/node/node-platform.ts";
import { counterparts } from "./support/counterparts.ts";
import { askGoSpiffe } from "./support/go-spiffe.ts";
import { rootCertificate } from "./support/root-certificate.ts";
import { fetchBundle, issueJwt, issueX509 } from "./support/svids.ts";
import {
  createKey,
  createToken,
  inPlace,
  transitSigner,
  wrapByVault,
  writePolicy,
} from "./support/vault.ts";

const needs = counterparts("vault", "verify-svid");
const platform = nodePlatform();
const RECOVERY_MS = 5_000;

describe.skipIf(needs.absent)(`a root and a wrapped JWT key in the real Vault${needs.note}`, () => {
  const stack = new AsyncDisposableStack();
  const evidence = makeEvidenceIssuer();
  let vault: Vault;
  let issuer: Svidmint;
  let serve: () => Promise<Svidmint>;

  beforeAll(async () => {
    vault = stack.use(await startVault(needs.path("vault")));
    await vault.call("POST", "sys/mounts/transit", { type: "transit" });
    await vault.call("POST", "transit/keys/wrapping", { type: "aes256-gcm96" });
    const root = await createKey(vault, "root", "ecdsa-p256");
    const certificate = inPlace(await rootCertificate(await transitSigner(vault, root)));
    const jwt = await platform.generateKey("P-256");
    const wrapped = await wrapByVault(vault, "wrapping", jwt, "jwt");
    await writePolicy(vault, "svidmint", ["transit/sign/root", "transit/decrypt/wrapping"]);
    const token = await createToken(vault, "svidmint");

    const entry = { backend: "vault_transit", published_at: "2026-01-01T00:00:00Z" };
    const url = (name: string): string => `${vault.url}/v1/transit/keys/${name}`;
    const keys = {
      x509: [{ ...entry, id: "root", mode: "delegated", key: url("root"), certificate }],
      jwt: [
        {
          ...entry,
          id: "jwt",
          mode: "wrapped",
          key: url("wrapping"),
          wrapped_key: inPlace(wrapped),
          public_key: inPlace(encodePem("PUBLIC KEY", jwt.publicKey.spki)),
        },
      ],
    };
    serve = () => startSvidmint({ evidence, keys, env: { VAULT_TOKEN: token } });
    issuer = stack.use(await serve());
  });
  afterAll(() => stack.disposeAsync());

  /** What Vault did since `begin`, by its own audit log. */
  async function observed(work: () => Promise<void>): Promise<string[]> {
    const file = join(issuer.folder, "audit.log");
    await vault.call("PUT", "sys/audit/file", { type: "file", options: { file_path: file } });
    await work();
    await vault.call("DELETE", "sys/audit/file");
    const lines = readFileSync(file, "utf8").trim().split("\n");
    const entries = lines.map(
      (line) => JSON.parse(line) as { type: string; request: { path: string } },
    );
    return entries
      .filter(({ type, request: { path } }) => type === "request" && path.startsWith("transit/"))
      .map(({ request: { path } }) => path);
  }

  it("is asked once for each, however many SVIDs are issued", async () => {
    const paths = await observed(async () => {
      for (let i = 0; i < 10; i++)
        await Promise.all([issueX509(issuer.url, evidence), issueJwt(issuer.url, evidence)]); // oxlint-disable-line no-await-in-loop -- in ten rounds
    });
    expect(paths.toSorted()).toEqual(["transit/decrypt/wrapping", "transit/sign/root"]);
  });

  it("makes SVIDs that go-spiffe verifies under the root alone", async () => {
    const { chain, certificates } = await issueX509(issuer.url, evidence);
    const token = await issueJwt(issuer.url, evidence);
    const bundle = await fetchBundle(issuer.url);
    expect(certificates).toHaveLength(2);
    expect(bundle.keys).toHaveLength(2);
    const common = { trust_domain: TRUST_DOMAIN, bundle };
    const verdicts = await askGoSpiffe(needs.path("verify-svid"), [
      { ...common, op: "x509", chain },
      { ...common, op: "jwt", token, audience: [AUDIENCE] },
    ]);
    expect(verdicts).toMatchObject([{ ok: true, chain_length: 3 }, { ok: true }]);
  });

  it("issues on while Vault is gone; one that starts meanwhile issues once it is back", async () => {
    await vault.kill();
    for (let i = 0; i < 5; i++) {
      await issueX509(issuer.url, evidence); // oxlint-disable-line no-await-in-loop
      await issueJwt(issuer.url, evidence); // oxlint-disable-line no-await-in-loop
    }
    await using late = await serve();
    await expect(issueX509(late.url, evidence)).rejects.toThrow(/status 503/);
    await expect(issueJwt(late.url, evidence)).rejects.toThrow(/status 503/);
    expect((await fetchBundle(late.url)).keys).toHaveLength(2);
    await vault.start();
    const began = performance.now();
    for (;;) {
      const both = [issueX509(late.url, evidence), issueJwt(late.url, evidence)];
      const outcomes = await Promise.allSettled(both); // oxlint-disable-line no-await-in-loop -- one after the other
      const well = outcomes.every(({ status }) => status === "fulfilled");
      if (well || performance.now() - began > RECOVERY_MS) break;
    }
    expect(performance.now() - began).toBeLessThan(RECOVERY_MS);
  });
});
