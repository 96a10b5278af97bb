import { describe, expect, it } from "vitest";
import type { Attestation } from "../../../src/attestation.ts";
import { explain } from "../../../src/policy/explain.ts";
import { checkAudiences } from "../../../src/policy/grants.ts";
import { match, MAX_AUDIT_RULES } from "../../../src/policy/match.ts";
import { A, B, fact, iid, type Json, NOW, policyOf, rule } from "./fixtures.ts";

const decide = (
  rules: Json[],
  facts: Attestation[],
  parts: { spiffeId?: string; deny?: unknown; now?: number } = {},
) => {
  const { deny, ...request } = parts;
  return match(policyOf(rules, deny), facts, { now: NOW, ...request });
};
const reasonOf = (result: ReturnType<typeof decide>) =>
  result.ok ? result.value.spiffeId.uri : result.error.reason;
const web = (claims: Attestation["claims"] = {}, parts: Partial<Attestation> = {}) =>
  fact("aws_web_identity", { account: A, lambda_function: "pay-out", ...claims }, parts);
const webRule = (claims: Json, parts: Json = {}) =>
  rule({ evidence: { aws_web_identity: { account: A, ...claims } }, spiffe_id: "/web", ...parts });

describe("match", () => {
  it("gives the rule's identity, limits and claim", () => {
    const result = decide(
      [rule({ jwt: { ttl: "10m", audiences: ["a", "b"], multiple_audiences: true } })],
      [iid()],
    );
    expect(result).toEqual({
      ok: true,
      value: {
        rule: "r",
        spiffeId: expect.objectContaining({ uri: "spiffe://prod.example.org/vm/i-0abc" }),
        grants: {
          x509: { ttl: 3600, keyTypes: ["p256", "p384", "rsa"] },
          jwt: { ttl: 600, audiences: ["a", "b"], multipleAudiences: true },
          longestTtl: 3600,
        },
        claims: [{ attestation: iid(), createWithin: 900, maxOwners: 1 }],
        auditRules: [],
      },
    });
  });

  it.each<[string, Json, Attestation[]]>([
    ["no evidence", rule(), []],
    ["another account", rule(), [iid({ account: B })]],
    [
      "the claim absent",
      rule({ evidence: { aws_iid: { account: A, image_id: "ami" } }, spiffe_id: "/x" }),
      [iid()],
    ],
    [
      "the claim absent, a star",
      rule({ evidence: { aws_iid: { account: A, image_id: "*" } }, spiffe_id: "/x" }),
      [iid()],
    ],
    ["a number for text", webRule({ lambda_function: "5" }), [web({ lambda_function: 5 })]],
    [
      "text for a number",
      rule({ evidence: { aws_iid: { account: A, pending: 5 } } }),
      [iid({ pending: "5" })],
    ],
    ["the pin as a list", rule(), [iid({ account: [A] })]],
    [
      "the pin as a list under an open entry",
      rule({ evidence: { "oidc.dev": { sub: "a" } }, spiffe_id: "/x" }),
      [fact("oidc.dev", { sub: ["a"] })],
    ],
    [
      "a list for text",
      webRule({ lambda_function: "pay-out" }),
      [web({ lambda_function: ["pay-out"] })],
    ],
    ["no member of the list", webRule({ ou_path: "o/x" }), [web({ ou_path: ["o/y", "o"] })]],
    ["an empty list", webRule({ ou_path: "*" }), [web({ ou_path: [] })]],
    ["text that only looks true", webRule({ mfa: true }), [web({ mfa: "true" })]],
    [
      "a glob across a slash",
      webRule({ lambda_function: "pay-*" }),
      [web({ lambda_function: "pay-/x" })],
    ],
    [
      "a glob across a colon",
      webRule({ lambda_function: "pay-*" }),
      [web({ lambda_function: "pay-:x" })],
    ],
    [
      "a glob is whole",
      webRule({ lambda_function: "pay-*" }),
      [web({ lambda_function: "xpay-a" })],
    ],
    ["case", webRule({ lambda_function: "Pay-Out" }), [web()]],
    ["binding too weak", webRule({}), [web({}, { binding: { kind: "audience" } })]],
    [
      "binding none",
      webRule({}, { binding: { aws_web_identity: "audience" } }),
      [web({}, { binding: { kind: "none" } })],
    ],
    ["another piece", rule(), [web()]],
    ["a piece too many", rule(), [iid(), web()]],
    ["the same piece twice", rule(), [iid(), iid()]],
    [
      "an inherited claim",
      rule({ evidence: { "oidc.dev": { constructor: "*" } }, spiffe_id: "/x" }),
      [fact("oidc.dev", {})],
    ],
  ])("does not match: %s", (_name, one, facts) => {
    expect(reasonOf(decide([one], facts))).toBe("no_rule_matches");
  });

  it.each<[string, Json, Attestation[]]>([
    ["one of a list", webRule({ lambda_function: ["a", "pay-*"] }), [web()]],
    ["a member of a list claim", webRule({ ou_path: "o/x" }), [web({ ou_path: ["o", "o/x"] })]],
    ["a boolean", webRule({ mfa: false }), [web({ mfa: false })]],
    [
      "a number",
      rule({ evidence: { aws_iid: { account: A, pending: [4, 5] } }, spiffe_id: "/web" }),
      [iid({ pending: 5 })],
    ],
    ["an empty run", webRule({ lambda_function: "pay-out*" }), [web()]],
    ["a stronger binding", webRule({}, { binding: { aws_web_identity: "audience" } }), [web()]],
    [
      "any claim of a plain issuer",
      rule({ evidence: { "oidc.dev": { "x.y/z": "v", constructor: "c" } }, spiffe_id: "/web" }),
      [fact("oidc.dev", { "x.y/z": "v", constructor: "c" })],
    ],
    [
      "a list claim of a plain issuer",
      rule({ evidence: { "oidc.dev": { groups: "ops" } }, spiffe_id: "/web" }),
      [fact("oidc.dev", { groups: ["dev", "ops"] })],
    ],
  ])("matches: %s", (_name, one, facts) => {
    expect(reasonOf(decide([one], facts))).toBe("spiffe://prod.example.org/web");
  });

  it("lets the first that matches win, in the order of the document", () => {
    const rules = [
      rule({ name: "us", evidence: { aws_iid: { account: A, region: "us-*" } }, spiffe_id: "/us" }),
      rule({
        name: "any",
        evidence: { aws_iid: { account: A, instance_id: "i-*" } },
        spiffe_id: "/any",
      }),
      rule({
        name: "exact",
        evidence: { aws_iid: { account: A, region: "eu-central-1" } },
        spiffe_id: "/exact",
      }),
    ];
    expect(reasonOf(decide(rules, [iid()]))).toBe("spiffe://prod.example.org/any");
    expect(reasonOf(decide(rules, [iid()], { spiffeId: "spiffe://prod.example.org/exact" }))).toBe(
      "spiffe://prod.example.org/exact",
    );
    for (const spiffeId of [
      "spiffe://prod.example.org/us",
      "spiffe://prod.example.org/EXACT",
      "/exact",
      "",
      "spiffe://other/exact",
    ]) {
      expect(reasonOf(decide(rules, [iid()], { spiffeId }))).toBe("spiffe_id_not_granted");
    }
  });

  it("refuses where the deciding rule cannot give, and tries no later one", () => {
    const rules = [rule({ name: "first" }), rule({ name: "second", spiffe_id: "/fallback" })];
    const facts = [iid({ instance_id: "../admin" })];
    const result = decide(rules, facts);
    expect(result).toMatchObject({
      ok: false,
      error: { reason: "template_value_illegal", rule: "first" },
    });
    expect(reasonOf(decide(rules, facts, { spiffeId: "spiffe://prod.example.org/fallback" }))).toBe(
      "spiffe://prod.example.org/fallback",
    );
    expect(reasonOf(decide([rule()], [iid({ instance_id: undefined as never })]))).toBe(
      "template_value_illegal",
    );
  });

  it("never puts the value that it refuses into the reason", () => {
    const result = decide([rule()], [iid({ instance_id: "<script>\u0000" })]);
    expect(JSON.stringify(result)).not.toMatch(/script/);
  });

  it("refuses a reserved path that a value would make", () => {
    const at = (spiffe_id: string, region: string) =>
      reasonOf(decide([rule({ spiffe_id })], [iid({ region })]));
    expect(at("/{aws_iid.region}", "spire")).toBe("template_value_illegal");
    expect(at("/sp{aws_iid.region}/x", "ire")).toBe("template_value_illegal");
    expect(at("/x/{aws_iid.region}", "spire")).toBe("spiffe://prod.example.org/x/spire");
  });

  it("refuses a SPIFFE ID beyond 2048 bytes", () => {
    const at = (length: number) =>
      reasonOf(decide([rule()], [iid({ instance_id: "a".repeat(length) })]));
    const room = 2048 - "spiffe://prod.example.org/vm/".length;
    expect(at(room)).toContain("/vm/aaa");
    expect(at(room + 1)).toBe("template_value_illegal");
  });

  it("bounds the age of the instance, and takes none for too old", () => {
    const at = (startedAt: number | undefined) => {
      const { startedAt: _, ...bare } = iid();
      return reasonOf(
        decide(
          [rule({ max_instance_age: "1d" })],
          [startedAt === undefined ? bare : { ...bare, startedAt }],
        ),
      );
    };
    expect(at(NOW - 86_400)).toContain("/vm/");
    expect(at(NOW - 86_401)).toBe("instance_too_old");
    expect(at(undefined)).toBe("instance_too_old");
    expect(at(Number.NaN)).toBe("instance_too_old");
  });
});

