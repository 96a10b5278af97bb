import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { json, quickly, svidmint, temporaryFolders } from "./run.ts";

const folder = temporaryFolders();

const GOOD = `trust_domain: prod.example.org
issuer: https://id.example.org
evidence:
  aws_iid: { accounts: ["111122223333"] }
  gcp_iit: { projects: [payments-prod] }
single_instance: true
claims: { store: file }
rules:
  - name: vm
    evidence: { aws_iid: { region: "eu-*" } }
    spiffe_id: /vm/{aws_iid.instance_id}
    x509: { ttl: 1h }
  - name: payments
    evidence: { gcp_iit: { kind: instance, instance_name: "payments-*" } }
    spiffe_id: /payments/{gcp_iit.instance_name}
    x509: { ttl: 1h }
    jwt: { ttl: 5m, audiences: ["https://orders.example.org"] }
`;
const CASES = `- name: a machine in Europe
  evidence: { aws_iid: { account: "111122223333", region: eu-central-1, instance_id: i-0abc } }
  expect: /vm/i-0abc
- name: a machine elsewhere
  evidence: { aws_iid: { account: "111122223333", region: us-east-1, instance_id: i-0abc } }
  expect: no_rule_matches
- name: payments
  evidence: { gcp_iit: { kind: instance, project_id: payments-prod, instance_name: payments-1 } }
  expect: spiffe://prod.example.org/payments/payments-1
  rule: payments
- name: a token that names no key
  evidence: { gcp_iit: { kind: instance, project_id: payments-prod, instance_name: payments-1 } }
  binding: { gcp_iit: audience }
  expect: refused
`;

