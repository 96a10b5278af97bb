import { mkdtempSync } from "node:fs";
import { readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import * as z from "zod/mini";
import { startVault, type Vault } from "../../scripts/interop/vault.ts";
import { counterparts } from "./support/counterparts.ts";
import { svidmintIn } from "./support/cli.ts";
import { writePolicy } from "./support/vault.ts";

const needs = counterparts("vault");
const tokenSchema = z.object({ auth: z.object({ client_token: z.string() }) });
const BASE = {
  trust_domain: "prod.example.org",
  issuer: "https://id.example.org",
  evidence: { gcp_iit: { projects: ["payments-prod"] } },
  rules: [
    {
      name: "api",
      evidence: { gcp_iit: { project_id: "payments-prod" } },
      spiffe_id: "/api",
      x509: { ttl: "1h" },
      jwt: { ttl: "10m", audiences: ["https://orders.example.org"] },
    },
  ],
};

describe.skipIf(needs.absent)(`the ceremony of keys in the real Vault${needs.note}`, () => {
  const stack = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), "svidmint-vault-"));
  let vault: Vault;
  let token: string;
  const svidmint = svidmintIn(folder, () => ({ VAULT_TOKEN: token }));
  const file = (name: string) => readFile(join(folder, name), "utf8");

  beforeAll(async () => {
    vault = stack.use(await startVault(needs.path("vault")));
    token = vault.rootToken;
    await vault.call("POST", "sys/mounts/transit", { type: "transit" });
    await writeFile(join(folder, "svidmint.yaml"), JSON.stringify(BASE));
  });
  afterAll(async () => {
    await stack.disposeAsync();
    await rm(folder, { recursive: true });
  });

  it("makes a root and two JWT keys, and finds each to be the configured one", async () => {
    const where = `${vault.url}/v1/transit`;
    const keys: Record<string, unknown[]> = { x509: [], jwt: [] };
    for (const [use, id, mode, type] of [
      ["x509", "root-1", "delegated", "p384"],
      ["jwt", "jwt-1", "direct", "rsa2048"],
      ["jwt", "jwt-2", "wrapped", "p256"],
    ] as const) {
      const options = ["--backend", "vault_transit", "--where", where, "--create"];
      const names = ["--id", id, "--mode", mode, "--type", type, "--out", `${id}.yaml`];
      const made = await svidmint("keys", "create", use, ...names, ...options); // oxlint-disable-line no-await-in-loop -- in order
      expect(made.stderr).toContain("made in Vault");
      expect(made.code).toBe(0);
      keys[use]?.push(...parse(await file(`${id}.yaml`))); // oxlint-disable-line no-await-in-loop -- in order
    }
    const signed = await svidmint("ca", "init", "root-1.ca.yaml", "--out", "root-1.pem");
    expect(signed).toMatchObject({ code: 0, stderr: "" });
    await writeFile(join(folder, "svidmint.yaml"), JSON.stringify({ ...BASE, keys }));
    const verified = await svidmint("keys", "verify", "--sign", "--json");
    expect(JSON.parse(verified.stdout)).toMatchObject({ ok: true, keys: [{}, {}, {}] });
  });

  it("does not take a key that is there for a new one", async () => {
    const options = ["--backend", "vault_transit", "--where", `${vault.url}/v1/transit`];
    const names = ["--id", "jwt-1", "--force", "--create"];
    const made = await svidmint("keys", "create", "jwt", ...names, ...options);
    expect(made.code).toBe(2);
    expect(made.stderr).toContain("is there already");
  });

  it("finds an issuer's token good that may do its part, and warns of one that may more", async () => {
    const parts = ["transit/sign/root-1", "transit/sign/jwt-1", "transit/decrypt/jwt-2"];
    await writePolicy(vault, "issuer", [...parts, "sys/capabilities-self"]);
    const least = await vault.call("POST", "auth/token/create", {
      policies: ["issuer"],
      no_default_policy: true,
    });
    token = tokenSchema.parse(least).auth.client_token;
    const lean = await svidmint("doctor", "--sign", "--json");
    const of = (text: string, check: string): { severity: string; message: string }[] =>
      JSON.parse(text).findings.filter((finding: { check: string }) => finding.check === check);
    expect(of(lean.stdout, "keys in services").map(({ severity }) => severity)).toEqual([
      "good",
      "good",
      "good",
    ]);
    expect(of(lean.stdout, "permissions").map(({ severity }) => severity)).toEqual([
      "good",
      "good",
      "good",
    ]);
    expect(lean.code).toBe(0);
    const without = await svidmint("keys", "verify", "--json");
    expect(JSON.parse(without.stdout)).toMatchObject({
      ok: false,
      keys: [
        { result: "unknown", message: expect.stringContaining("--sign") },
        {},
        { result: "good" },
      ],
    });
    token = vault.rootToken;
    const rich = await svidmint("doctor", "--sign", "--json");
    expect(of(rich.stdout, "permissions")[0]).toMatchObject({
      severity: "warning",
      message: expect.stringContaining("root on transit/keys/root-1"),
    });
  });
});
