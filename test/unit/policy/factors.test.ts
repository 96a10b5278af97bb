import { describe, expect, it } from "vitest";
import { type Attestation, UNREAD } from "../../../src/attestation.ts";
import { checkAudiences } from "../../../src/policy/audience.ts";
import { decide, outcomeOf, webFact } from "./decide.ts";
import { A, ARN, fact, iid, type Json, NOW, rule } from "./fixtures.ts";

const both = (parts: Json = {}) =>
  rule({
    evidence: { aws_web_identity: {}, aws_iid: { account: A } },
    join: [["aws_iid.instance_arn", "aws_web_identity.ec2_instance_arn"]],
    spiffe_id: "/both/{aws_iid.instance_id}",
    ...parts,
  });

const claimsOf = (one: Json, facts: Attestation[]) => {
  const result = decide([one], facts);
  return result.ok ? result.value.claims : result.error.reason;
};

const dev = (parts: Json = {}) =>
  rule({ evidence: { "oidc.dev": { sub: "a" } }, spiffe_id: "/d", ...parts });

const token = (kind: "key" | "audience") =>
  fact("oidc.dev", { sub: "a" }, { binding: kind === "key" ? { kind, jkt: "k" } : { kind } });

const msi = (keys_per_token: number) =>
  rule({
    evidence: { azure_msi: { tenant: "t1" } },
    spiffe_id: "/a/{azure_msi.oid}",
    keys_per_token,
    x509: { ttl: "2h" },
    wit: { ttl: "3h" },
  });

describe("several factors", () => {
  it.each([
    ["equal", ARN, "spiffe://prod.example.org/both/i-0abc"],
    ["different", `${ARN}f`, "no_rule_matches"],
    ["a list of it", [ARN], "no_rule_matches"],
  ])("joins: %s", (_name, ec2_instance_arn, expected) => {
    expect(outcomeOf([both()], [webFact({ ec2_instance_arn }), iid()])).toBe(expected);
    expect(outcomeOf([both()], [iid(), webFact({ ec2_instance_arn })])).toBe(expected);
  });

  it("does not join what is absent on both sides", () => {
    expect(outcomeOf([both()], [iid({ instance_arn: undefined }), webFact()])).toBe(
      "no_rule_matches",
    );
  });

  it("does not join what is on both sides and of no form that can be compared", () => {
    const facts = [iid({ instance_arn: UNREAD }), webFact({ ec2_instance_arn: UNREAD })];
    expect(outcomeOf([both()], facts)).toBe("no_rule_matches");
  });

  it.each([
    ["at the bound", NOW - 3600, "spiffe://prod.example.org/both/i-0abc"],
    ["a second older", NOW - 3601, "instance_too_old"],
    ["of no known age", undefined, "instance_too_old"],
  ])("asks for the age of what has one, beside what has none: %s", (_name, startedAt, expected) => {
    const { startedAt: _, ...ageless } = iid();
    const facts = [
      { ...ageless, ...(startedAt !== undefined && { startedAt }) },
      webFact({ ec2_instance_arn: ARN }),
    ];
    expect(outcomeOf([both({ max_instance_age: "1h" })], facts)).toBe(expected);
  });

  it("does not match one of its factors alone", () => {
    expect(outcomeOf([both()], [iid()])).toBe("no_rule_matches");
    expect(outcomeOf([both()], [webFact({ ec2_instance_arn: ARN })])).toBe("no_rule_matches");
  });

  it("needs no claim for a document that a key-bound factor of the same instance vouches for", () => {
    const facts = [iid(), webFact({ ec2_instance_arn: ARN })];
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
    const weak = [iid(), webFact({ ec2_instance_arn: ARN }, { binding: { kind: "audience" } })];
    expect(claims(both(), weak)).toBe("no_rule_matches");
    expect(claims(both({ binding: { aws_web_identity: "audience" } }), weak)).toEqual(["aws_iid"]);
    expect(claims(both({ binding: { aws_web_identity: "audience" } }), facts)).toEqual([]);
    const turned = [["aws_web_identity.ec2_instance_arn", "aws_iid.instance_arn"]];
    expect(claims(both({ join: turned }))).toEqual([]);
  });

  const ACCOUNTS = ["aws_iid.account", "aws_web_identity.account"];
  it.each<[string, string[][], string]>([
    ["one side", [["aws_iid.account", "aws_web_identity.ec2_instance_arn"]], A],
    ["the other side", [["aws_iid.instance_arn", "aws_web_identity.account"]], ARN],
    [
      "two others",
      [ACCOUNTS, ["aws_web_identity.ec2_instance_arn", "nitro_tpm.instance_arn"]],
      ARN,
    ],
  ])("claims a document where a join names the instance of %s only", (name, join, arn) => {
    const more = name === "two others";
    const evidence = {
      aws_web_identity: {},
      aws_iid: { account: A },
      ...(more && { nitro_tpm: {} }),
    };
    const document = iid({ instance_arn: A });
    const facts = [document, webFact({ ec2_instance_arn: arn })];
    if (more) facts.push(fact("nitro_tpm", { instance_arn: ARN }));
    expect(claimsOf(both({ join, evidence }), facts)).toEqual([
      { attestation: document, createWithin: 900, maxOwners: 1 },
    ]);
  });
});