describe("audit mode", () => {
  it("is reported and decides nothing", () => {
    const rules = [rule({ name: "try", mode: "audit", spiffe_id: "/try" }), rule({ name: "now" })];
    expect(decide(rules, [iid()])).toMatchObject({
      ok: true,
      value: { rule: "now", auditRules: ["try"] },
    });
    expect(decide(rules.slice(0, 1), [iid()])).toMatchObject({
      ok: false,
      error: { reason: "no_rule_matches", auditRules: ["try"] },
    });
    expect(
      decide(rules.slice(0, 1), [iid()], { spiffeId: "spiffe://prod.example.org/try" }),
    ).toMatchObject({ error: { reason: "no_rule_matches" } });
    expect(decide(rules, [iid({ account: B })])).toMatchObject({ error: { auditRules: [] } });
  });

  it("names no more rules than a log line should hold, the first ones", () => {
    const rules = Array.from({ length: 40 }, (_, n) =>
      rule({
        name: `a${n}`,
        mode: "audit",
        evidence: { aws_iid: { account: A, region: n % 2 ? "eu-*" : "eu-central-1" } },
      }),
    );
    const result = decide(rules, [iid()]);
    expect(result).toMatchObject({
      error: { auditRules: Array.from({ length: MAX_AUDIT_RULES }, (_, n) => `a${n}`) },
    });
  });
});

