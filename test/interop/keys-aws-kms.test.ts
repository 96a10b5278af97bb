import { createPublicKey, X509Certificate } from "node:crypto";
import { mkdtempSync } from "node:fs";
import { readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { startMoto, type Moto } from "../../scripts/interop/moto.ts";
import { counterparts } from "./support/counterparts.ts";
import { svidmintIn } from "./support/cli.ts";
import { ANYBODY, createUser, iam } from "./support/moto.ts";

const needs = counterparts("moto");
const CONFIG = `trust_domain: prod.example.org
issuer: https://id.example.org
evidence:
  gcp_iit: { projects: [payments-prod] }
rules:
  - name: api
    evidence: { gcp_iit: { project_id: payments-prod } }
    spiffe_id: /api
    x509: { ttl: 1h }
    jwt: { ttl: 10m, audiences: ["https://orders.example.org"] }
`;

describe.skipIf(needs.absent)(`the ceremony of keys in moto's KMS${needs.note}`, () => {
  const stack = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), "svidmint-ceremony-"));
  let moto: Moto;
  let env: Record<string, string>;
  const svidmint = svidmintIn(folder, () => env);
  const file = (name: string) => readFile(join(folder, name), "utf8");

  beforeAll(async () => {
    await writeFile(join(folder, "svidmint.yaml"), CONFIG);
    moto = stack.use(await startMoto(needs.path("moto")));
    env = {
      AWS_ENDPOINT_URL_KMS: `http://127.0.0.1:${moto.port}`,
      AWS_ACCESS_KEY_ID: ANYBODY.accessKeyId,
      AWS_SECRET_ACCESS_KEY: ANYBODY.secretAccessKey,
      AWS_REGION: "eu-central-1",
    };
  });
  afterAll(async () => {
    await stack.disposeAsync();
    await rm(folder, { recursive: true });
  });
  const create = async (...args: string[]) => {
    const made = await svidmint("keys", "create", ...args, "--backend", "aws_kms", "--create");
    expect(made.stderr).toMatch(/^made in AWS KMS/);
    return made;
  };

  it("makes a root in KMS, fetches its public half, and signs its certificate there", async () => {
    await create("x509", "--id", "root-1", "--mode", "delegated", "--out", "root-1.entry.yaml");
    const dry = await svidmint("ca", "init", "root-1.ca.yaml", "--dry-run");
    expect(dry).toMatchObject({ code: 0 });
    expect(await svidmint("ca", "init", "root-1.ca.yaml", "--out", "root-1.pem")).toMatchObject({
      code: 0,
    });
    const root = new X509Certificate(await file("root-1.pem"));
    expect(root.verify(root.publicKey)).toBe(true);
    expect(root.publicKey.export({ format: "pem", type: "spki" })).toBe(await file("root-1.pub"));
  });

  it("makes JWT keys, one that stays there and one that is wrapped by a data key", async () => {
    await create("jwt", "--id", "jwt-1", "--type", "rsa2048", "--out", "jwt-1.entry.yaml");
    await create("jwt", "--id", "jwt-2", "--mode", "wrapped", "--out", "jwt-2.entry.yaml");
    expect(createPublicKey(await file("jwt-1.pub")).asymmetricKeyType).toBe("rsa");
    const envelope = JSON.parse(await file("jwt-2.wrapped"));
    expect(envelope).toMatchObject({ trust_domain: "prod.example.org", use: "jwt" });
    await expect(stat(join(folder, "jwt-2.key"))).rejects.toThrow("ENOENT");
  });

  it("finds each to be the configured one, by signing, and by unwrapping", async () => {
    for (const [use, id] of [
      ["x509", "root-1"],
      ["jwt", "jwt-1"],
      ["jwt", "jwt-2"],
    ] as const) {
      const text = await file("svidmint.yaml"); // oxlint-disable-line no-await-in-loop -- in order
      const [entry] = parse(await file(`${id}.entry.yaml`)); // oxlint-disable-line no-await-in-loop -- in order
      const document = parse(text);
      const keys = { ...document.keys, [use]: [...(document.keys?.[use] ?? []), entry] };
      await writeFile(join(folder, "svidmint.yaml"), JSON.stringify({ ...document, keys })); // oxlint-disable-line no-await-in-loop -- in order
    }
    const verified = await svidmint("keys", "verify", "--sign", "--json");
    expect(JSON.parse(verified.stdout)).toMatchObject({
      ok: true,
      keys: [
        { id: "root-1", result: "good", message: expect.stringContaining("signs") },
        { id: "jwt-1", result: "good" },
        { id: "jwt-2", result: "good", message: expect.stringContaining("unwraps") },
      ],
    });
  });

  it("tells a key that is another's", async () => {
    const text = (await file("svidmint.yaml")).replace("file:jwt-1.pub", "file:jwt-2.pub");
    await writeFile(join(folder, "wrong.yaml"), text);
    const verified = await svidmint("keys", "verify", "--config", "wrong.yaml");
    expect(verified.code).toBe(1);
    expect(verified.stdout).toMatch(/^wrong +jwt jwt-1: is another key/m);
  });

  it("looks at an issuer's permissions: what is missing, and what is too much", async () => {
    const issuer = await createUser(moto, "svidmint");
    const policy = (Action: readonly string[]) =>
      iam(moto, "PutUserPolicy", {
        UserName: "svidmint",
        PolicyName: "keys",
        PolicyDocument: JSON.stringify({
          Version: "2012-10-17",
          Statement: [{ Effect: "Allow", Action, Resource: "*" }],
        }),
      });
    await policy(["kms:Sign", "kms:Decrypt", "kms:GetKeyPolicy", "kms:GetPublicKey"]);
    await moto.authenticate();
    const operator = env;
    env = {
      ...operator,
      AWS_ACCESS_KEY_ID: issuer.accessKeyId,
      AWS_SECRET_ACCESS_KEY: issuer.secretAccessKey,
    };
    const ran = await svidmint("doctor", "--sign", "--json");
    const findings: { check: string; severity: string; message: string; fix?: string }[] =
      JSON.parse(ran.stdout).findings;
    const of = (check: string) => findings.filter((finding) => finding.check === check);
    expect(of("keys in services").map(({ severity }) => severity)).toEqual([
      "good",
      "good",
      "good",
    ]);
    const surplus = of("permissions");
    expect(surplus.map(({ severity }) => severity)).toEqual(["warning", "warning", "warning"]);
    expect(surplus[0]?.message).toContain("kms:GetKeyPolicy");
    expect(surplus[0]?.fix).toContain('"kms:Sign"');
    expect(surplus[2]?.fix).toContain('"kms:Decrypt"');
    expect(of("clock")).toMatchObject([{ severity: "good" }]);
    expect(ran.code).toBe(0);
    expect(ran.stdout + ran.stderr).not.toContain(issuer.secretAccessKey);
  });

  it("says that KMS is gone, and what cannot be told then", async () => {
    await moto[Symbol.asyncDispose]();
    const ran = await svidmint("keys", "verify");
    expect(ran.code).toBe(1);
    expect(ran.stdout).toMatch(/^unknown +x509 root-1: AWS KMS in eu-central-1 gives no answer/m);
    // The bundle needs none of it.
    const applied = await svidmint("keys", "apply", "svidmint.yaml", "--against", "svidmint.yaml");
    expect(applied).toMatchObject({ code: 0 });
  });
});
