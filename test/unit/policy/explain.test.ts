import { describe, expect, it } from "vitest";
import { explain } from "../../../src/policy/explain.ts";
import { match } from "../../../src/policy/match.ts";
import { webFact } from "./decide.ts";
import { A, B, iid, NOW, policyOf, rule } from "./fixtures.ts";

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
      [webFact({ ec2_instance_arn: "x" }, { binding: { kind: "audience" } }), iid()],
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

  it("agrees with match about what an asked SPIFFE ID leaves", () => {
    const policy = policyOf([
      rule({ name: "illegal", spiffe_id: "/{aws_iid.image_id}" }),
      rule({ name: "trial", mode: "audit", spiffe_id: "/trial" }),
      rule({ name: "wins", spiffe_id: "/wins" }),
    ]);
    const request = { now: NOW, spiffeId: "spiffe://prod.example.org/wins" };
    const facts = [iid()];
    const decided = match(policy, facts, request);
    expect(decided.ok && decided.value).toMatchObject({ rule: "wins", auditRules: ["trial"] });
    const { deciding, rules } = explain(policy, facts, request);
    expect(deciding).toBe("wins");
    expect(rules.map(({ rule: name, misses }) => [name, misses.length === 0])).toEqual([
      ["illegal", false],
      ["trial", true],
      ["wins", true],
    ]);
  });
});
