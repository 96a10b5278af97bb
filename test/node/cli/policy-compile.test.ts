import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import * as openers from "../../../src/attestors/openers.ts";
import { openerName } from "../../../src/cli/commands/policy-compile.ts";
import { json, quickly, svidmint, temporaryFolders } from "./run.ts";

const folder = temporaryFolders();
let cwd: string;

function put(name: string, text: string): Promise<void> {
  return writeFile(join(cwd, name), text);
}

beforeAll(async () => {
  cwd = await folder();
});

describe("svidmint policy compile", () => {
  it("writes what runtimes without files take, and never a private key", async () => {
    await quickly(["init", "--dir", "dev"], { cwd });
    const ran = await svidmint(["policy", "compile", "--config", "dev/svidmint.yaml"], { cwd });
    expect(ran).toMatchObject({ code: 0, stderr: "" });
    expect(json(ran)).toMatchObject({
      trust_domain: "dev.example.org",
      evidence: { oidc: { dev: { jwks: expect.stringMatching(/^data:;base64,/) } } },
    });
    await put("dev/compiled.json", ran.stdout);
    expect(
      (await quickly(["policy", "check", "--config", "dev/compiled.json"], { cwd })).code,
    ).toBe(0);
    await put(
      "dev/secret.yaml",
      `trust_domain: dev.example.org
issuer: http://127.0.0.1:8443
evidence: { oidc: { dev: { dev: true, pin: issuer, jwks: file:.svidmint/dev.jwks } } }
keys: { jwt: [{ id: a, backend: local, private_key: file:.svidmint/dev.key, published_at: 2026-01-01T00:00:00Z }] }
rules: []
`,
    );
    const refused = await quickly(["policy", "compile", "--config", "dev/secret.yaml"], { cwd });
    expect(refused).toMatchObject({ code: 2, stdout: "" });
    expect(refused.stderr).toMatch(/secret\.yaml:4:\d+: error: .*private_key: is a secret/);
    expect(refused.stderr).not.toContain("BEGIN");
    const out = ["policy", "compile", "--config", "dev/svidmint.yaml", "--out", "out.json"];
    expect((await quickly(out, { cwd })).code).toBe(0);
    expect(await quickly(out, { cwd })).toMatchObject({ code: 1, stdout: "" });
  });

  it("--for workers writes one line that nothing else takes, and judges what a Worker cannot", async () => {
    await quickly(["init", "--dir", "dev", "--force"], { cwd });
    const source = `trust_domain: prod.example.org
issuer: https://id.example.org
evidence: { oidc: { ci: { issuer: "https://ci.example.org", pin: issuer, jwks: file:.svidmint/dev.jwks } } }
rules: [{ name: ci, evidence: { oidc.ci: {} }, spiffe_id: "/{oidc.ci.sub}", jwt: { audiences: [api] } }]
`;
    const keys = `keys: { jwt: [{ id: a, backend: local, private_key: env:KEY, published_at: 2026-01-01T00:00:00Z }] }\n`;
    await put("dev/worker.yaml", source + keys);
    const compile = ["policy", "compile", "--for", "workers", "--config"];
    const ran = await quickly([...compile, "dev/worker.yaml"], { cwd });
    expect(ran).toMatchObject({ code: 0, stderr: "" });
    expect(ran.stdout.trimEnd()).not.toContain("\n");
    expect(json(ran)).toMatchObject({
      svidmint_compiled: 5,
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      config: {
        evidence: { oidc: { ci: { jwks: expect.stringMatching(/^data:;base64,/) } } },
        keys: {
          x509: [],
          jwt: [{ backend: "local", settings: { private_key: "env:KEY" } }],
          wit: [],
        },
      },
    });
    await put("dev/stored.json", ran.stdout);
    const told = await quickly([...compile, "dev/worker.yaml", "--out", "worker.json"], { cwd });
    expect(told.stderr).toContain("worker({ oidc: openOidc })");
    const checked = await quickly(["policy", "check", "--config", "dev/stored.json"], { cwd });
    expect(checked.code).not.toBe(0);
    await put("dev/keyless.yaml", source);
    const refused = await quickly([...compile, "dev/keyless.yaml"], { cwd });
    expect(refused).toMatchObject({ code: 2, stdout: "" });
    expect(refused.stderr).toMatch(/keyless\.yaml:\d+:\d+: error: keys: required/);
    expect((await quickly([...compile, "dev/worker.yaml", "--for", "mars"], { cwd })).code).toBe(2);
  });

  it("calls every evidence type by the name that the Worker's module exports", () => {
    const { portableOpeners, ...named } = { ...openers };
    const expected = Object.entries(portableOpeners).map(([type, open]) => [
      openerName(type),
      open,
    ]);
    expect(expected.length).toBeGreaterThan(10);
    expect(named).toEqual(Object.fromEntries(expected));
  });
});
