import { describe, expect, it } from "vitest";
import type { ClaimValue } from "../../../src/attestation.ts";
import { match } from "../../../src/policy/match.ts";
import { A, fact, iid, NOW, policyOf, rule } from "./fixtures.ts";

const files = {
  ...import.meta.glob("../../../../shared/vectors/third-party/naughty-strings/blns.json", {
    query: "?raw",
    import: "default",
    eager: true,
  }),
  ...import.meta.glob("../../../../shared/vectors/third-party/spiffe/spiffe-id-cases.json", {
    query: "?raw",
    import: "default",
    eager: true,
  }),
} as Record<string, string>;
const vector = (name: string) => Object.entries(files).find(([path]) => path.endsWith(name))?.[1];

/** A template for each place that a value can stand in, and a fixed rule behind that must not be fallen through to. */
const TEMPLATES = [
  "/{aws_iid.instance_id}",
  "/vm/{aws_iid.instance_id}",
  "/vm/{aws_iid.instance_id}/x",
  "/vm/a{aws_iid.instance_id}",
  "/{aws_iid.instance_id}.b/x",
];
const POLICIES = TEMPLATES.map((spiffe_id) =>
  policyOf([rule({ spiffe_id }), rule({ name: "fallback", spiffe_id: "/fallback" })]),
);

/** What is given for the value by each of the templates. A refusal must be of the value, by the first rule. */
function issue(value: ClaimValue): string[] {
  return POLICIES.flatMap((policy) => {
    const result = match(policy, [iid({ instance_id: value })], { now: NOW });
    if (result.ok) return [result.value.spiffeId.uri];
    return result.error.reason === "template_value_illegal" ? [] : [result.error.reason];
  });
}

/** The grammar once more, as an expression: what may be issued at all. */
const LEGAL = /^spiffe:\/\/prod\.example\.org(\/(?!\.\.?(\/|$))[A-Za-z0-9._-]+)+$/;

describe("hostile values in templates", () => {
  it.each<[string, ClaimValue]>([
    ["empty", ""],
    ["dot", "."],
    ["dots", ".."],
    ["climbing", "../admin"],
    ["slash", "a/b"],
    ["leading slash", "/a"],
    ["trailing slash", "a/"],
    ["backslash", "a\\b"],
    ["percent dot", "%2e"],
    ["percent dots", "%2e%2e"],
    ["percent slash", "a%2Fb"],
    ["NUL", "a\u0000"],
    ["NUL alone", "\u0000"],
    ["line end", "a\n"],
    ["carriage return", "\ra"],
    ["space", "a b"],
    ["tab", "a\t"],
    ["Cyrillic a", "\u0430dmin"],
    ["full width", "\uff41dmin"],
    ["full width slash", "a\uff0fb"],
    ["full width dots", "\uff0e\uff0e"],
    ["combining", "e\u0301"],
    ["right to left", "a\u202eb"],
    ["zero width", "a\u200bb"],
    ["byte order mark", "\ufeffa"],
    ["lone surrogate", "\ud800"],
    ["emoji", "a\u{1f600}"],
    ["Kelvin sign, which lower-cases to k", "\u212a"],
    ["query", "a?b"],
    ["fragment", "a#b"],
    ["port", "a:1"],
    ["user", "u@a"],
    ["star", "*"],
    ["braces", "{aws_iid.account}"],
    ["whole SPIFFE ID", "spiffe://prod.example.org/admin"],
    ["over-long", "a".repeat(2049)],
    ["a number where text is expected", 7],
    ["not a number", Number.NaN],
    ["a boolean", true],
    ["a list", ["a"]],
    ["an empty list", []],
  ])("refuses %s everywhere", (_name, value) => {
    expect(issue(value)).toEqual([]);
  });

  it("refuses generated text beyond ASCII and every other illegal character", () => {
    const characters = Array.from({ length: 0x3000 }, (_, code) => String.fromCodePoint(code));
    const given = characters.filter(
      (character) => match(policyOfOne, [iid({ instance_id: `a${character}b` })], { now: NOW }).ok,
    );
    expect(given.join("")).toBe(
      "-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz",
    );
  });

  it("keeps capitals, dots and length as they are: different values, different SPIFFE IDs", () => {
    const values = ["a", "A", "a.", ".a", "a..", "-a", "a-", "_", "...", "0", "00"];
    expect(new Set(values.flatMap((value) => issue(value)[1] ?? [])).size).toBe(values.length);
  });

  it("takes numbers only where the evidence says number, and whole ones", () => {
    const policy = policyOf([rule({ spiffe_id: "/{aws_iid.pending}" })]);
    const of = (pending: ClaimValue) => {
      const result = match(policy, [iid({ pending })], { now: NOW });
      return result.ok ? result.value.spiffeId.path : result.error.reason;
    };
    expect(of(12)).toBe("/12");
    for (const value of [1.5, 1e300, 2 ** 53, Infinity, Number.NaN, "12"])
      expect(of(value)).toBe("template_value_illegal");
    const open = policyOf([
      rule({ evidence: { "oidc.dev": { sub: "a" } }, spiffe_id: "/{oidc.dev.n}" }),
    ]);
    expect(match(open, [fact("oidc.dev", { sub: "a", n: 12 })], { now: NOW }).ok).toBe(false);
  });

  it("does not read claims that an object inherits", () => {
    const policy = policyOf([
      rule({ evidence: { "oidc.dev": { sub: "a" } }, spiffe_id: "/{oidc.dev.constructor}" }),
    ]);
    expect(match(policy, [fact("oidc.dev", { sub: "a" })], { now: NOW }).ok).toBe(false);
    const polluted: Record<string, ClaimValue> = JSON.parse(
      `{ "account": "${A}", "__proto__": { "instance_id": "x" } }`,
    );
    expect(match(policyOf([rule()]), [fact("aws_iid", polluted)], { now: NOW }).ok).toBe(false);
  });

  const blns = vector("blns.json");
  it.skipIf(blns === undefined)(
    "big list of naughty strings: what is issued is legal and whole",
    () => {
      const strings: string[] = JSON.parse(blns ?? "[]");
      let issued = 0;
      for (const text of strings) {
        for (const uri of issue(text)) {
          issued++;
          expect(uri).toMatch(LEGAL);
          expect(uri).toContain(text);
        }
      }
      expect(strings.length).toBe(515);
      expect(issued).toBeGreaterThan(0);
    },
  );

  const cases = vector("spiffe-id-cases.json");
  it.skipIf(cases === undefined)("435 invalid SPIFFE IDs: 0 issued", () => {
    const all: { cases: { input: string; valid: boolean }[] } = JSON.parse(cases ?? "");
    const invalid = all.cases.filter(({ valid }) => !valid);
    expect(invalid).toHaveLength(435);
    let issued = 0;
    for (const { input } of invalid) {
      if (input !== "s") issued += issue(input).length; // no SPIFFE ID for want of a scheme, but a good segment
      const path = /^spiffe:\/\/[^/]*(\/.*)$/s.exec(input)?.[1] ?? "";
      // Whatever was illegal of the path as a whole is not made legal by taking it apart.
      for (const part of path.split("/")) for (const uri of issue(part)) expect(uri).toMatch(LEGAL);
    }
    expect(issued).toBe(0);
  });
  if (blns === undefined || cases === undefined)
    console.log("skipped: ../shared/vectors/third-party is not there");
});

const policyOfOne = policyOf([rule()]);
