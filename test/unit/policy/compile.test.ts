import { describe, expect, it } from "vitest";
import { A, B, compile, errorsOf, FACTORS, gcp, msi, rule, two, web, webBare } from "./fixtures.ts";

describe("compilePolicy", () => {
  it("says everything that is wrong at once", () => {
    const { issues } = compile(
      [
        rule({ name: "a", spiffe_id: "x", x509: { ttl: "9" } }),
        rule({ name: "r1", evidence: { aws_iid: { account: 5 } } }),
        rule({ name: "a", evidence: { nope: {} } }),
        7,
      ],
      [{ spiffe_id: "no" }, {}, { evidence: "nope", note: 5, account: "" }],
    );
    expect(errorsOf(issues).map((line) => line.split(":")[0])).toEqual([
      "rules.0.x509.ttl",
      "rules.0.spiffe_id",
      "rules.1.evidence.aws_iid.account",
      "rules.2.name",
      "rules.2.evidence.nope",
      "rules.3",
      "deny.2.note",
      "deny.2.evidence",
      "deny.2.account",
      "deny.0.spiffe_id",
      "deny.1",
    ]);
  });

  it.each([
    ["no rules", []],
    ["the least rule", [rule()]],
    ["one pin listed need not be repeated", [webBare()]],
    [
      "defaults of every kind",
      [rule({ x509: {}, jwt: { audiences: ["https://orders.example.org"] }, wit: {} })],
    ],
    [
      "a pin list with the pin in the path",
      [rule({ evidence: { aws_iid: { account: [A, B] } }, spiffe_id: "/{aws_iid.account}/x" })],
    ],
    ["a kind with its pin implied", [gcp({ kind: "instance" })]],
    [
      "a joined factor that names no customer",
      [
        rule({
          evidence: { aws_iid: { account: A }, nitro_tpm: {} },
          join: [["nitro_tpm.instance_arn", "aws_iid.instance_arn"]],
        }),
      ],
    ],
    [
      "a claim of a plain issuer",
      [
        rule({
          evidence: { "oidc.dev": { "https://x.example/team": "a", n: 5, b: true } },
          spiffe_id: "/d/{oidc.dev.https://x.example/team}",
        }),
      ],
    ],
    [
      "literal ends around a variable",
      [rule({ spiffe_id: "/vm-{aws_iid.instance_id}.eu/..{aws_iid.region}" })],
    ],
    [
      "four pieces of evidence",
      [
        two({
          evidence: {
            aws_iid: { account: A },
            aws_web_identity: {},
            azure_msi: { tenant: "t1" },
            nitro_tpm: {},
          },
          join: [
            ["aws_iid.instance_arn", "aws_web_identity.ec2_instance_arn"],
            ["aws_iid.instance_arn", "nitro_tpm.instance_arn"],
            ["aws_iid.account", "azure_msi.subscription"],
          ],
          keys_per_token: 1,
        }),
      ],
    ],
    ["a number in the path", [rule({ spiffe_id: "/{aws_iid.pending}" })]],
    [
      "audience below the issuer's host",
      [
        rule({
          jwt: { audiences: ["https://id.example.org.evil", "https://id.example.org/orders"] },
        }),
      ],
    ],
    ["settings", [msi({ keys_per_token: 1024 })]],
    [
      "replay on an audience",
      [
        rule({
          evidence: { "oidc.dev": { sub: "x" } },
          spiffe_id: "/d",
          replay: { "oidc.dev": "once" },
        }),
      ],
    ],
  ])("takes: %s", (_name, rules) => {
    expect(errorsOf(compile(rules).issues)).toEqual([]);
  });

  it("gives no more than a rule states, and little where it states nothing", () => {
    const { policy } = compile([
      rule({ name: "least", jwt: { audiences: ["a"] } }),
      rule({
        name: "stated",
        spiffe_id: "/stated",
        x509: { ttl: "2h", key_types: ["p384"] },
        jwt: { ttl: "10m", audiences: ["a", "b"], multiple_audiences: true },
      }),
      rule({ name: "jwt", spiffe_id: "/jwt", x509: undefined, jwt: { audiences: ["a"] } }),
      rule({ name: "wit", spiffe_id: "/wit", x509: undefined, wit: { ttl: "30m" } }),
    ]);
    const one = { audiences: ["a"], multipleAudiences: false, ttl: 300 };
    expect(policy?.rules.map(({ grants }) => grants)).toEqual([
      { x509: { ttl: 3600, keyTypes: ["p256", "p384", "rsa"] }, jwt: one, longestTtl: 3600 },
      {
        x509: { ttl: 7200, keyTypes: ["p384"] },
        jwt: { ttl: 600, audiences: ["a", "b"], multipleAudiences: true },
        longestTtl: 7200,
      },
      { jwt: one, longestTtl: 300 },
      { wit: { ttl: 1800 }, longestTtl: 1800 },
    ]);
    expect(policy?.longestTtl, "by which keys stay published").toEqual({
      x509: 7200,
      jwt: 600,
      wit: 1800,
    });
  });

  it("implies the kind where only one is configured", () => {
    const factors = FACTORS.map((factor) => ({
      ...factor,
      pins: factor.pins.filter(({ when }) => when?.equals !== "service_account"),
    }));
    const { policy } = compile([gcp({ instance_id: "5" })], undefined, {}, factors);
    expect(policy?.rules[0]?.factors[0]?.matchers.map(({ claim }) => claim).toSorted()).toEqual([
      "instance_id",
      "kind",
      "project_id",
    ]);
  });

  it("does not blame rules for evidence whose section is wrong", () => {
    const { issues } = compile(
      [rule(), rule({ name: "o", evidence: { "oidc.x": {} }, spiffe_id: "/o" })],
      [{ evidence: "oidc.x", sub: "a" }],
      { broken: ["oidc"] },
    );
    expect(errorsOf(issues)).toEqual([]);
  });

  it.each([
    ["class none", rule(), true],
    ["key", web({}), false],
    ["audience", web({}, { binding: { aws_web_identity: "audience" } }), false],
    [
      "audience once",
      web({}, { binding: { aws_web_identity: "audience" }, replay: { aws_web_identity: "once" } }),
      true,
    ],
    ["none joined by instance to key", two({}), false],
    [
      "none joined by account to key",
      two({ join: [["aws_iid.account", "aws_web_identity.account"]] }),
      true,
    ],
    [
      "none joined by instance to audience",
      two({ binding: { aws_web_identity: "audience" } }),
      true,
    ],
    ["none in audit mode", rule({ mode: "audit" }), true],
  ])("knows whether a claim store is needed: %s", (_name, one, needed) => {
    expect(compile([one]).policy?.needsClaimStore).toBe(needed);
    const { issues } = compile([one], undefined, { claimStore: false });
    expect(errorsOf(issues).some((line) => line.includes("needs a claim store"))).toBe(needed);
    const other = web({}, { name: "other", spiffe_id: "/other" });
    expect(compile([other, one]).policy?.needsClaimStore, "beside another").toBe(needed);
  });
});
