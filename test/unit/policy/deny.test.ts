import { describe, expect, it } from "vitest";
import { UNREAD, type Attestation } from "../../../src/attestation.ts";
import { match } from "../../../src/policy/match.ts";
import {
  A,
  B,
  compile,
  errorsOf,
  fact,
  FACTORS,
  iid,
  NOW,
  policyOf,
  rule,
  warningsOf,
} from "./fixtures.ts";

const RULES = [
  rule({ name: "first" }),
  rule({ name: "second", spiffe_id: "/second" }),
  rule({ name: "dev", evidence: { "oidc.dev": { sub: "*" } }, spiffe_id: "/dev" }),
  rule({
    name: "both",
    evidence: { aws_iid: { account: A }, aws_web_identity: {} },
    join: [["aws_iid.account", "aws_web_identity.account"]],
    spiffe_id: "/both",
  }),
];
const outcome = (deny: unknown, facts: Attestation[] = [iid()], spiffeId?: string) => {
  const result = match(policyOf(RULES, deny), facts, {
    now: NOW,
    ...(spiffeId !== undefined && { spiffeId }),
  });
  return result.ok ? result.value.rule : result.error.reason;
};

describe("deny", () => {
  it.each<[string, unknown, Attestation[]?]>([
    ["an account", [{ account: A }]],
    ["an account among others", [{ account: [B, A] }]],
    ["an account of one evidence type", [{ evidence: "aws_iid", account: A }]],
    ["an instance", [{ instance_id: "i-0abc", note: "compromised" }]],
    ["a glob", [{ instance_id: "i-0*" }]],
    ["a glob beside a value", [{ instance_id: ["i-1", "i-0*"] }]],
    ["a value beside a glob", [{ instance_id: ["i-0abc", "i-1*"] }]],
    [
      "the first of two of one account",
      [
        { account: A, region: "eu-central-1" },
        { account: A, region: "us-1" },
      ],
    ],
    [
      "the second of two of one account",
      [
        { account: A, region: "us-1" },
        { account: A, region: "eu-central-1" },
      ],
    ],
    ["claims that hold together", [{ account: A, region: "eu-central-1" }]],
    ["a claim key", [{ claim_key: "c".repeat(64) }]],
    ["the resulting path", [{ spiffe_id: "/vm/i-0abc" }]],
    ["the resulting SPIFFE ID", [{ spiffe_id: "spiffe://prod.example.org/vm/i-0abc" }]],
    ["the resulting path by a glob", [{ spiffe_id: "/vm/*" }]],
    ["the last of several", [{ account: B }, { instance_id: "i-1" }, { region: "eu-*" }]],
    ["an entry by its type", [{ evidence: "oidc", sub: "a" }], [fact("oidc.dev", { sub: "a" })]],
    [
      "an entry by its name",
      [{ evidence: "oidc.dev", sub: "a" }],
      [fact("oidc.dev", { sub: "a" })],
    ],
    [
      "a number written as text",
      [{ evidence: "oidc.dev", n: "5" }],
      [fact("oidc.dev", { sub: "a", n: 5 })],
    ],
    [
      "text written as a number",
      [{ evidence: "oidc.dev", n: 5 }],
      [fact("oidc.dev", { sub: "a", n: "5" })],
    ],
    ["a boolean", [{ evidence: "oidc.dev", b: true }], [fact("oidc.dev", { sub: "a", b: true })]],
    [
      "a member of a list",
      [{ evidence: "oidc.dev", groups: "bad" }],
      [fact("oidc.dev", { sub: "a", groups: ["ok", "bad"] })],
    ],
    [
      "a claim in a form that cannot be compared",
      [{ evidence: "oidc.dev", groups: "bad" }],
      [fact("oidc.dev", { sub: "a", groups: UNREAD })],
    ],
    [
      "a claim in such a form, by a glob",
      [{ evidence: "oidc.dev", groups: "bad-*" }],
      [fact("oidc.dev", { sub: "a", groups: UNREAD })],
    ],
    [
      "a SPIFFE ID in the evidence",
      [{ spiffe_id: "spiffe://partner.example/ci/*" }],
      [fact("oidc.dev", { sub: "spiffe://partner.example/ci/x" })],
    ],
    [
      "a SPIFFE ID in a list of the evidence",
      [{ spiffe_id: "spiffe://partner.example/x" }],
      [fact("oidc.dev", { sub: "a", ids: ["x", "spiffe://partner.example/x"] })],
    ],
    [
      "the second piece",
      [{ evidence: "aws_web_identity", account: A }],
      [iid(), fact("aws_web_identity", { account: A })],
    ],
  ])("refuses %s", (_name, deny, facts) => {
    expect(outcome(deny, facts)).toBe("denied");
  });

  it.each<[string, unknown, Attestation[]?]>([
    ["another account", [{ account: B }]],
    ["one claim of two", [{ account: A, region: "us-1" }]],
    ["claims on different pieces", [{ account: A, image_id: "x" }]],
    ["another evidence type", [{ evidence: "aws_web_identity", account: A }]],
    ["a prefix of the path", [{ spiffe_id: "/vm" }]],
    ["a glob across a slash", [{ spiffe_id: "/*" }]],
    ["the same path elsewhere", [{ spiffe_id: "spiffe://partner.example/vm/i-0abc" }]],
    ["an absent claim", [{ image_id: "*" }]],
    ["another claim key", [{ claim_key: "d".repeat(64) }]],
  ])("does not refuse %s", (_name, deny, facts) => {
    expect(outcome(deny, facts)).toBe("first");
  });

  it("does not refuse evidence for another SPIFFE ID that it carries", () => {
    const facts = [fact("oidc.dev", { sub: "a", ids: ["spiffe://partner.example/y"] })];
    expect(outcome([{ spiffe_id: "spiffe://partner.example/x" }], facts)).toBe("dev");
  });

  it("warns where one form of the evidence has not the claim and would pass", () => {
    const deny = [{ account: B, region: "us-*" }, { region: "eu-1" }, { instance_id: "i-1" }];
    const warned = (unproved: readonly string[]) =>
      warningsOf(
        compile(
          RULES,
          deny,
          {},
          FACTORS.map((factor) => (factor.name === "aws_iid" ? { ...factor, unproved } : factor)),
        ).issues,
      ).filter((line) => line.startsWith("deny."));
    expect(warned([])).toEqual([]);
    expect(warned(["region"])).toEqual([
      expect.stringMatching(/^deny\.0\.region: one form of aws_iid does not prove it/),
      expect.stringMatching(/^deny\.1\.region: one form of aws_iid does not prove it/),
    ]);
  });

  it("warns of a name that only tokens with any claim could have", () => {
    const warned = (entry: object) =>
      warningsOf(compile(RULES, [entry]).issues).filter((line) => line.startsWith("deny."));
    expect(warned({ acount: A })).toEqual([
      expect.stringMatching(/^deny\.0\.acount: is denied only where a token of oidc\.dev/),
    ]);
    expect(warned({ evidence: "oidc.dev", team: "x" })).toEqual([]);
    expect(warned({ account: A })).toEqual([]);
  });

  it("never moves on to a rule whose result is not denied", () => {
    const deny = [{ spiffe_id: "/vm/*" }];
    expect(outcome(deny)).toBe("denied");
    expect(outcome(deny, [iid()], "spiffe://prod.example.org/second")).toBe("second");
    expect(outcome([{ account: A }], [iid()], "spiffe://prod.example.org/second")).toBe("denied");
  });

  it("comes before policy, so that nobody learns what would have matched", () => {
    expect(outcome([{ account: B }], [iid({ account: B })])).toBe("denied");
    expect(outcome([{ account: B }], [iid({ account: "x" })])).toBe("no_rule_matches");
  });

  it.each<[string, unknown, RegExp]>([
    ["no list", {}, /^deny: expected a list/],
    ["nothing where a list was", null, /^deny: expected a list/],
    ["null entry", [null], /^deny\.0: expected a map/],
    ["empty entry", [{}], /^deny\.0: expected one of/],
    ["a note alone", [{ note: "x" }], /^deny\.0: expected one of/],
    ["evidence alone", [{ evidence: "aws_iid" }], /^deny\.0: expected one of/],
    ["two kinds", [{ spiffe_id: "/x", account: A }], /^deny\.0: expected one of/],
    [
      "evidence beside a claim key",
      [{ evidence: "aws_iid", claim_key: "c".repeat(64) }],
      /deny\.0\.evidence: goes with claims/,
    ],
    [
      "evidence unknown",
      [{ evidence: "aws_idd", account: A }],
      /deny\.0\.evidence: is not configured/,
    ],
    ["claim unknown", [{ evidence: "aws_iid", acount: A }], /deny\.0\.acount: is a claim of none/],
    [
      "a claim that is judged and never passed on",
      [{ evidence: "oidc.dev", aud: "x" }],
      /deny\.0\.aud: is a claim of none/,
    ],
    ["a claim that no token may have", [{ "a\\b": "x" }], /deny\.0\.a\\b: is a claim of none/],
    ["claim empty", [{ account: "" }], /deny\.0\.account: must not be empty/],
    ["claim an empty list", [{ account: [] }], /deny\.0\.account: must not be empty/],
    ["claim null", [{ account: null }], /deny\.0\.account/],
    ["account without quotes", [{ account: 111122223333 }], /deny\.0\.account: .*quote it/],
    ["claim key of another form", [{ claim_key: "C".repeat(64) }], /deny\.0\.claim_key/],
    ["no SPIFFE ID", [{ spiffe_id: "vm" }], /deny\.0\.spiffe_id: is no SPIFFE ID/],
    [
      "a trust domain",
      [{ spiffe_id: "spiffe://prod.example.org" }],
      /deny\.0\.spiffe_id: is no SPIFFE ID/,
    ],
    ["an illegal SPIFFE ID", [{ spiffe_id: "/a/../b" }], /deny\.0\.spiffe_id: is no SPIFFE ID/],
    ["two stars", [{ spiffe_id: "/a/**" }], /deny\.0\.spiffe_id: `\*\*`/],
  ])("refuses an entry that would deny nothing: %s", (_name, deny, error) => {
    const { policy, issues } = compile(RULES, deny);
    expect(policy).toBeUndefined();
    expect(errorsOf(issues).join("\n")).toMatch(error);
  });

  it("drops no key without a word", () => {
    const deny: unknown = JSON.parse(`[{ "account": "${B}", "__proto__": "x" }]`);
    expect(errorsOf(compile(RULES, deny).issues)).toEqual([
      "deny.0.__proto__: a key of this name is not allowed",
    ]);
    const rules: unknown = JSON.parse(
      `[{ "name": "a", "evidence": { "aws_iid": { "account": "${A}", "__proto__": "x" } }, "spiffe_id": "/a", "x509": {} }]`,
    );
    expect(errorsOf(compile(rules).issues)).toEqual([
      "rules.0.evidence.aws_iid.__proto__: a key of this name is not allowed",
    ]);
  });
});
