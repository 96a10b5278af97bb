import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { decodeJwt } from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import { json, quickly, record, svidmint, temporaryFolders } from "./run.ts";

const folder = temporaryFolders();

/** A key set that is well formed, whose private half nobody has. */
function jwksOfNobody(): string {
  const key = {
    kty: "EC",
    crv: "P-256",
    x: "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
    y: "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
    kid: "nobody",
  };
  return `data:;base64,${btoa(JSON.stringify({ keys: [key] }))}`;
}

describe("svidmint evidence dev and attest", () => {
  let cwd = "";
  let jkt = "";
  let evidence = "";
  beforeAll(async () => {
    cwd = await folder();
    await quickly(["init"], { cwd });
    jkt = String(json(await quickly(["key", "new", "--json"], { cwd }))["thumbprint"]);
    evidence = (await svidmint(["evidence", "dev", "--csr", "svid.csr"], { cwd })).stdout;
    await writeFile(join(cwd, "evidence.json"), evidence);
  });

  it("sign evidence that verifies for its key, with the rule that decides", async () => {
    const ran = await svidmint(["attest", "evidence.json", "--json"], { cwd });
    expect(ran).toMatchObject({ code: 0, stderr: "" });
    expect(json(ran)).toMatchObject({
      verified: true,
      evidence: [
        {
          name: "oidc.dev",
          type: "oidc",
          binding: { kind: "key", jkt },
          claims: { sub: "app" },
          generation: 0,
        },
      ],
      key: jkt,
      key_assumed: true,
      policy: {
        granted: true,
        rule: "dev",
        spiffe_id: "spiffe://dev.example.org/dev/app",
        x509: { ttl_seconds: 3600 },
        jwt: { ttl_seconds: 300, audiences: ["https://orders.example.org"] },
        rules: [{ rule: "dev", matches: true, misses: [] }],
      },
    });
  });

  it("say the same in words, from standard input, alone or in an array", async () => {
    const alone = await svidmint(["attest"], { cwd, input: evidence });
    expect(alone).toMatchObject({ code: 0, stderr: "" });
    expect(alone.stdout).toContain("oidc.dev: verified");
    expect(alone.stdout).toContain(`binding         key ${jkt}`);
    expect(alone.stdout).toContain(`as if possession of the key ${jkt} had been proved`);
    expect(alone.stdout).toMatch(/SPIFFE ID +spiffe:\/\/dev\.example\.org\/dev\/app\n/);
    expect((await quickly(["attest", "-"], { cwd, input: `[${evidence}]` })).code).toBe(0);
  });

  it("refuse it for any other key", async () => {
    const ran = await quickly(["attest", "evidence.json", "--jkt", "A".repeat(43), "--json"], {
      cwd,
    });
    expect(ran.code).toBe(1);
    expect(json(ran)).toMatchObject({
      verified: false,
      reason: "binding_mismatch",
      code: "evidence_rejected",
    });
    expect(json(ran)["fix"]).toMatch(/evidence for S/);
    expect(await quickly(["attest", "evidence.json", "--jkt", jkt], { cwd })).toMatchObject({
      code: 0,
    });
  });

  it("take the clock that --at gives", async () => {
    const later = new Date(Date.now() + 3_600_000).toISOString();
    const ran = await quickly(["attest", "evidence.json", "--at", later], { cwd });
    expect(ran).toMatchObject({ code: 1, stderr: "" });
    expect(ran.stdout).toMatch(/^refused: evidence_expired/);
    expect(ran.stdout).toMatch(/fix +\S/);
    const before = await quickly(["attest", "evidence.json", "--json", "--at", "1700000000"], {
      cwd,
    });
    expect(json(before)).toMatchObject({ at: 1_700_000_000, reason: "evidence_not_yet_valid" });
  });

  it("say for each rule why it does not match, and exit with 0 all the same", async () => {
    const config = `trust_domain: dev.example.org
issuer: http://127.0.0.1:8443
evidence:
  oidc:
    dev: { dev: true, pin: issuer, jwks: file:.svidmint/dev.jwks }
rules:
  - { name: other, evidence: { oidc.dev: { sub: "api-*" } }, spiffe_id: "/x/{oidc.dev.sub}", x509: {} }
  - { name: claim, evidence: { oidc.dev: { sub: app, team: blue } }, spiffe_id: /blue, x509: {} }
`;
    await writeFile(join(cwd, "strict.yaml"), config);
    const ran = await svidmint(["attest", "evidence.json", "--config", "strict.yaml"], { cwd });
    expect(ran).toMatchObject({ code: 0, stderr: "" });
    expect(ran.stdout).toContain("no identity: no_rule_matches");
    expect(ran.stdout).toMatch(
      /other: does not match\n +oidc\.dev\.sub is "app"; expected "api-\*"/,
    );
    expect(ran.stdout).toMatch(
      /claim: does not match\n +oidc\.dev\.team is absent; expected "blue"/,
    );
  });

  it("bind to S, to a private key, or to nobody, and carry claims", async () => {
    const token = async (...args: string[]) => {
      const ran = await quickly(["evidence", "dev", "--bare", ...args], { cwd });
      return decodeJwt(ran.stdout.trim());
    };
    const s = `http://127.0.0.1:8443/jkt/${jkt}`;
    expect(await token("--key", "svid.key")).toMatchObject({
      aud: s,
      sub: "app",
      iss: "urn:svidmint:dev:dev",
    });
    expect(
      await token("--audience", s, "--sub", "api", "--claims", '{"team":"blue"}'),
    ).toMatchObject({
      aud: s,
      sub: "api",
      team: "blue",
    });
    expect(await token("--audience", "http://127.0.0.1:8443")).toMatchObject({
      aud: "http://127.0.0.1:8443",
    });
  });

  it.for([
    [],
    ["--csr", "svid.csr", "--key", "svid.key"],
    ["--csr", "svid.key"],
    ["--key", "svid.csr"],
    ["--csr", "missing.csr"],
    ["--audience", "two words"],
    ["--audience", "http://127.0.0.1:8443", "--csr", "svid.csr"],
    ["--csr", "svid.csr", "--entry", "nobody"],
    ["--csr", "svid.csr", "--claims", "nonsense"],
    ["--csr", "svid.csr", "--claims", '{"aud":"x"}'],
    ["--csr", "svid.csr", "--config", "missing.yaml"],
  ])("evidence dev %j is wrong usage", async (args) => {
    const ran = await quickly(["evidence", "dev", ...args], { cwd });
    expect(ran).toMatchObject({ code: 2, stdout: "" });
    expect(ran.stderr).toMatch(/^svidmint: (?!unexpected)/);
  });

  it.for<[string, string | Uint8Array, string]>([
    ["nothing", "", "body_not_json"],
    [
      "binary",
      Uint8Array.from({ length: 2048 }, (_, index) => (index * 37) % 256),
      "body_not_json",
    ],
    ["text", "hello", "body_not_json"],
    ["a number", "1", "body_schema"],
    ["null", "null", "body_schema"],
    ["an empty array", "[]", "body_schema"],
    ["no type", '{"token":"x"}', "body_schema"],
    ["a type that is no text", '{"type":1}', "body_schema"],
    [
      "a type that is not configured",
      '{"type":"aws_iid","rsa2048":"AAAA"}',
      "evidence_type_not_configured",
    ],
    ["an inherited name for a type", '{"type":"__proto__"}', "evidence_type_not_configured"],
    ["an unknown member", '{"type":"oidc","token":"a.b.c","more":1}', "body_schema"],
    [
      "an unknown member that schemas pass over",
      '{"type":"oidc","token":"a.b.c","__proto__":{}}',
      "body_schema",
    ],
    ["no token", '{"type":"oidc"}', "body_schema"],
    ["two members of one name", '{"type":"oidc","token":"a.b.c","token":"a.b.c"}', "body_not_json"],
    ["a broken token", '{"type":"oidc","token":"a.b.c"}', "encoding_invalid"],
    [
      "a long token",
      JSON.stringify({ type: "oidc", token: "a".repeat(20_000) }),
      "evidence_too_large",
    ],
    ["five pieces", `[${Array(5).fill('{"type":"oidc","token":"a.b.c"}').join()}]`, "body_schema"],
    ["a byte order mark", '\uFEFF{"type":"oidc","token":"a.b.c"}', "body_not_json"],
    ["deep nesting", "[".repeat(60_000), "body_not_json"],
    [
      "more than a request may have",
      JSON.stringify({ type: "oidc", token: "a".repeat(70_000) }),
      "body_too_large",
    ],
    [
      "more than any file that is read",
      JSON.stringify({ type: "oidc", token: "a".repeat(5_000_000) }),
      "body_too_large",
    ],
  ])("attest refuses %s", async ([, input, reason]) => {
    const ran = await quickly(["attest", "--json"], { cwd, input });
    expect(ran).toMatchObject({ code: 1, stderr: "" });
    expect(json(ran)).toMatchObject({ verified: false, reason });
  });

  it("needs no key of the issuer and no claim store, and neither makes nor asks for any", async () => {
    const bare = await folder();
    const config = `trust_domain: prod.example.org
issuer: https://id.example.org
evidence:
  azure_msi: { tenants: [6f0c2d1e-7a3b-4c5d-8e9f-0a1b2c3d4e5f], audience: "api://own", jwks: "${jwksOfNobody()}" }
keys: { jwt: [{ id: a, backend: local, private_key: "file:nowhere.key", published_at: 2026-01-01T00:00:00Z }] }
rules:
  - { name: any, evidence: { azure_msi: { resource_group: "*" } }, keys_per_token: 1, spiffe_id: "/x/{azure_msi.resource_name}", jwt: { audiences: [x] } }
`;
    await writeFile(join(bare, "svidmint.yaml"), config);
    const ran = await quickly(["attest", "--json"], {
      cwd: bare,
      input: '{"type":"azure_msi","token":"a.b.c"}',
    });
    expect(ran).toMatchObject({ code: 1, stderr: "" });
    expect(json(ran)).toMatchObject({ verified: false, code: "evidence_rejected" });
    expect(await readdir(bare)).toEqual(["svidmint.yaml"]);
    // Whoever serves it is told what is missing.
    const checked = await quickly(["policy", "check"], { cwd: bare });
    expect(checked.code).toBe(2);
    expect(checked.stdout).toContain("needs a claim store");
  });

  it("refuses the same evidence twice", async () => {
    const ran = await quickly(["attest", "--json"], { cwd, input: `[${evidence},${evidence}]` });
    expect(ran.code).toBe(1);
  });

  it.for([
    [["attest", "missing.json"], /there is no such file/],
    [["attest", "."], /folder/],
    [["attest", "evidence.json", "--config", "missing.yaml"], /missing\.yaml/],
    [["attest", "evidence.json", "--config", "svid.key"], /svid\.key/],
    [["attest", "evidence.json", "--at", "yesterday"], /RFC 3339/],
    [["attest", "evidence.json", "--at", "2026-02-30T00:00:00Z"], /RFC 3339/],
    [["attest", "evidence.json", "--at", "2026-01-01"], /RFC 3339/],
    [["attest", "evidence.json", "--at=-5"], /RFC 3339/],
    [["attest", "evidence.json", "--jkt", "short"], /thumbprint/],
    [["attest", "evidence.json", "evidence.json"], /unexpected argument/],
    [["attest", "evidence.json", "--jsn"], /unknown option/],
  ] as const)("%j is wrong usage or configuration", async ([args, message]) => {
    const ran = await quickly(args, { cwd });
    expect(ran).toMatchObject({ code: 2, stdout: "" });
    expect(ran.stderr).toMatch(message);
  });

  it("never prints the evidence, whatever comes of it", async () => {
    const token = String(record(evidence)["token"]);
    const [, payload = "", signature = ""] = token.split(".");
    for (const args of [
      ["attest"],
      ["attest", "--json"],
      ["attest", "--at", "1"],
      ["policy", "explain"],
    ]) {
      const ran = await quickly(args, { cwd, input: evidence });
      expect(ran.stdout + ran.stderr).not.toContain(payload);
      expect(ran.stdout + ran.stderr).not.toContain(signature);
    }
  });
});
