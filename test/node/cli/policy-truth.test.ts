import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { json, quickly, temporaryFolders } from "./run.ts";

const folder = temporaryFolders();
const HEAD = `trust_domain: prod.example.org
issuer: https://id.example.org
`;
/** For a key that nobody has. */
const S = `http://127.0.0.1:8443/jkt/${"A".repeat(43)}`;
const GOOD = `${HEAD}evidence: { aws_iid: { accounts: ["111122223333"] } }
single_instance: true
claims: { store: file }
rules:
  - name: vm
    evidence: { aws_iid: { region: "eu-*" } }
    spiffe_id: /vm/{aws_iid.instance_id}
    x509: {}
`;

describe("what svidmint policy says is what the issuer does", () => {
  let cwd = "";
  const put = (name: string, text: string) => writeFile(join(cwd, name), text);
  beforeAll(async () => {
    cwd = await folder();
  });

  it("explain names the evidence that is denied, and says that no rule was asked", async () => {
    await put("denied.yaml", `${GOOD}deny: [{ instance_id: i-0abc }]\n`);
    const input =
      '{"evidence":{"aws_iid":{"account":"111122223333","region":"eu-north-1","instance_id":"i-0abc"}}}';
    const args = ["policy", "explain", "--config", "denied.yaml"];
    const { code, stdout } = await quickly(args, { cwd, input });
    expect(code).toBe(1);
    expect(stdout).toContain("aws_iid: `deny:` has it, so no rule is asked\n");
    expect(stdout).toContain("  vm: would match\n");
    expect(json(await quickly([...args, "--json"], { cwd, input }))).toMatchObject({
      reason: "denied",
      denied: ["aws_iid"],
    });
  });

  it("attest shows a claim that is denied for its form alone, and gives it no value", async () => {
    await quickly(["init"], { cwd });
    const text = await readFile(join(cwd, "svidmint.yaml"), "utf8");
    await put("form.yaml", `${text}\ndeny: [{ evidence: oidc.dev, groups: bad }]\n`);
    const claims = '{"groups":[{"name":"good"}]}';
    const made = await quickly(["evidence", "dev", "--audience", S, "--claims", claims], { cwd });
    const attest = (...more: string[]) =>
      quickly(["attest", "--config", "form.yaml", ...more], { cwd, input: made.stdout });
    const { stdout } = await attest();
    expect(stdout).toMatch(/groups +\(neither text, .*: no rule reads it\)/);
    expect(stdout).toContain("in a form which cannot be compared (svidmint attest shows it)");
    expect(stdout).not.toContain("good");
    const { evidence, policy } = json(await attest("--json"));
    expect(evidence).toEqual([
      expect.objectContaining({ claims: { iss: "urn:svidmint:dev:dev", sub: "app" } }),
    ]);
    expect(policy).toMatchObject({ reason: "denied", denied: ["oidc.dev"] });
  });

  it("test takes no case of claims that tokens of an open issuer never give", async () => {
    await put(
      "open.yaml",
      `${HEAD}evidence: { oidc: { ci: { issuer: "https://ci.example", pin: issuer } } }
rules: [{ name: ci, evidence: { oidc.ci: { sub: "*" } }, spiffe_id: "/ci/{oidc.ci.sub}", x509: {} }]
`,
    );
    for (const [claims, message] of [
      ["aud: x", "oidc.ci never passes aud on"],
      ["attempt: 1.5", "oidc.ci.attempt is no whole number"],
      ['team: ""', "oidc.ci.team is empty"],
    ] as const) {
      await put(
        "never.yaml",
        `- { name: a, evidence: { oidc.ci: { ${claims} } }, expect: refused }\n`,
      ); // oxlint-disable-line no-await-in-loop -- one file
      const ran = await quickly(["policy", "test", "never.yaml", "--config", "open.yaml"], { cwd }); // oxlint-disable-line no-await-in-loop -- the same
      expect(ran).toMatchObject({ code: 2, stdout: "" });
      expect(ran.stderr).toContain(message);
    }
  });

  it("explain takes no claim in a spelling that evidence never has, by which nothing would be denied", async () => {
    await put(
      "spelt.yaml",
      `${GOOD.replace("evidence: {", 'evidence: { azure_msi: { tenants: [6f0c0000-0000-4000-8000-000000000000], audience: "api://x" },')}deny: [{ resource_name: web }]\n`,
    );
    const args = ["policy", "explain", "--config", "spelt.yaml"];
    const of = (name: string) => `{"evidence":{"azure_msi":{"resource_name":"${name}"}}}`;
    const ran = await quickly(args, { cwd, input: of("Web") });
    expect(ran).toMatchObject({ code: 2, stdout: "" });
    expect(ran.stderr).toContain("azure_msi.resource_name is always given in lower case");
    expect((await quickly(args, { cwd, input: of("web") })).stdout).toContain("`deny:` has it");
  });
});