describe("binding", () => {
  it("may be asked for that is better than the usual one of the type", () => {
    const bound = dev({ binding: { "oidc.dev": "key" } });
    expect(outcomeOf([bound], [token("audience")])).toBe("no_rule_matches");
    expect(outcomeOf([bound], [token("key")])).toBe("spiffe://prod.example.org/d");
    expect(outcomeOf([dev()], [token("audience")])).toBe("spiffe://prod.example.org/d");
  });
});

describe("what is claimed", () => {
  it("takes the window of first use from the rule", () => {
    expect(claimsOf(rule({ first_claim_within: "5m" }), [iid()])).toEqual([
      { attestation: iid(), createWithin: 300, maxOwners: 1 },
    ]);
  });
  it("lets several keys share a token, and frees those that went away", () => {
    const token1 = fact("azure_msi", { tenant: "t1", oid: "o" });
    expect(claimsOf(msi(1), [token1])).toEqual([{ attestation: token1, maxOwners: 1 }]);
    for (const maxOwners of [2, 40])
      expect(claimsOf(msi(maxOwners), [token1])).toEqual([
        { attestation: token1, maxOwners, idleSeconds: 3 * 3600 + 600 },
      ]);
  });
  it("frees them by the longest life that the rule gives, a token's as well", () => {
    const token1 = fact("azure_msi", { tenant: "t1", oid: "o" });
    const jwt = { ttl: "1h", audiences: ["a"] };
    const one = { ...msi(2), x509: { ttl: "1m" }, wit: { ttl: "1m" }, jwt };
    expect(claimsOf(one, [token1])).toEqual([
      { attestation: token1, maxOwners: 2, idleSeconds: 3600 + 600 },
    ]);
  });
  it("lets several keys share the token alone, not what stands beside it", () => {
    const token1 = fact("azure_msi", { tenant: "t1", oid: "o", subscription: A });
    const one = rule({
      evidence: { aws_iid: { account: A }, azure_msi: { tenant: "t1" } },
      join: [["aws_iid.account", "azure_msi.subscription"]],
      keys_per_token: 40,
    });
    expect(claimsOf(one, [iid(), token1])).toEqual([
      { attestation: iid(), createWithin: 900, maxOwners: 1 },
      { attestation: token1, maxOwners: 40, idleSeconds: 3600 + 600 },
    ]);
  });
  it("claims a token that may be used once, unless it is bound to its key", () => {
    const once = dev({ replay: { "oidc.dev": "once" } });
    expect(claimsOf(dev(), [token("audience")])).toEqual([]);
    expect(claimsOf(once, [token("audience")])).toEqual([
      { attestation: token("audience"), maxOwners: 1 },
    ]);
    expect(claimsOf(once, [token("key")])).toEqual([]);
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
    expect(checkAudiences(grant, asked, undefined).ok).toBe(expected);
  });
});
