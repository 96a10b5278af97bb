import { describe, expect, it } from "vitest";
import { A, B, compile, errorsOf, FACTORS, type Json, rule, warningsOf } from "./fixtures.ts";

const iid = (account: unknown, spiffe_id: string, parts: Json = {}): Json =>
  rule({ name: `r${counter++}`, evidence: { aws_iid: { account } }, spiffe_id, ...parts });
let counter = 0;

/** Two customers could get one SPIFFE ID. */
const CONFLICTS: readonly [name: string, rules: Json[]][] = [
  ["two rules, one path", [iid(A, "/web"), iid(B, "/web")]],
  [
    "two rules, one template",
    [iid(A, "/vm/{aws_iid.instance_id}"), iid(B, "/vm/{aws_iid.instance_id}")],
  ],
  [
    "a literal that a template can make",
    [iid(A, "/vm/{aws_iid.instance_id}"), iid(B, "/vm/i-0abc")],
  ],
  ["two claims that can be equal", [iid(A, "/{aws_iid.region}"), iid(B, "/{aws_iid.image_id}")]],
  ["templates that meet crosswise", [iid(A, "/a/{aws_iid.region}"), iid(B, "/{aws_iid.region}/b")]],
  [
    "prefixes that contain each other",
    [iid(A, "/x-{aws_iid.region}"), iid(B, "/x-y-{aws_iid.region}")],
  ],
  ["prefix against suffix", [iid(A, "/x{aws_iid.region}"), iid(B, "/{aws_iid.region}y")]],
  ["a list without the pin in the path", [iid([A, B], "/web")]],
  ["a list with another claim in the path", [iid([A, B], "/{aws_iid.instance_id}")]],
  ["a list against one of its values", [iid([A, B], "/x/{aws_iid.account}"), iid(A, `/x/${B}`)]],
  ["one of the two says shared_id", [iid(A, "/web", { shared_id: true }), iid(B, "/web")]],
  ["the other says shared_id", [iid(A, "/web"), iid(B, "/web", { shared_id: true })]],
  [
    "the third does not say shared_id",
    [
      iid(A, "/web", { shared_id: true }),
      iid(B, "/web", { shared_id: true }),
      rule({ name: "z", evidence: { "oidc.dev": { sub: "x" } }, spiffe_id: "/web" }),
    ],
  ],
  [
    "another evidence type",
    [
      iid(A, "/web"),
      rule({
        name: "w",
        evidence: { aws_web_identity: { account: A, lambda_function: "f" } },
        spiffe_id: "/web",
      }),
    ],
  ],
  [
    "another entry",
    [
      rule({ name: "d", evidence: { "oidc.dev": { sub: "x" } }, spiffe_id: "/ci" }),
      rule({
        name: "g",
        evidence: { "oidc.github": { repository_owner_id: "9" } },
        spiffe_id: "/ci",
      }),
    ],
  ],
  [
    "another kind",
    [
      rule({ name: "i", evidence: { gcp_iit: { kind: "instance" } }, spiffe_id: "/g" }),
      rule({
        name: "s",
        evidence: { gcp_iit: { kind: "service_account", sub: "1001" } },
        spiffe_id: "/g",
      }),
    ],
  ],
  [
    "globs that meet",
    [
      rule({
        name: "a",
        evidence: { aws_iid: { account: A, region: "eu-*" } },
        spiffe_id: "/{aws_iid.region}",
      }),
      rule({
        name: "b",
        evidence: { aws_iid: { account: B, region: "*-1" } },
        spiffe_id: "/{aws_iid.region}",
      }),
    ],
  ],
  [
    "a glob against a value",
    [
      rule({
        name: "a",
        evidence: { aws_iid: { account: A, region: "eu-*" } },
        spiffe_id: "/{aws_iid.region}",
      }),
      rule({
        name: "b",
        evidence: { aws_iid: { account: B, region: ["us-1", "eu-1"] } },
        spiffe_id: "/{aws_iid.region}",
      }),
    ],
  ],
  [
    "two pins, one in the path",
    [
      rule({
        name: "j",
        evidence: { aws_iid: { account: [A, B] }, azure_msi: { tenant: ["t1", "t2"] } },
        join: [["aws_iid.account", "azure_msi.subscription"]],
        keys_per_token: 1,
        spiffe_id: "/{aws_iid.account}",
      }),
    ],
  ],
];

