import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { json, quickly, temporaryFolders } from "./run.ts";

const folder = temporaryFolders();
const HEAD = `trust_domain: prod.example.org
issuer: https://id.example.org
`;
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
});
