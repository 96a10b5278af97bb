import { describe, expect, it } from "vitest";
import { A, B, compile, type Json, rule, warningsOf, web, webBare } from "./fixtures.ts";

describe("what is only doubtful", () => {
  it.each([
    [
      "empty factor whose pin is implied",
      [webBare()],
      /rules\.0\.evidence\.aws_web_identity: matches everything/,
    ],
    [
      "regular expression",
      [rule({ evidence: { aws_iid: { account: A, region: "^eu-.*$" } } })],
      /looks like a regular expression/,
    ],
    ["audience twice", [rule({ jwt: { audiences: ["a", "a"] } })], /audiences\.1: is listed twice/],
    ["no rules", [], /^rules: there are none/],
    ["evidence unused", [rule()], /evidence\.azure_msi: no rule uses it/],
    ["entry unused", [rule()], /evidence\.oidc\.github: no rule uses it/],
    ["pin unused", [rule()], new RegExp(`evidence\\.aws_iid: no rule uses ${B}`)],
    [
      "shadowed, same path",
      [
        rule({ name: "wide" }),
        rule({ name: "narrow", evidence: { aws_iid: { account: A, region: "eu-central-1" } } }),
      ],
      /rules\.1: can never win: rule "wide"/,
    ],
    [
      "shadowed, other path",
      [rule({ name: "wide" }), rule({ name: "narrow", spiffe_id: "/other" })],
      /rules\.1: wins only where a request names its spiffe_id/,
    ],
    [
      "shadowed by a glob",
      [
        glob("eu-*"),
        rule({ name: "n", evidence: { aws_iid: { account: A, region: ["eu-west-1", "eu-w*"] } } }),
      ],
      /rules\.1: can never win/,
    ],
  ])("warns: %s", (_name, rules, warning) => {
    const { policy, issues } = compile(rules);
    expect(policy).toBeDefined();
    expect(warningsOf(issues).join("\n")).toMatch(warning);
  });

  it.each([
    ["the earlier is narrower", [glob("eu-*"), rule({ name: "wide" })]],
    [
      "another region",
      [
        glob("eu-*"),
        rule({ name: "n", evidence: { aws_iid: { account: A, region: "us-east-1" } } }),
      ],
    ],
    [
      "a list that reaches further",
      [
        glob("eu-*"),
        rule({ name: "n", evidence: { aws_iid: { account: A, region: ["eu-1", "us-1"] } } }),
      ],
    ],
    ["the earlier only audits", [rule({ name: "wide", mode: "audit" }), rule({ name: "n" })]],
    [
      "the earlier takes less",
      [
        web({}, { name: "key" }),
        web({}, { name: "aud", binding: { aws_web_identity: "audience" } }),
      ],
    ],
    [
      "another account",
      [
        rule({ name: "a" }),
        rule({ name: "b", evidence: { aws_iid: { account: B } }, spiffe_id: "/b" }),
      ],
    ],
  ])("does not call shadowed what can win: %s", (_name, rules) => {
    expect(warningsOf(compile(rules).issues).filter((line) => line.includes("win"))).toEqual([]);
  });
});

function glob(region: string): Json {
  return rule({ name: "glob", evidence: { aws_iid: { account: A, region } } });
}
