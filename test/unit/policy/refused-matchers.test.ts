import { describe, expect, it } from "vitest";
import { A, compile, errorsOf, rule, web } from "./fixtures.ts";

/** One wrong rule each, and what must be said of it. */
const WRONG: readonly [name: string, rules: unknown, error: RegExp][] = [
  ["no list", "x", /^rules: expected a list/],
  ["absent", undefined, /^rules: required/],
  ["null", null, /^rules: expected a list/],
  ["rule is null", [null], /^rules\.0: expected a map, found nothing/],
  ["unknown key", [rule({ ttl: "1h" })], /^rules\.0\.ttl: unknown key/],
  ["no name", [rule({ name: undefined })], /^rules\.0\.name: required/],
  ["empty name", [rule({ name: "" })], /rules\.0\.name/],
  ["name with a line end", [rule({ name: "a\nb" })], /rules\.0\.name/],
  [
    "two rules of one name",
    [rule(), rule({ spiffe_id: "/x" })],
    /^rules\.1\.name: rule 0 has this name/,
  ],
  ["mode unknown", [rule({ mode: "dry-run" })], /rules\.0\.mode: expected "enforce" or "audit"/],
  ["mode null", [rule({ mode: null })], /rules\.0\.mode/],
  ["evidence absent", [rule({ evidence: undefined })], /rules\.0\.evidence: required/],
  ["evidence empty", [rule({ evidence: {} })], /rules\.0\.evidence: must not be empty/],
  ["evidence a list", [rule({ evidence: ["aws_iid"] })], /rules\.0\.evidence/],
  [
    "factor null",
    [rule({ evidence: { aws_iid: null } })],
    /rules\.0\.evidence\.aws_iid: expected a map, found nothing/,
  ],
  [
    "factor unknown",
    [rule({ evidence: { aws_idd: { account: A } } })],
    /rules\.0\.evidence\.aws_idd: is not configured/,
  ],
  [
    "entry missing",
    [rule({ evidence: { oidc: { sub: "x" } } })],
    /say which entry: oidc\.github or oidc\.dev/,
  ],
  [
    "factor named like an object's own",
    [rule({ evidence: { constructor: { account: A } } })],
    /evidence\.constructor: is not configured/,
  ],
  [
    "claim unknown",
    [rule({ evidence: { aws_iid: { account: A, acount: "x" } } })],
    /aws_iid\.acount: aws_iid has no claim/,
  ],
  [
    "claim named like an object's own",
    [rule({ evidence: { aws_iid: { account: A, constructor: "x" } } })],
    /has no claim "constructor"/,
  ],
  [
    "claim that is judged and never passed on",
    [rule({ evidence: { "oidc.dev": { aud: "x" } } })],
    /oidc\.dev\.aud: oidc\.dev never passes aud on to rules/,
  ],
  [
    "claim whose name no token may have",
    [rule({ evidence: { "oidc.dev": { 'te"am': "x" } } })],
    /no evidence has a claim "te\\"am"/,
  ],
  [
    "claim inherited",
    [rule({ evidence: { aws_iid: { account: A, toString: "x" } } })],
    /has no claim "toString"/,
  ],
  [
    "account without quotes",
    [rule({ evidence: { aws_iid: { account: Number(A) } } })],
    /aws_iid\.account: expected text, found a number: quote it/,
  ],
  [
    "account without quotes in a list",
    [rule({ evidence: { aws_iid: { account: [A, 12] } } })],
    /aws_iid\.account\.1: .*quote it/,
  ],
  [
    "number as text",
    [rule({ evidence: { aws_iid: { account: A, pending: "5" } } })],
    /pending: expected a number, found text/,
  ],
  [
    "number with a fraction",
    [rule({ evidence: { aws_iid: { account: A, pending: 1.5 } } })],
    /pending: only whole numbers/,
  ],
  ["boolean as text", [web({ mfa: "true" })], /mfa: expected a boolean, found text/],
  [
    "value empty",
    [rule({ evidence: { aws_iid: { account: A, region: "" } } })],
    /region: must not be empty/,
  ],
  [
    "value null",
    [rule({ evidence: { aws_iid: { account: A, region: null } } })],
    /region: found nothing, which is not allowed/,
  ],
  [
    "value a map",
    [rule({ evidence: { aws_iid: { account: A, region: {} } } })],
    /region: found a map/,
  ],
  [
    "list empty",
    [rule({ evidence: { aws_iid: { account: A, region: [] } } })],
    /region: must not be empty/,
  ],
  ["list in a list", [rule({ evidence: { aws_iid: { account: A, region: [["x"]] } } })], /region/],
  [
    "value in a list empty",
    [rule({ evidence: { aws_iid: { account: A, region: ["x", ""] } } })],
    /region\.1: must not be empty/,
  ],
  [
    "two stars together",
    [rule({ evidence: { aws_iid: { account: A, region: "a**" } } })],
    /region: `\*\*`/,
  ],
  [
    "too many stars",
    [rule({ evidence: { aws_iid: { account: A, region: "*a*a*a*a*" } } })],
    /at most 4 stars/,
  ],
  [
    "pattern too long",
    [rule({ evidence: { aws_iid: { account: A, region: `${"a".repeat(256)}*` } } })],
    /at most 256 characters/,
  ],
];

describe("matchers of a rule", () => {
  it.each(WRONG)("refuses: %s", (_name, rules, error) => {
    const { policy, issues } = compile(rules);
    expect(policy).toBeUndefined();
    expect(errorsOf(issues).join("\n")).toMatch(error);
  });
});
