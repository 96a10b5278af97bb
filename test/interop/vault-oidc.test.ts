import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as z from "zod/mini";
import { TRUST_DOMAIN } from "../../scripts/interop/configuration.ts";
import { startVault, type Vault } from "../../scripts/interop/vault.ts";
import type { WorkloadKeyKind } from "../../scripts/interop/workload.ts";
import { counterparts } from "./support/counterparts.ts";
import {
  HOSTILE,
  type JwtIssuer,
  startJwtIssuer,
  SUBJECT,
  SUBJECTS,
} from "./support/jwt-issuer.ts";
import { operatorShell } from "./support/operator.ts";
import { blockOf } from "./support/page.ts";
import { startTlsFront } from "./support/tls-front.ts";

const needs = counterparts("vault");
const AUDIENCE = "https://vault.example.org";
const loginSchema = z.object({
  auth: z.object({ policies: z.array(z.string()), entity_id: z.string() }),
});
const entitySchema = z.object({
  data: z.object({ aliases: z.array(z.object({ name: z.string() })) }),
});

/** Vault's JWT auth, set up by the commands of its page; it finds the issuer by its discovery URL, over TLS. */
describe.skipIf(needs.absent)(`a login to the real Vault${needs.note}`, () => {
  const stack = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), "vault-oidc-"));
  let vault: Vault;
  let issuer: JwtIssuer;
  let shell: (script: string) => Promise<string>;

  /** @param path of the mount; it trusts that issuer alone */
  async function setUp(path: string, kind?: WorkloadKeyKind): Promise<JwtIssuer> {
    const front = stack.use(await startTlsFront());
    const made = stack.use(
      await startJwtIssuer({ audiences: [AUDIENCE], front, ...(kind && { kind }) }),
    );
    writeFileSync(join(folder, "ca.pem"), front.ca);
    const script = blockOf("oidc/vault.md", "Setting it up", "sh")
      .replace("vault write auth/svidmint/config ", "$&oidc_discovery_ca_pem=@ca.pem ")
      .replaceAll("spiffe://prod.example.org/payments/api", SUBJECT)
      .replaceAll("prod.example.org", TRUST_DOMAIN)
      .replaceAll("https://id.example.org", front.url)
      .replaceAll("auth/svidmint", `auth/${path}`)
      .replaceAll("-path=svidmint", `-path=${path}`);
    await shell(script);
    return made;
  }

  beforeAll(async () => {
    vault = stack.use(await startVault(needs.path("vault")));
    shell = operatorShell(vault, needs.path("vault"), folder);
    writeFileSync(join(folder, "api.hcl"), 'path "secret/payments" { capabilities = ["read"] }');
    issuer = await setUp("svidmint");
  });
  afterAll(async () => {
    await stack.disposeAsync();
    rmSync(folder, { recursive: true, force: true });
  });

  const login = async (jwt: string, path = "svidmint") => {
    const body = { role: "payments-api", jwt };
    return loginSchema.parse(await vault.call("POST", `auth/${path}/login`, body, "")).auth;
  };

  it("gives the workload the policy of its role", async () => {
    const auth = await login(await issuer.issued(AUDIENCE));
    expect(auth.policies).toEqual(["payments-api"]);
    const entity = await vault.call("GET", `identity/entity/id/${auth.entity_id}`);
    expect(entitySchema.parse(entity).data.aliases).toEqual([{ name: SUBJECT }]);
    expect((await login(issuer.signed(AUDIENCE))).policies).toEqual(["payments-api"]);
  });

  it.each([...HOSTILE, ...SUBJECTS])("refuses %s", async (_, make) => {
    await expect(login(await make(issuer, AUDIENCE))).rejects.toThrow(/status 400/);
  });

  it("refuses another issuer's tokens, and its own with a slash more", async () => {
    await using stranger = await startJwtIssuer({ audiences: [AUDIENCE] });
    const iss = issuer.issuer;
    for (const token of [
      await stranger.issued(AUDIENCE),
      stranger.signed(AUDIENCE, { claims: { iss } }),
      issuer.signed(AUDIENCE, { claims: { iss: `${iss}/` } }),
    ])
      await expect(login(token)).rejects.toThrow(/status 400/); // oxlint-disable-line no-await-in-loop
  });

  it("takes RS256 too, each issuer at its own mount", async () => {
    const other = await setUp("rsa", "RSA-2048");
    const token = await other.issued(AUDIENCE);
    expect((await login(token, "rsa")).policies).toEqual(["payments-api"]);
    await expect(login(token)).rejects.toThrow(/status 400/);
    await expect(login(await issuer.issued(AUDIENCE), "rsa")).rejects.toThrow(/status 400/);
  });

  it("is not configured for an issuer whose documents name another", async () => {
    const front = stack.use(await startTlsFront());
    const named = { ...front, url: "https://id.example.org" };
    stack.use(await startJwtIssuer({ audiences: [AUDIENCE], front: named }));
    const config = { oidc_discovery_url: front.url, oidc_discovery_ca_pem: front.ca };
    await expect(vault.call("POST", "auth/svidmint/config", config)).rejects.toThrow(/discovery/);
  });
});