describe("svidmint policy", () => {
  let cwd = "";
  const put = (name: string, text: string) => writeFile(join(cwd, name), text);
  beforeAll(async () => {
    cwd = await folder();
    await put("svidmint.yaml", GOOD);
    await put("cases.yaml", CASES);
  });

  it("check says nothing is wrong", async () => {
    const ran = await svidmint(["policy", "check"], { cwd });
    expect(ran).toMatchObject({ code: 0, stderr: "" });
    expect(json(await quickly(["policy", "check", "--json"], { cwd }))).toMatchObject({
      ok: true,
      issues: [],
    });
  });

  it("check reports everything that is wrong, with line and column", async () => {
    await put(
      "bad.yaml",
      GOOD.replace("trust_domain: prod", "trust_domain: PROD")
        .replace("ttl: 5m", "ttl: 5 minutes")
        .replace("name: vm", "nam: vm")
        .replace("audiences:", "audience:"),
    );
    const ran = await quickly(["policy", "check", "--config", "bad.yaml"], { cwd });
    expect(ran.code).toBe(2);
    expect(ran.stdout).toMatch(/^bad\.yaml:1:\d+: error: .*trust domain/m);
    expect(ran.stdout).toMatch(/^bad\.yaml:9:\d+: error: /m);
    expect(ran.stdout).toMatch(/^bad\.yaml:17:\d+: error: /m);
    const issues = json(
      await quickly(["policy", "check", "--config", "bad.yaml", "--json"], { cwd }),
    )["issues"];
    expect(issues).toContainEqual(
      expect.objectContaining({
        file: "bad.yaml",
        line: 1,
        severity: "error",
        path: "trust_domain",
      }),
    );
  });

  it("check says what is expected, in plain ASCII", async () => {
    const regions = `{ XX: { partition: aws, rsa2048: "file:x.pem" } }`;
    await put(
      "odd.yaml",
      `${GOOD.replace('["111122223333"]', `["111122223333"], regions: ${regions}`)}keys: { jwt: [{ id: a, backend: local, private_key: secret }] }\n`,
    );
    await put(
      "data.yaml",
      GOOD.replace("[payments-prod]", '[payments-prod], jwks: "data:application/json,{}"'),
    );
    const data = await quickly(["policy", "check", "--config", "data.yaml"], { cwd });
    expect(data.stdout).toContain("jwks: a reference starts with file:, env: or data:;base64,");
    const { stdout } = await quickly(["policy", "check", "--config", "odd.yaml"], { cwd });
    expect(stdout).toContain("regions.XX: expected the name of a region, such as eu-central-1");
    expect(stdout).toContain("private_key: must be file:... or env:...");
    const found = await quickly(["doctor", "--config", "odd.yaml"], { cwd });
    expect(found.stdout).toContain("private_key: must be file:... or env:...");
  });

  it("check warns of a rule that can never win, and exits with 0", async () => {
    await put(
      "shadow.yaml",
      `${GOOD}  - { name: never, evidence: { aws_iid: { region: eu-west-1 } }, spiffe_id: "/vm/{aws_iid.instance_id}", x509: {} }\n`,
    );
    const ran = await quickly(["policy", "check", "--config", "shadow.yaml"], { cwd });
    expect(ran.code).toBe(0);
    expect(ran.stdout).toMatch(/^shadow\.yaml:18:\d+: warning: /m);
  });

  it.for<[string, string | Uint8Array]>([
    ["nothing", ""],
    ["a list", "- 1\n"],
    ["text", "hello"],
    ["binary", Uint8Array.from({ length: 999 }, (_, index) => (index * 91) % 256)],
    ["two documents", `${GOOD}---\n${GOOD}`],
    ["a key twice", `${GOOD}issuer: https://other.example.org\n`],
    ["unknown keys", `${GOOD}keyz: 1\n`],
    ["broken YAML", "rules: [\n"],
    [
      "a bomb of aliases",
      `a: &a [x,x,x,x,x,x,x,x,x]\n${Array.from({ length: 12 }, (_, level) => `b${level}: &b${level} [*${level === 0 ? "a" : `b${level - 1}`},*${level === 0 ? "a" : `b${level - 1}`},*${level === 0 ? "a" : `b${level - 1}`},*${level === 0 ? "a" : `b${level - 1}`},*${level === 0 ? "a" : `b${level - 1}`},*${level === 0 ? "a" : `b${level - 1}`}]`).join("\n")}\n`,
    ],
    ["megabytes", `# ${"x".repeat(5_000_000)}\n`],
    [
      "an escape sequence",
      GOOD.replace("trust_domain: prod.example.org", 'trust_domain: "\\e[2J"'),
    ],
  ])("check refuses %s with exit code 2 and no fault", async ([, content]) => {
    await writeFile(join(cwd, "hostile.yaml"), content);
    const ran = await quickly(["policy", "check", "--config", "hostile.yaml"], { cwd });
    expect(ran.code).toBe(2);
    expect(ran.stdout + ran.stderr).not.toContain("unexpected fault");
    expect((ran.stdout + ran.stderr).length).toBeLessThan(20_000);
    expect((ran.stdout + ran.stderr).length).toBeGreaterThan(10);
    // oxlint-disable-next-line no-control-regex -- that there are none is the point
    expect(ran.stdout + ran.stderr).not.toMatch(/[^\n\x20-\x7e]/);
  });

  it("test puts cases before the rules", async () => {
    const ran = await svidmint(["policy", "test", "cases.yaml"], { cwd });
    expect(ran).toMatchObject({ code: 0, stderr: "" });
    expect(ran.stdout).toContain("4 as expected, 0 not");
    await put("wrong.yaml", CASES.replace("/vm/i-0abc", "/vm/i-0abd"));
    const failed = await quickly(["policy", "test", "wrong.yaml", "--json"], { cwd });
    expect(failed.code).toBe(1);
    expect(json(failed)).toMatchObject({
      passed: 3,
      failed: 1,
      cases: [
        {
          name: "a machine in Europe",
          passed: false,
          expected: "/vm/i-0abd",
          actual: "spiffe://prod.example.org/vm/i-0abc",
          rule: "vm",
        },
        {},
        {},
        {},
      ],
    });
  });

  it.for([
    [
      "a misspelt claim",
      CASES.replace("region: eu-central-1", "regoin: eu-central-1"),
      'has no claim "regoin"',
    ],
    [
      "evidence that is not configured",
      CASES.replace("gcp_iit: { kind", "azure_msi: { kind"),
      "not configured",
    ],
    [
      "a text that no evidence has",
      CASES.replace("region: eu-central-1", 'region: ""'),
      "aws_iid.region is empty",
    ],
    ["a number for a text", CASES.replace('"111122223333"', "111122223333"), "put it in quotes"],
    [
      "a binding that cannot be",
      CASES.replace("gcp_iit: audience", "gcp_iit: none"),
      "never has the binding none",
    ],
    [
      "an unknown expectation",
      CASES.replace("no_rule_matches", "no_rule"),
      "expect: expected a SPIFFE ID, its path, refused, or a reason",
    ],
    ["an unknown member", `${CASES}  expects: x\n`, "expects"],
    ["no cases", "[]\n", "at least 1"],
    ["an object", "a: 1\n", "must be array"],
  ] as const)("test takes %s for wrong usage", async ([, text, message]) => {
    await put("hostile-cases.yaml", text);
    const ran = await quickly(["policy", "test", "hostile-cases.yaml"], { cwd });
    expect(ran).toMatchObject({ code: 2, stdout: "" });
    expect(ran.stderr).toContain(message);
  });

  it("explain says who gets what, and why not", async () => {
    const europe =
      '{"evidence":{"aws_iid":{"account":"111122223333","region":"eu-north-1","instance_id":"i-0abc"}}}';
    const ran = await svidmint(["policy", "explain"], { cwd, input: europe });
    expect(ran).toMatchObject({ code: 0, stderr: "" });
    expect(ran.stdout).toMatch(/SPIFFE ID +spiffe:\/\/prod\.example\.org\/vm\/i-0abc/);
    expect(ran.stdout).toMatch(/first use +decided by the claim store for aws_iid/);
    expect(ran.stdout).toMatch(/payments: does not match\n +gcp_iit was not handed in/);
    const elsewhere = await quickly(["policy", "explain", "--json"], {
      cwd,
      input: europe.replace("eu-north-1", "us-east-1"),
    });
    expect(elsewhere.code).toBe(1);
    expect(json(elsewhere)).toMatchObject({
      granted: false,
      reason: "no_rule_matches",
      rules: [
        { rule: "vm", matches: false, misses: [{ factor: "aws_iid", claim: "region" }] },
        { rule: "payments", matches: false },
      ],
    });
    const another = await quickly(
      ["policy", "explain", "--spiffe-id", "spiffe://prod.example.org/vm/other"],
      { cwd, input: europe },
    );
    expect(another.code).toBe(1);
    expect(another.stdout).toContain("spiffe_id_not_granted");
    const template = await quickly(["policy", "explain"], {
      cwd,
      input: europe.replace("i-0abc", "../root"),
    });
    expect(template.code).toBe(1);
    expect(template.stdout).toContain("template_value_illegal");
  });

  it("explain names every kind that is given, and until when a document can be claimed", async () => {
    await put("wit.yaml", GOOD.replace("x509: { ttl: 1h }", "wit: { ttl: 2h }"));
    const input =
      '{"evidence":{"aws_iid":{"account":"111122223333","region":"eu-north-1","instance_id":"i-0abc"}},"age_seconds":86400}';
    const args = ["policy", "explain", "--config", "wit.yaml", "--at", "2026-11-22T10:00:00Z"];
    const { stdout } = await quickly(args, { cwd, input });
    expect(stdout).toMatch(/x509 +not given\n +jwt +not given\n +wit +up to 2 h\n/);
    expect(stdout).toMatch(/first claim +of aws_iid until 2026-11-21T10:15:00Z; /);
    expect(json(await quickly([...args, "--json"], { cwd, input }))).toMatchObject({
      wit: { ttl_seconds: 7200 },
      needs_claim: ["aws_iid"],
      first_claim_until: { aws_iid: Date.parse("2026-11-21T10:15:00Z") / 1000 },
    });
  });

  it.for([
    '{"evidence":{"aws_iid":{"acount":"111122223333"}}}',
    '{"evidence":{"aws_iid":"x"}}',
    '{"evidence":{"__proto__":{"a":"b"}}}',
    '{"evidence":{"nobody":{}}}',
    '{"evidence":{"aws_iid":{}},"more":1}',
  ])("explain takes %s for wrong usage", async (input) => {
    const ran = await quickly(["policy", "explain"], { cwd, input });
    expect(ran).toMatchObject({ code: 2, stdout: "" });
    expect(ran.stderr).not.toContain("unexpected fault");
  });

  it("diff says what changed, rule by rule and for whom", async () => {
    expect(
      await svidmint(["policy", "diff", "svidmint.yaml", "svidmint.yaml"], { cwd }),
    ).toMatchObject({ code: 0, stdout: "nothing differs\n" });
    const [head, first = "", second = ""] = GOOD.split(/(?= {2}- name)/);
    await put(
      "new.yaml",
      `${head}${second.replace("ttl: 5m", "ttl: 10m")}${first.replace('"eu-*"', '"us-*"')}`,
    );
    const ran = await quickly(
      ["policy", "diff", "svidmint.yaml", "new.yaml", "--cases", "cases.yaml"],
      { cwd },
    );
    expect(ran).toMatchObject({ code: 1, stderr: "" });
    expect(ran.stdout).toContain('~ rules.payments.jwt.ttl: "5m" -> "10m"\n');
    expect(ran.stdout).toContain('~ rules.vm.evidence.aws_iid.region: "eu-*" -> "us-*"\n');
    expect(ran.stdout).toContain("~ rules.vm moved\n");
    expect(ran.stdout).toContain(
      "case a machine in Europe: spiffe://prod.example.org/vm/i-0abc (x509 3600 s) -> refused (no_rule_matches)",
    );
    expect(ran.stdout).not.toContain("case a token that names no key");
    await put("less.yaml", `${head}${second}`);
    const less = await quickly(["policy", "diff", "svidmint.yaml", "less.yaml", "--json"], {
      cwd,
    });
    expect(json(less)).toEqual({ changes: [{ what: "rules.vm", change: "removed" }] });
  });
});
