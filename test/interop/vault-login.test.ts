import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeEvidenceIssuer } from "../../scripts/interop/configuration.ts";
import { startMoto, type Moto } from "../../scripts/interop/moto.ts";
import { startSvidmint, type Svidmint } from "../../scripts/interop/svidmint.ts";
import { startVault, type Vault } from "../../scripts/interop/vault.ts";
import { makeKey } from "../../scripts/interop/workload.ts";
import { counterparts } from "./support/counterparts.ts";
import { createUser } from "./support/moto.ts";
import { rootCertificate } from "./support/root-certificate.ts";
import { issueX509, pkcs8Pem } from "./support/svids.ts";
import { createKey, createToken, inPlace, transitSigner, writePolicy } from "./support/vault.ts";

const needs = counterparts("vault", "moto");
const REGION = "eu-central-1";
const SERVER_ID = "vault.interop.example";

describe.skipIf(needs.absent)(`logins to the real Vault${needs.note}`, () => {
  const stack = new AsyncDisposableStack();
  const evidence = makeEvidenceIssuer();
  let vault: Vault;
  let moto: Moto;
  let certificate: string;
  let amazon: Record<string, string>;

  beforeAll(async () => {
    vault = stack.use(await startVault(needs.path("vault")));
    moto = stack.use(await startMoto(needs.path("moto")));
    await vault.call("POST", "sys/mounts/transit", { type: "transit" });
    await writePolicy(vault, "svidmint", ["transit/sign/root"]);
    const root = await createKey(vault, "root", "ecdsa-p256");
    certificate = inPlace(await rootCertificate(await transitSigner(vault, root)));

    const { accessKeyId, secretAccessKey } = await createUser(moto, "svidmint");
    amazon = { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey };
    await vault.call("POST", "sys/auth/aws", { type: "aws" });
    await vault.call("POST", "auth/aws/config/client", {
      sts_endpoint: `http://127.0.0.1:${moto.port}`,
      sts_region: REGION,
      iam_server_id_header_value: SERVER_ID,
    });
    await vault.call("POST", "auth/aws/role/svidmint", {
      auth_type: "iam",
      bound_iam_principal_arn: "arn:aws:iam::123456789012:user/svidmint",
      resolve_aws_unique_ids: false,
      token_policies: ["svidmint"],
      token_no_default_policy: true,
    });
    // From now on it checks each signature.
    await moto.authenticate();
  });
  afterAll(() => stack.disposeAsync());

  function serve(login: object, env: Record<string, string>): Promise<Svidmint> {
    const key = `${vault.url}/v1/transit/keys/root`;
    const published_at = "2026-01-01T00:00:00Z";
    const entry = { id: "root", backend: "vault_transit", published_at, key, certificate };
    const jwt = { id: "jwt", backend: "local", private_key: "env:SVIDMINT_JWT_KEY", published_at };
    return startSvidmint({
      evidence,
      keys: { x509: [{ ...entry, ...login }], jwt: [jwt] },
      env: { ...env, SVIDMINT_JWT_KEY: pkcs8Pem(makeKey()) },
    });
  }
  const aws = { method: "aws", role: "svidmint", region: REGION, server_id: SERVER_ID };

  it("by the variable VAULT_TOKEN, whose token may do no more than sign with one key", async () => {
    const token = await createToken(vault, "svidmint");
    await using issuer = await serve({}, { VAULT_TOKEN: token });
    expect((await issueX509(issuer.url, evidence)).certificates).toHaveLength(1);
    await expect(vault.call("GET", "transit/keys/root", undefined, token)).rejects.toThrow(/403/);
    await expect(vault.call("POST", "transit/sign/other", {}, token)).rejects.toThrow(/403/);
    expect(issuer.server.output()).not.toContain(token);
  });

  it("by AWS credentials: Vault has STS say whose they are", async () => {
    await using issuer = await serve({ login: aws }, amazon);
    expect((await issueX509(issuer.url, evidence)).certificates).toHaveLength(1);
  });

  it.each<[string, object, Record<string, string>]>([
    ["another secret", {}, { AWS_SECRET_ACCESS_KEY: "wrong" }],
    ["another server", { server_id: "another.example" }, {}],
    ["no server", { server_id: undefined }, {}],
    ["another role", { role: "admin" }, {}],
  ])("not with %s", async (_, login, env) => {
    await using issuer = await serve({ login: { ...aws, ...login } }, { ...amazon, ...env });
    await expect(issueX509(issuer.url, evidence)).rejects.toThrow(/status 503/);
  });
});
