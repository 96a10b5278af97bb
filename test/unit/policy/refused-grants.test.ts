import { describe, expect, it } from "vitest";
import { compile, errorsOf, rule, web } from "./fixtures.ts";

/** One wrong rule each, and what must be said of it. */
const WRONG: readonly [name: string, rules: unknown, error: RegExp][] = [
  ["spiffe_id absent", [rule({ spiffe_id: undefined })], /spiffe_id: required/],
  ["spiffe_id empty", [rule({ spiffe_id: "" })], /spiffe_id: must not be empty/],
  ["the trust domain itself", [rule({ spiffe_id: "/" })], /spiffe_id: "" is not a legal/],
  ["no leading slash", [rule({ spiffe_id: "vm" })], /begins with \//],
  ["a whole SPIFFE ID", [rule({ spiffe_id: "spiffe://prod.example.org/vm" })], /path alone/],
  ["trailing slash", [rule({ spiffe_id: "/vm/" })], /spiffe_id: "" is not/],
  ["empty segment", [rule({ spiffe_id: "/vm//x" })], /spiffe_id: "" is not/],
  ["dot segment", [rule({ spiffe_id: "/vm/../x" })], /spiffe_id: "\.\." is not/],
  ["percent", [rule({ spiffe_id: "/v%6d" })], /spiffe_id/],
  ["unicode", [rule({ spiffe_id: "/vм" })], /spiffe_id/],
  ["space", [rule({ spiffe_id: "/v m" })], /spiffe_id/],
  ["star", [rule({ spiffe_id: "/vm/*" })], /spiffe_id/],
  ["query", [rule({ spiffe_id: "/vm?x" })], /spiffe_id/],
  ["reserved path", [rule({ spiffe_id: "/spire/agent" })], /\/spire is reserved/],
  ["our reserved path", [rule({ spiffe_id: "/svidmint" })], /\/svidmint is reserved/],
  ["too long", [rule({ spiffe_id: `/${"a".repeat(2048)}` })], /spiffe_id/],
  ["too long behind the trust domain", [rule({ spiffe_id: `/${"a".repeat(2030)}` })], /too long/],
  ["brace open", [rule({ spiffe_id: "/{aws_iid.instance_id" })], /no closing brace/],
  ["brace closed", [rule({ spiffe_id: "/aws_iid.instance_id}" })], /not a legal path segment/],
  ["variable empty", [rule({ spiffe_id: "/{}" })], /names no claim/],
  [
    "variable without factor",
    [rule({ spiffe_id: "/{instance_id}" })],
    /names no claim of this rule's evidence/,
  ],
  ["variable of another factor", [rule({ spiffe_id: "/{gcp_iit.instance_id}" })], /names no claim/],
  ["variable without claim", [rule({ spiffe_id: "/{aws_iid.}" })], /ends without a claim/],
  [
    "variable unknown",
    [rule({ spiffe_id: "/{aws_iid.instance}" })],
    /has no claim "instance": perhaps instance_id/,
  ],
  [
    "variable inherited",
    [rule({ spiffe_id: "/{aws_iid.constructor}" })],
    /has no claim "constructor"/,
  ],
  [
    "variable a list",
    [web({}, { spiffe_id: "/{aws_web_identity.ou_path}" })],
    /is a list, which no path can hold/,
  ],
  ["variable a boolean", [web({}, { spiffe_id: "/{aws_web_identity.mfa}" })], /true or false/],
  [
    "two variables in a segment",
    [rule({ spiffe_id: "/{aws_iid.region}-{aws_iid.instance_id}" })],
    /two claims in one segment/,
  ],
  [
    "slash beside a variable",
    [rule({ spiffe_id: "/%{aws_iid.region}" })],
    /characters that no path may have/,
  ],
  [
    "value that no path can hold",
    [
      web(
        { ec2_instance_arn: "arn:aws:x/y" },
        { spiffe_id: "/{aws_web_identity.ec2_instance_arn}" },
      ),
    ],
    /always be refused/,
  ],

  ["gives nothing", [rule({ x509: undefined })], /rules\.0: gives nothing/],
  ["x509 null", [rule({ x509: null })], /x509/],
  ["x509 true", [rule({ x509: true })], /x509/],
  ["x509 ttl null", [rule({ x509: { ttl: null } })], /x509\.ttl/],
  ["x509 ttl too long", [rule({ x509: { ttl: "25h" } })], /x509\.ttl: expected 1m to 1d/],
  ["x509 ttl too short", [rule({ x509: { ttl: "59s" } })], /x509\.ttl: expected 1m to 1d/],
  ["x509 ttl without unit", [rule({ x509: { ttl: "60" } })], /x509\.ttl/],
  [
    "x509 ttl a number",
    [rule({ x509: { ttl: 3600 } })],
    /x509\.ttl: expected a whole number and a unit/,
  ],
  ["x509 ttl zero", [rule({ x509: { ttl: "0s" } })], /x509\.ttl/],
  ["x509 key types empty", [rule({ x509: { key_types: [] } })], /key_types: must not be empty/],
  ["x509 key types unknown", [rule({ x509: { key_types: ["dsa"] } })], /key_types\.0/],
  ["jwt without audiences", [rule({ jwt: { ttl: "5m" } })], /jwt\.audiences: required/],
  ["jwt audiences empty", [rule({ jwt: { audiences: [] } })], /jwt\.audiences: must not be empty/],
  [
    "jwt audience empty",
    [rule({ jwt: { audiences: [""] } })],
    /jwt\.audiences\.0: must not be empty/,
  ],
  [
    "jwt audience a text",
    [rule({ jwt: { audiences: "https://a" } })],
    /jwt\.audiences: expected a list/,
  ],
  [
    "jwt audience is us",
    [rule({ jwt: { audiences: ["https://id.example.org"] } })],
    /audiences\.0: is this issuer itself/,
  ],
  [
    "jwt audience is us with a slash",
    [rule({ jwt: { audiences: ["https://id.example.org/"] } })],
    /is this issuer itself/,
  ],
  [
    "jwt audience is us in capitals",
    [rule({ jwt: { audiences: ["HTTPS://ID.example.org"] } })],
    /is this issuer itself/,
  ],
  [
    "jwt audience is our endpoint",
    [rule({ jwt: { audiences: ["https://id.example.org/v1/svids"] } })],
    /is this issuer itself/,
  ],
  [
    "jwt audience with /jkt/",
    [rule({ jwt: { audiences: ["https://other.example/jkt/abc"] } })],
    /holds \/jkt\//,
  ],
  ["jwt audience a glob", [rule({ jwt: { audiences: ["https://*.example"] } })], /compared whole/],
  ["jwt audience with a space", [rule({ jwt: { audiences: ["a b"] } })], /spaces/],
  [
    "jwt audience unicode",
    [rule({ jwt: { audiences: ["https://ex\u0430mple"] } })],
    /beyond ASCII/,
  ],
  [
    "jwt 33 audiences",
    [rule({ jwt: { audiences: Array.from({ length: 33 }, (_, n) => `a${n}`) } })],
    /at most 32/,
  ],
  [
    "jwt ttl too long",
    [rule({ jwt: { ttl: "61m", audiences: ["a"] } })],
    /jwt\.ttl: expected 30s to 1h/,
  ],
  ["wit ttl too long", [rule({ wit: { ttl: "2d" } })], /wit\.ttl/],
  [
    "shared_id a text",
    [rule({ shared_id: "true" })],
    /shared_id: expected true or false, found text/,
  ],
];

describe("SPIFFE ID and limits of a rule", () => {
  it.each(WRONG)("refuses: %s", (_name, rules, error) => {
    const { policy, issues } = compile(rules);
    expect(policy).toBeUndefined();
    expect(errorsOf(issues).join("\n")).toMatch(error);
  });

  it.each([
    "https://ID.example.org/Prod",
    "https://ID.example.org/Prod/",
    "https://id.example.org/prod",
  ])("refuses an audience that is this issuer, of whatever letters that is: %s", (issuer) => {
    for (const end of ["", "/", "/v1/svids"]) {
      const audiences = [`https://id.example.org/Prod${end}`];
      const { issues } = compile([rule({ jwt: { audiences } })], undefined, { issuer });
      expect(errorsOf(issues).join("\n")).toMatch(/audiences\.0: is this issuer itself/);
    }
    const { issues } = compile(
      [rule({ jwt: { audiences: ["https://id.example.org/Production"] } })],
      undefined,
      { issuer },
    );
    expect(errorsOf(issues)).toEqual([]);
  });
});
