import { mkdtempSync } from "node:fs";
import { readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { counterparts } from "./support/counterparts.ts";
import { svidmintIn } from "./support/cli.ts";
import { MODULE, packageFolder, PIN, softHsm, type SoftHsm } from "./support/softhsm.ts";

const needs = counterparts("softhsm2", "pkcs11-tool", "pkcs11js");
const CONFIG = {
  trust_domain: "prod.example.org",
  issuer: "https://id.example.org",
  evidence: { gcp_iit: { projects: ["payments-prod"] } },
  rules: [
    {
      name: "api",
      evidence: { gcp_iit: { project_id: "payments-prod" } },
      spiffe_id: "/api",
      jwt: { ttl: "10m", audiences: ["https://orders.example.org"] },
    },
  ],
};

describe.skipIf(needs.absent)(`the ceremony of keys on a SoftHSM token${needs.note}`, () => {
  const stack = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), "svidmint-token-"));
  let hsm: SoftHsm;
  const svidmint = svidmintIn(folder, () => ({
    ...hsm.env,
    TOKEN_PIN: PIN,
    NODE_PATH: dirname(packageFolder(needs.path("pkcs11js"))),
  }));
  const file = (name: string) => readFile(join(folder, name), "utf8");

  beforeAll(async () => {
    hsm = stack.use(
      await softHsm({ softhsm2: needs.path("softhsm2"), "pkcs11-tool": needs.path("pkcs11-tool") }),
    );
    const wrapping = await hsm.generate("wrap", "01", "rsa:2048");
    await writeFile(join(folder, "wrap.pub"), wrapping.export({ format: "pem", type: "spki" }));
    await writeFile(join(folder, "svidmint.yaml"), JSON.stringify(CONFIG));
    const settings = { module: MODULE, token: "svidmint", key: "wrap", pin: "env:TOKEN_PIN" };
    await writeFile(join(folder, "token.yaml"), JSON.stringify({ ...settings, oaep_hash: "sha1" }));
  });
  afterAll(async () => {
    await stack.disposeAsync();
    await rm(folder, { recursive: true });
  });

  it("wraps a JWT key by the public half of the token's key, which then unwraps it", async () => {
    const names = ["--id", "jwt-1", "--mode", "wrapped", "--out", "jwt-1.yaml"];
    const token = ["--backend", "pkcs11", "--settings", "token.yaml", "--wrapping-key", "wrap.pub"];
    const made = await svidmint("keys", "create", "jwt", ...names, ...token);
    expect(made.code).toBe(0);
    const jwt = parse(await file("jwt-1.yaml"));
    expect(jwt).toMatchObject([{ backend: "pkcs11", mode: "wrapped", key: "wrap" }]);
    await writeFile(join(folder, "svidmint.yaml"), JSON.stringify({ ...CONFIG, keys: { jwt } }));
    const verified = await svidmint("keys", "verify", "--json");
    expect(JSON.parse(verified.stdout)).toMatchObject({
      ok: true,
      keys: [{ id: "jwt-1", message: "unwraps to the configured key" }],
    });
    expect(made.stdout + made.stderr + verified.stdout).not.toContain(PIN);
  });

  it("tells a key that another key wrapped", async () => {
    const other = await hsm.generate("other", "02", "rsa:2048");
    expect(other.asymmetricKeyType).toBe("rsa");
    const text = (await file("svidmint.yaml")).replace('"key":"wrap"', '"key":"other"');
    await writeFile(join(folder, "other.yaml"), text);
    const verified = await svidmint("keys", "verify", "--config", "other.yaml");
    expect(verified.code).toBe(1);
    expect(verified.stdout).toMatch(/^(?:wrong|unknown) +jwt jwt-1: /);
  });
});
