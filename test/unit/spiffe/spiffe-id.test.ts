import { describe, expect, it } from "vitest";
import { isPathSegment, parseSpiffeId, spiffeIdOf } from "../../../src/spiffe/spiffe-id.ts";
import {
  isConfigurableTrustDomain,
  isTrustDomain,
  parseTrustDomain,
  type TrustDomain,
} from "../../../src/spiffe/trust-domain.ts";

interface Case {
  readonly id: string;
  readonly input: string;
  readonly valid: boolean;
}

const files = import.meta.glob<string>(
  "../../../../shared/vectors/third-party/spiffe/spiffe-id-cases.json",
  { query: "?raw", import: "default", eager: true },
);
const [text] = Object.values(files);

function trustDomain(name: string): TrustDomain {
  const parsed = parseTrustDomain(name);
  if (!parsed.ok) throw new Error(`not a trust domain: ${name}`);
  return parsed.value;
}

function uriOf(length: number): string {
  return `spiffe://td/${"a".repeat(length - 12)}`;
}

describe("parseSpiffeId", () => {
  it.skipIf(text === undefined)("judges all 547 public cases as they say", () => {
    const { cases }: { readonly cases: readonly Case[] } = JSON.parse(text ?? "");
    const wrong = cases.filter(({ input, valid }) => parseSpiffeId(input).ok !== valid);
    expect(cases).toHaveLength(547);
    expect(wrong.map(({ id }) => id)).toEqual([]);
  });

  it("gives the parts, and the whole as it stood", () => {
    const parsed = parseSpiffeId("spiffe://prod.example.org/ns/default/sa/API_v1.2");
    expect(parsed).toMatchObject({
      ok: true,
      value: { trustDomain: "prod.example.org", path: "/ns/default/sa/API_v1.2" },
    });
    expect(parsed.ok && String(parsed.value)).toBe(
      "spiffe://prod.example.org/ns/default/sa/API_v1.2",
    );
  });

  it("gives the trust domain's own ID an empty path", () => {
    expect(parseSpiffeId("spiffe://td")).toMatchObject({
      ok: true,
      value: { trustDomain: "td", path: "", uri: "spiffe://td" },
    });
  });

  it("takes 2048 bytes and not one more", () => {
    expect(parseSpiffeId(uriOf(2048)).ok).toBe(true);
    expect(parseSpiffeId(uriOf(2049)).ok).toBe(false);
  });

  it("takes a trust domain of 255 bytes and not one more", () => {
    expect(parseSpiffeId(`spiffe://${"a".repeat(255)}/x`).ok).toBe(true);
    expect(parseSpiffeId(`spiffe://${"a".repeat(256)}/x`).ok).toBe(false);
  });

  it.each([
    ["a dot segment that a URL parser would resolve", "spiffe://td/a/../b"],
    ["an escaped dot segment", "spiffe://td/%2e%2e/b"],
    ["a tab that a URL parser would strip", "spiffe://t\td/a"],
    ["a newline at the end", "spiffe://td/a\n"],
    ["white space before", " spiffe://td/a"],
    ["an upper-case scheme", "SPIFFE://td/a"],
    ["a Cyrillic letter", "spiffe://td/\u0430"],
    ["a fullwidth letter", "spiffe://td/\uff41"],
    ["a character whose low octet is legal", "spiffe://td/\u0161"],
    ["a NUL", "spiffe://td/a\u0000"],
    ["a backslash", "spiffe://td\\a"],
    ["another scheme", "https://td/a"],
    ["a missing slash", "spiffe:/td/a"],
    ["a query without text", "spiffe://td/a?"],
    ["a fragment without text", "spiffe://td/a#"],
    ["an IPv6 address", "spiffe://[::1]/a"],
    ["a trailing slash", "spiffe://td/a/"],
    ["a slash alone", "spiffe://td/"],
  ])("refuses %s", (_, uri) => {
    expect(parseSpiffeId(uri)).toMatchObject({ ok: false, error: { reason: "claim_value" } });
  });

  it("judges every character below U+0200 in both parts by its own octet", () => {
    for (let code = 0; code < 0x200; code++) {
      const character = String.fromCharCode(code);
      expect(isTrustDomain(`a${character}`), `U+${code.toString(16)}`).toBe(
        /^[a-z0-9._-]$/.test(character),
      );
      expect(isPathSegment(`a${character}`), `U+${code.toString(16)}`).toBe(
        /^[a-zA-Z0-9._-]$/.test(character),
      );
    }
  });
});

describe("spiffeIdOf", () => {
  it("joins what parseSpiffeId takes apart", () => {
    const made = spiffeIdOf(trustDomain("td"), "/a/b");
    expect(made).toEqual(parseSpiffeId("spiffe://td/a/b"));
    expect(spiffeIdOf(trustDomain("td"), "")).toEqual(parseSpiffeId("spiffe://td"));
  });

  // Without its slash a path would go on with the trust domain's name.
  it.each([
    "a",
    ".example/a",
    "-other",
    "/",
    "//a",
    "/a/",
    "/a//b",
    "/./a",
    "/a/..",
    "/a b",
    "/a?b",
    "/a%2f",
  ])("refuses the path %j", (path) => {
    expect(spiffeIdOf(trustDomain("td"), path).ok).toBe(false);
  });

  it("refuses an ID that would be too long", () => {
    expect(spiffeIdOf(trustDomain("td"), `/${"a".repeat(2036)}`).ok).toBe(true);
    expect(spiffeIdOf(trustDomain("td"), `/${"a".repeat(2037)}`).ok).toBe(false);
  });
});

describe("isPathSegment", () => {
  it.each(["a", "A-1_b.c", "...", ".a", "a..", "-", "_"])("takes %j", (segment) => {
    expect(isPathSegment(segment)).toBe(true);
  });

  it.each(["", ".", "..", "a/b", "/", "a b", "a:b", "a%20", "é", "a\u0000", "a\n", "../a"])(
    "refuses %j",
    (segment) => {
      expect(isPathSegment(segment)).toBe(false);
    },
  );
});

describe("isConfigurableTrustDomain", () => {
  it.each([
    "td",
    "prod.example.org",
    "a_b.c",
    "10.0.0.1",
    `${"a".repeat(63)}.b`,
    `${"a".repeat(63)}.${"b".repeat(63)}.${"c".repeat(63)}.${"d".repeat(61)}`,
  ])("takes %j", (name) => {
    expect(isConfigurableTrustDomain(trustDomain(name))).toBe(true);
  });

  it.each([
    ".a",
    "a.",
    "a..b",
    ".",
    `${"a".repeat(64)}.b`,
    Array.from({ length: 64 }, () => "aaa").join("."),
    `${"a".repeat(63)}.${"b".repeat(63)}.${"c".repeat(63)}.${"d".repeat(62)}`,
  ])("refuses %j, which Go's X.509 parser refuses", (name) => {
    expect(isConfigurableTrustDomain(trustDomain(name))).toBe(false);
  });
});

describe("parseTrustDomain", () => {
  it.each(["", "A", "spiffe://td", "td/", "td:1", "u@td", "td\n", "é", "a".repeat(256)])(
    "refuses %j",
    (name) => {
      expect(parseTrustDomain(name).ok).toBe(false);
    },
  );
});