describe("several factors", () => {
  const both = (parts: Json = {}) =>
    rule({
      evidence: { aws_web_identity: {}, aws_iid: { account: A } },
      join: [["aws_iid.instance_arn", "aws_web_identity.ec2_instance_arn"]],
      spiffe_id: "/both/{aws_iid.instance_id}",
      ...parts,
    });
  const arn = iid().claims.instance_arn as string;

  it.each([
    ["equal", arn, "spiffe://prod.example.org/both/i-0abc"],
    ["different", `${arn}f`, "no_rule_matches"],
    ["a list of it", [arn], "no_rule_matches"],
  ])("joins: %s", (_name, ec2_instance_arn, expected) => {
    expect(reasonOf(decide([both()], [web({ ec2_instance_arn }), iid()]))).toBe(expected);
    expect(reasonOf(decide([both()], [iid(), web({ ec2_instance_arn })]))).toBe(expected);
  });

  it("does not join what is absent on both sides", () => {
    expect(reasonOf(decide([both()], [iid({ instance_arn: undefined as never }), web()]))).toBe(
      "no_rule_matches",
    );
  });

  it("does not match one of its factors alone", () => {
    expect(reasonOf(decide([both()], [iid()]))).toBe("no_rule_matches");
    expect(reasonOf(decide([both()], [web({ ec2_instance_arn: arn })]))).toBe("no_rule_matches");
  });

  it("needs no claim for a document that a key-bound factor of the same instance vouches for", () => {
    const facts = [iid(), web({ ec2_instance_arn: arn })];
    const claims = (one: Json, given = facts) => {
      const result = decide([one], given);
      return result.ok
        ? result.value.claims.map(({ attestation }) => attestation.name)
        : result.error.reason;
    };
    expect(claims(both())).toEqual([]);
    expect(claims(both({ join: [["aws_iid.account", "aws_web_identity.account"]] }))).toEqual([
      "aws_iid",
    ]);
    const weak = [iid(), web({ ec2_instance_arn: arn }, { binding: { kind: "audience" } })];
    expect(claims(both(), weak)).toBe("no_rule_matches");
    expect(claims(both({ binding: { aws_web_identity: "audience" } }), weak)).toEqual(["aws_iid"]);
    expect(claims(both({ binding: { aws_web_identity: "audience" } }), facts)).toEqual([]);
  });
});

