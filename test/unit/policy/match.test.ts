import { describe, expect, it } from "vitest";
import type { Attestation } from "../../../src/attestation.ts";
import { MAX_AUDIT_RULES } from "../../../src/policy/match.ts";
import { decide, outcomeOf, webFact, webRule } from "./decide.ts";
import { A, B, fact, iid, type Json, NOW, rule } from "./fixtures.ts";

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
    ["a number for text", webRule({ lambda_function: "5" }), [webFact({ lambda_function: 5 })]],
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
      [webFact({ lambda_function: ["pay-out"] })],
    ],
    [
      "a number under a glob of a plain issuer",
      rule({ evidence: { "oidc.dev": { team: "*5" } }, spiffe_id: "/x" }),
      [fact("oidc.dev", { sub: "a", team: 5 })],
    ],
    [
      "true under a glob of a plain issuer",
      rule({ evidence: { "oidc.dev": { team: "t*" } }, spiffe_id: "/x" }),
      [fact("oidc.dev", { sub: "a", team: true })],
    ],
    ["no member of the list", webRule({ ou_path: "o/x" }), [webFact({ ou_path: ["o/y", "o"] })]],
    ["an empty list", webRule({ ou_path: "*" }), [webFact({ ou_path: [] })]],
    ["an empty member of a list", webRule({ ou_path: "*" }), [webFact({ ou_path: ["", ""] })]],
    ["text that only looks true", webRule({ mfa: true }), [webFact({ mfa: "true" })]],
    [
      "a glob across a slash",
      webRule({ lambda_function: "pay-*" }),
      [webFact({ lambda_function: "pay-/x" })],
    ],
    [
      "a glob across a colon",
      webRule({ lambda_function: "pay-*" }),
      [webFact({ lambda_function: "pay-:x" })],
    ],
    [
      "a glob is whole",
      webRule({ lambda_function: "pay-*" }),
      [webFact({ lambda_function: "xpay-a" })],
    ],
    ["case", webRule({ lambda_function: "Pay-Out" }), [webFact()]],
    ["binding too weak", webRule({}), [webFact({}, { binding: { kind: "audience" } })]],
    [
      "binding none",
      webRule({}, { binding: { aws_web_identity: "audience" } }),
      [webFact({}, { binding: { kind: "none" } })],
    ],
    ["another piece", rule(), [webFact()]],
    ["a piece too many", rule(), [iid(), webFact()]],
    ["the same piece twice", rule(), [iid(), iid()]],
    [
      "an inherited claim",
      rule({ evidence: { "oidc.dev": { constructor: "*" } }, spiffe_id: "/x" }),
      [fact("oidc.dev", {})],
    ],
  ])("does not match: %s", (_name, one, facts) => {
    expect(outcomeOf([one], facts)).toBe("no_rule_matches");
  });

  it.each<[string, Json, Attestation[]]>([
    ["one of a list", webRule({ lambda_function: ["a", "pay-*"] }), [webFact()]],
    ["a member of a list claim", webRule({ ou_path: "o/x" }), [webFact({ ou_path: ["o", "o/x"] })]],
    ["a boolean", webRule({ mfa: false }), [webFact({ mfa: false })]],
    [
      "a number",
      rule({ evidence: { aws_iid: { account: A, pending: [4, 5] } }, spiffe_id: "/web" }),
      [iid({ pending: 5 })],
    ],
    ["an empty run", webRule({ lambda_function: "pay-out*" }), [webFact()]],
    ["a stronger binding", webRule({}, { binding: { aws_web_identity: "audience" } }), [webFact()]],
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
    expect(outcomeOf([one], facts)).toBe("spiffe://prod.example.org/web");
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
    expect(outcomeOf(rules, [iid()])).toBe("spiffe://prod.example.org/any");
    expect(outcomeOf(rules, [iid()], { spiffeId: "spiffe://prod.example.org/exact" })).toBe(
      "spiffe://prod.example.org/exact",
    );
    for (const spiffeId of [
      "spiffe://prod.example.org/us",
      "spiffe://prod.example.org/EXACT",
      "/exact",
      "",
      "spiffe://other/exact",
    ]) {
      expect(outcomeOf(rules, [iid()], { spiffeId })).toBe("spiffe_id_not_granted");
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
    expect(outcomeOf(rules, facts, { spiffeId: "spiffe://prod.example.org/fallback" })).toBe(
      "spiffe://prod.example.org/fallback",
    );
    expect(outcomeOf([rule()], [iid({ instance_id: undefined })])).toBe("template_value_illegal");
  });

  it("never puts the value that it refuses into the reason", () => {
    const result = decide([rule()], [iid({ instance_id: "<script>\u0000" })]);
    expect(JSON.stringify(result)).not.toMatch(/script/);
  });

  it.each([
    ["/{aws_iid.region}", "spire", "template_value_illegal"],
    ["/sp{aws_iid.region}/x", "ire", "template_value_illegal"],
    ["/x/{aws_iid.region}", "spire", "spiffe://prod.example.org/x/spire"],
  ])("keeps reserved paths from values: %s with %s", (spiffe_id, region, expected) => {
    expect(outcomeOf([rule({ spiffe_id })], [iid({ region })])).toBe(expected);
  });

  const room = 2048 - "spiffe://prod.example.org/vm/".length;
  it.each([
    ["2048 bytes", room, expect.stringContaining("/vm/aaa")],
    ["2049 bytes", room + 1, "template_value_illegal"],
  ])("gives no SPIFFE ID beyond 2048 bytes: %s", (_name, length, expected) => {
    expect(outcomeOf([rule()], [iid({ instance_id: "a".repeat(length) })])).toEqual(expected);
  });

  const { startedAt: _, ...ageless } = iid();
  it.each([
    ["a day", { startedAt: NOW - 86_400 }, expect.stringContaining("/vm/")],
    ["a day and a second", { startedAt: NOW - 86_401 }, "instance_too_old"],
    ["unknown", {}, "instance_too_old"],
    ["no number", { startedAt: Number.NaN }, "instance_too_old"],
  ])("bounds the age of the instance: %s", (_name, age, expected) => {
    const outcome = outcomeOf([rule({ max_instance_age: "1d" })], [{ ...ageless, ...age }]);
    expect(outcome).toEqual(expected);
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
