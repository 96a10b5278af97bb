import { describe, expect, it } from "vitest";
import { A, B, compile, errorsOf, FACTORS, type Json, rule, warningsOf } from "./fixtures.ts";

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
  ["three factors, two joined", [three()], /rules\.0\.join: nothing ties nitro_tpm to the rest/],
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
  ["keys_per_token missing", [msi({})], /rules\.0: state keys_per_token/],
  ["keys_per_token 0", [msi({ keys_per_token: 0 })], /keys_per_token: expected at least 1/],
  ["keys_per_token 1025", [msi({ keys_per_token: 1025 })], /keys_per_token: expected at most 1024/],
  ["keys_per_token with a fraction", [msi({ keys_per_token: 1.5 })], /keys_per_token/],
  [
    "first_claim_within a number",
    [rule({ first_claim_within: 900 })],
    /first_claim_within: .*quote it/,
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
  ["x509 ttl a number", [rule({ x509: { ttl: 3600 } })], /x509\.ttl: .*quote it/],
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

function web(claims: Json, parts: Json = {}): Json {
  return rule({
    evidence: { aws_web_identity: { account: A, ...claims } },
    spiffe_id: "/fn/{aws_web_identity.lambda_function}",
    ...parts,
  });
}
function gcp(claims: Json): Json {
  return rule({ evidence: { gcp_iit: claims }, spiffe_id: "/g" });
}
function msi(parts: Json): Json {
  return rule({
    evidence: { azure_msi: { tenant: "t1" } },
    spiffe_id: "/a/{azure_msi.oid}",
    ...parts,
  });
}
function two(parts: Json): Json {
  return rule({
    evidence: { aws_iid: { account: A }, aws_web_identity: {} },
    join: [["aws_iid.instance_arn", "aws_web_identity.ec2_instance_arn"]],
    ...parts,
  });
}
function three(): Json {
  return two({ evidence: { aws_iid: { account: A }, aws_web_identity: {}, nitro_tpm: {} } });
}

describe("compilePolicy", () => {
  it.each(WRONG)("refuses: %s", (_name, rules, error) => {
    const { policy, issues } = compile(rules);
    expect(policy).toBeUndefined();
    expect(errorsOf(issues).join("\n")).toMatch(error);
  });

  it("says everything that is wrong at once", () => {
    const { issues } = compile(
      [
        rule({ name: "a", spiffe_id: "x", x509: { ttl: "9" } }),
        rule({ name: "r1", evidence: { aws_iid: { account: 5 } } }),
        rule({ name: "b", evidence: { nope: {} } }),
        7,
      ],
      [{ spiffe_id: "no" }, {}],
    );
    expect(errorsOf(issues).map((line) => line.split(":")[0])).toEqual([
      "rules.0.x509.ttl",
      "rules.0.spiffe_id",
      "rules.1.evidence.aws_iid.account",
      "rules.2.evidence.nope",
      "rules.3",
      "deny.0.spiffe_id",
      "deny.1",
    ]);
  });

  it.each([
    ["no rules", []],
    ["the least rule", [rule()]],
    ["one pin listed need not be repeated", [web({ account: undefined })].map(strip)],
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
  });

  it.each([
    [
      "empty factor whose pin is implied",
      [web({ account: undefined })].map(strip),
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

/** Drops members that are undefined, at any depth. */
function strip(value: Json): Json {
  return JSON.parse(JSON.stringify(value)) as Json;
}