describe("what is claimed", () => {
  const claims = (one: Json, facts: Attestation[]) => {
    const result = decide([one], facts);
    return result.ok ? result.value.claims : result.error.reason;
  };
  const dev = (parts: Json = {}) =>
    rule({ evidence: { "oidc.dev": { sub: "a" } }, spiffe_id: "/d", ...parts });
  const token = (kind: "key" | "audience") =>
    fact("oidc.dev", { sub: "a" }, { binding: kind === "key" ? { kind, jkt: "k" } : { kind } });

  it("takes the window of first use from the rule", () => {
    expect(claims(rule({ first_claim_within: "5m" }), [iid()])).toEqual([
      { attestation: iid(), createWithin: 300, maxOwners: 1 },
    ]);
  });
  it("lets several keys share a token, and frees those that went away", () => {
    const token1 = fact("azure_msi", { tenant: "t1", oid: "o" });
    const one = (keys_per_token: number) =>
      rule({
        evidence: { azure_msi: { tenant: "t1" } },
        spiffe_id: "/a/{azure_msi.oid}",
        keys_per_token,
        x509: { ttl: "2h" },
        wit: { ttl: "3h" },
      });
    expect(claims(one(1), [token1])).toEqual([{ attestation: token1, maxOwners: 1 }]);
    expect(claims(one(40), [token1])).toEqual([
      { attestation: token1, maxOwners: 40, idleSeconds: 3 * 3600 + 600 },
    ]);
  });
  it("claims a token that may be used once, unless it is bound to its key", () => {
    const once = dev({ replay: { "oidc.dev": "once" } });
    expect(claims(dev(), [token("audience")])).toEqual([]);
    expect(claims(once, [token("audience")])).toEqual([
      { attestation: token("audience"), maxOwners: 1 },
    ]);
    expect(claims(once, [token("key")])).toEqual([]);
  });
});

describe("audiences", () => {
  const one = { ttl: 300, audiences: ["a", "b"], multipleAudiences: false };
  it.each([
    [one, ["a"], true],
    [one, ["a", "b"], false],
    [one, [], false],
    [one, ["A"], false],
    [one, ["a "], false],
    [{ ...one, multipleAudiences: true }, ["a", "b"], true],
    [{ ...one, multipleAudiences: true }, ["a", "c"], false],
    [{ ...one, multipleAudiences: true }, ["a", "a"], false],
  ])("%j for %j: %s", (grant, asked, expected) => {
    expect(checkAudiences(grant, asked).ok).toBe(expected);
  });
});

describe("explain", () => {
  it("says why each rule does not match, piece by piece", () => {
    const policy = policyOf(
      [
        rule({
          name: "account",
          evidence: { aws_iid: { account: B, region: ["us-1", "us-2"] } },
          spiffe_id: "/b",
        }),
        rule({ name: "factors", evidence: { aws_web_identity: { account: A } }, spiffe_id: "/w" }),
        rule({ name: "absent", evidence: { aws_iid: { account: A, image_id: "ami-*" } } }),
        rule({ name: "wins" }),
        rule({ name: "old", spiffe_id: "/old", max_instance_age: "1m" }),
      ],
      [{ account: B }],
    );
    const explained = explain(policy, [iid({}, { startedAt: NOW - 61 })], { now: NOW });
    expect(explained.deciding).toBe("wins");
    expect(explained.denied).toEqual([]);
    expect(explained.rules).toEqual([
      {
        rule: "account",
        audit: false,
        misses: [
          { factor: "aws_iid", claim: "account", message: `is "${A}"; expected "${B}"` },
          {
            factor: "aws_iid",
            claim: "region",
            message: 'is "eu-central-1"; expected "us-1" or "us-2"',
          },
        ],
      },
      {
        rule: "factors",
        audit: false,
        misses: [
          { factor: "aws_web_identity", message: "was not handed in" },
          {
            factor: "aws_iid",
            message: "is not evidence of this rule, which takes exactly its own",
          },
        ],
      },
      {
        rule: "absent",
        audit: false,
        misses: [{ factor: "aws_iid", claim: "image_id", message: 'is absent; expected "ami-*"' }],
      },
      { rule: "wins", audit: false, misses: [], spiffeId: "spiffe://prod.example.org/vm/i-0abc" },
      {
        rule: "old",
        audit: false,
        misses: [],
        spiffeId: "spiffe://prod.example.org/old",
        refusal: "instance_too_old: beyond max_instance_age",
      },
    ]);
    expect(explain(policy, [iid({ account: B })], { now: NOW })).toMatchObject({
      denied: ["aws_iid"],
    });
    const asked = explain(policy, [iid()], { now: NOW, spiffeId: "spiffe://prod.example.org/old" });
    expect(asked.deciding).toBe("old");
    expect(asked.rules[3]?.misses).toEqual([
      { message: "gives spiffe://prod.example.org/vm/i-0abc, and another was asked for" },
    ]);
  });

  it("agrees with match about bindings and joins", () => {
    const policy = policyOf([
      rule({
        evidence: { aws_web_identity: {}, aws_iid: { account: A } },
        join: [["aws_iid.instance_arn", "aws_web_identity.ec2_instance_arn"]],
      }),
    ]);
    const [only] = explain(
      policy,
      [web({ ec2_instance_arn: "x" }, { binding: { kind: "audience" } }), iid()],
      { now: NOW },
    ).rules;
    expect(only?.misses).toEqual([
      {
        factor: "aws_web_identity",
        message: "its binding is audience, and the rule takes no less than key",
      },
      { message: "aws_iid.instance_arn and aws_web_identity.ec2_instance_arn are not equal" },
    ]);
  });
});
