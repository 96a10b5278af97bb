import { describe, expect, it } from "vitest";
import { A, compile, errorsOf, gcp, msi, rule, two, web } from "./fixtures.ts";

/** One wrong rule each, and what must be said of it. */
const WRONG: readonly [name: string, rules: unknown, error: RegExp][] = [
  [
    "pin not stated",
    [rule({ evidence: { aws_iid: { region: "eu-central-1" } } })],
    /evidence\.aws_iid: state account: `evidence:` lists 2/,
  ],
  ["pin empty", [rule({ evidence: { aws_iid: {} } })], /evidence\.aws_iid: state account/],
  [
    "pin a glob",
    [rule({ evidence: { aws_iid: { account: "1111*" } } })],
    /aws_iid\.account: names the customer/,
  ],
  [
    "pin a star",
    [rule({ evidence: { aws_iid: { account: "*" } } })],
    /aws_iid\.account: names the customer/,
  ],
  [
    "pin not in evidence",
    [rule({ evidence: { aws_iid: { account: "999999999999" } } })],
    /aws_iid\.account: is not listed under `evidence:`/,
  ],
  [
    "pin in a list not in evidence",
    [rule({ evidence: { aws_iid: { account: [A, "9"] } } })],
    /aws_iid\.account\.1: is not listed/,
  ],
  [
    "kind not stated",
    [gcp({ project_id: "payments" })],
    /gcp_iit: state kind: instance or service_account/,
  ],
  [
    "kind unknown",
    [gcp({ kind: "vm" })],
    /gcp_iit\.kind: expected exactly one of those configured/,
  ],
  [
    "kind a list",
    [gcp({ kind: ["instance", "service_account"] })],
    /gcp_iit\.kind: expected exactly one/,
  ],
  ["kind a glob", [gcp({ kind: "*" })], /gcp_iit\.kind: expected exactly one/],
  ["service account not stated", [gcp({ kind: "service_account" })], /gcp_iit: state sub/],
  [
    "project in place of the service account",
    [gcp({ kind: "service_account", project_id: "payments" })],
    /gcp_iit: state sub/,
  ],
  [
    "service account not in evidence",
    [gcp({ kind: "service_account", sub: "7" })],
    /gcp_iit\.sub: is not listed/,
  ],
  [
    "no customer at all",
    [rule({ evidence: { nitro_tpm: { pcr4: "aa" } }, spiffe_id: "/x" })],
    /names no customer/,
  ],

  ["two factors without join", [two({ join: undefined })], /rules\.0: state join/],
  ["join empty", [two({ join: [] })], /rules\.0\.join: must not be empty/],
  ["join with one side", [two({ join: [["aws_iid.account"]] })], /rules\.0\.join\.0/],
  [
    "join with three sides",
    [two({ join: [["aws_iid.account", "aws_web_identity.account", "aws_iid.region"]] })],
    /rules\.0\.join\.0/,
  ],
  [
    "join of one factor to itself",
    [two({ join: [["aws_iid.account", "aws_iid.instance_arn"]] })],
    /to itself/,
  ],
  [
    "join by a claim that names nothing",
    [two({ join: [["aws_iid.region", "aws_web_identity.account"]] })],
    /join\.0\.0: does not name an instance/,
  ],
  [
    "join with an unknown claim",
    [two({ join: [["aws_iid.arn", "aws_web_identity.account"]] })],
    /join\.0\.0: aws_iid has no claim/,
  ],
  [
    "join with an unknown factor",
    [two({ join: [["aws_sts.account", "aws_web_identity.account"]] })],
    /join\.0\.0: .*names no claim/,
  ],
  [
    "three factors, two joined",
    [two({ evidence: { aws_iid: { account: A }, aws_web_identity: {}, nitro_tpm: {} } })],
    /rules\.0\.join: nothing ties nitro_tpm to the rest/,
  ],
  ["five factors", [rule({ evidence: { a: {}, b: {}, c: {}, d: {}, e: {} } })], /at most 4 pieces/],

  [
    "binding of another factor",
    [rule({ binding: { gcp_iit: "key" } })],
    /binding\.gcp_iit: is not evidence of this rule/,
  ],
  [
    "binding unknown",
    [rule({ binding: { aws_iid: "strong" } })],
    /binding\.aws_iid: expected "key" or "audience" or "none"/,
  ],
  [
    "binding out of reach",
    [rule({ binding: { aws_iid: "key" } })],
    /binding\.aws_iid: aws_iid is never bound so well/,
  ],
  [
    "binding that the type does not have",
    [web({}, { binding: { aws_web_identity: "none" } })],
    /expected one that aws_web_identity has/,
  ],
  ["binding empty", [rule({ binding: {} })], /binding: must not be empty/],
  ["replay empty", [rule({ replay: {} })], /replay: must not be empty/],
  [
    "replay of another factor",
    [rule({ replay: { gcp_iit: "once" } })],
    /replay\.gcp_iit: is not evidence of this rule/,
  ],
  ["replay never", [rule({ replay: { aws_iid: "never" } })], /replay\.aws_iid/],
  [
    "replay of key-bound evidence",
    [web({}, { replay: { aws_web_identity: "once" } })],
    /replay\.aws_web_identity: does nothing/,
  ],
  [
    "setting that nothing understands",
    [web({}, { first_claim_within: "5m" })],
    /first_claim_within: none of aws_web_identity/,
  ],
  [
    "keys_per_token where nothing understands it",
    [rule({ keys_per_token: 1 })],
    /keys_per_token: none of aws_iid/,
  ],
  [
    "max_instance_age where nothing has an age",
    [web({}, { max_instance_age: "30d" })],
    /max_instance_age: none of aws_web_identity/,
  ],
  ["keys_per_token missing", [msi({})], /rules\.0: state keys_per_token/],
  ["keys_per_token 0", [msi({ keys_per_token: 0 })], /keys_per_token: expected at least 1/],
  ["keys_per_token 1025", [msi({ keys_per_token: 1025 })], /keys_per_token: expected at most 1024/],
  ["keys_per_token with a fraction", [msi({ keys_per_token: 1.5 })], /keys_per_token/],
  [
    "first_claim_within a number",
    [rule({ first_claim_within: 900 })],
    /first_claim_within: expected a whole number and a unit/,
  ],
  [
    "first_claim_within too long",
    [rule({ first_claim_within: "25h" })],
    /first_claim_within: expected 10s to 1d/,
  ],
  [
    "max_instance_age without unit",
    [rule({ max_instance_age: "30" })],
    /max_instance_age: expected a whole number and a unit/,
  ],
];

describe("evidence of a rule", () => {
  it.each(WRONG)("refuses: %s", (_name, rules, error) => {
    const { policy, issues } = compile(rules);
    expect(policy).toBeUndefined();
    expect(errorsOf(issues).join("\n")).toMatch(error);
  });
});