/** Nobody can: the same customer, or paths that never meet. */
const SOUND: readonly [name: string, rules: Json[]][] = [
  ["the same customer twice", [iid(A, "/web"), iid(A, "/web"), iid(A, "/{aws_iid.region}")]],
  ["different paths", [iid(A, "/a"), iid(B, "/b")]],
  ["different lengths", [iid(A, "/{aws_iid.region}"), iid(B, "/{aws_iid.region}/x")]],
  ["literals that part them", [iid(A, "/a/{aws_iid.region}"), iid(B, "/b/{aws_iid.region}")]],
  ["prefixes that part them", [iid(A, "/a-{aws_iid.region}"), iid(B, "/b-{aws_iid.region}")]],
  ["suffixes that part them", [iid(A, "/{aws_iid.region}-a"), iid(B, "/{aws_iid.region}-b")]],
  [
    "a literal too short for the template",
    [iid(A, "/ab{aws_iid.region}ba"), iid(B, "/aba"), iid(B, "/abba")],
  ],
  [
    "the pin in both paths",
    [iid(A, "/{aws_iid.account}/{aws_iid.region}"), iid(B, "/{aws_iid.account}/{aws_iid.region}")],
  ],
  ["a list with its pin in the path", [iid([A, B], "/{aws_iid.account}/web")]],
  [
    "two lists with the pin in the path",
    [iid([A, B], "/{aws_iid.account}"), iid([B, A], "/{aws_iid.account}")],
  ],
  [
    "all say shared_id",
    [iid([A, B], "/web", { shared_id: true }), iid(B, "/web", { shared_id: true })],
  ],
  [
    "values that part them",
    [
      rule({
        name: "a",
        evidence: { aws_iid: { account: A, region: ["eu-1", "eu-2"] } },
        spiffe_id: "/{aws_iid.region}",
      }),
      rule({
        name: "b",
        evidence: { aws_iid: { account: B, region: "us-1" } },
        spiffe_id: "/{aws_iid.region}",
      }),
    ],
  ],
  [
    "globs that part them",
    [
      rule({
        name: "a",
        evidence: { aws_iid: { account: A, region: "eu-*" } },
        spiffe_id: "/{aws_iid.region}",
      }),
      rule({
        name: "b",
        evidence: { aws_iid: { account: B, region: "us-*" } },
        spiffe_id: "/{aws_iid.region}",
      }),
    ],
  ],
  [
    "a joined claim in place of the pin",
    [
      rule({
        evidence: { aws_iid: { account: [A, B] }, azure_msi: { tenant: "t1" } },
        join: [["aws_iid.account", "azure_msi.subscription"]],
        keys_per_token: 1,
        spiffe_id: "/{azure_msi.subscription}",
      }),
    ],
  ],
  [
    "a factor that names no customer beside the same pin",
    [
      iid(A, "/web"),
      rule({
        name: "t",
        evidence: { aws_iid: { account: A }, nitro_tpm: {} },
        join: [["nitro_tpm.instance_arn", "aws_iid.instance_arn"]],
        spiffe_id: "/web",
      }),
    ],
  ],
];

describe("one SPIFFE ID, one customer", () => {
  it.each(CONFLICTS)("refuses: %s", (_name, rules) => {
    expect(
      errorsOf(compile(rules).issues).filter((line) => line.includes("shared_id: true")),
    ).toHaveLength(1);
    const reversed = compile(rules.toReversed());
    expect(reversed.policy, "in any order").toBeUndefined();
  });

  it.each(CONFLICTS)("takes when every rule says shared_id: %s", (_name, rules) => {
    expect(errorsOf(compile(rules.map((one) => ({ ...one, shared_id: true }))).issues)).toEqual([]);
  });

  it.each(SOUND)("takes: %s", (_name, rules) => {
    expect(errorsOf(compile(rules).issues)).toEqual([]);
  });

  it("only warns of a rule in audit mode, wherever it stands", () => {
    const rules = [iid(B, "/web", { mode: "audit" }), iid(A, "/web")];
    const { policy, issues } = compile(rules);
    expect(policy).toBeDefined();
    expect(warningsOf(issues).join("\n")).toMatch(
      /rules\.0\.spiffe_id: can give the same SPIFFE ID/,
    );
    const alone = compile([iid([A, B], "/web", { mode: "audit" })]);
    expect(alone.policy).toBeDefined();
    expect(warningsOf(alone.issues).join("\n")).toMatch(/gives one SPIFFE ID to evidence of/);
  });

  it("refuses more combinations of pins than it can look into", () => {
    const many = Array.from({ length: 101 }, (_, n) => `${n}`);
    const factors = FACTORS.map((factor) => ({
      ...factor,
      pins: factor.pins.map((pin) => ({ ...pin, values: many })),
    }));
    const { issues } = compile(
      [
        rule({
          evidence: { aws_iid: { account: many }, azure_msi: { tenant: many } },
          join: [["aws_iid.account", "azure_msi.subscription"]],
          keys_per_token: 1,
          spiffe_id: "/{aws_iid.account}/{azure_msi.tenant}",
        }),
      ],
      undefined,
      {},
      factors,
    );
    expect(errorsOf(issues).join()).toMatch(/more combinations of pins/);
  });
});
