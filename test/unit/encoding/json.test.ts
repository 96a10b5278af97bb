import { describe, expect, it } from "vitest";
import { utf8Encode } from "../../../src/encoding/bytes.ts";
import { member, parseJson, parseJsonObject } from "../../../src/encoding/json.ts";

const duplicate = { ok: false, error: { reason: "json_duplicate_key" } };
const malformed = { ok: false, error: { reason: "json_malformed" } };

function nested(depth: number): string {
  return "[".repeat(depth) + "]".repeat(depth);
}

describe("parseJson", () => {
  it.each<[string, unknown]>([
    ["{}", {}],
    ["[]", []],
    ['{"a":{"a":1},"b":[{"a":1},{"a":2}]}', { a: { a: 1 }, b: [{ a: 1 }, { a: 2 }] }],
    ['{"a:b":"c:d","e":":{\\":\\\\"}', { "a:b": "c:d", e: ':{":\\' }],
    ['"\\ud83d\\ude00"', "\u{1f600}"],
    ['"\\ud800\\udc00\\udbff\\udfff"', "\u{10000}\u{10ffff}"],
    ['"\\ud7ff\\ue000\\uffff"', "\ud7ff\ue000\uffff"],
    [' \t\r\n{"a" : null } ', { a: null }],
    ["-0.5e+3", -500],
    ['{"":1}', { "": 1 }],
  ])("takes %s", (text, value) => {
    expect(parseJson(text)).toEqual({ ok: true, value });
    expect(parseJson(utf8Encode(text))).toEqual({ ok: true, value });
  });

  it.each([
    '{"a":1,"a":1}',
    '{"a":1,"a":2}',
    '{"x":{"a":1,"b":2,"a":3}}',
    '[[{"a":1,"a":2}]]',
    '{"a":{"c":1},"b":{"c":1,"c":{}}}',
    '{"__proto__":1,"__proto__":2}',
    '{"constructor":1,"constructor":2}',
    '{"":1,"":2}',
    '{"1":1,"1":2}',
    '{"\u00e9":1,"\u00e9":2}',
  ])("refuses a name twice: %s", (text) => {
    expect(parseJson(text)).toMatchObject(duplicate);
    expect(parseJson(utf8Encode(text))).toMatchObject(duplicate);
  });

  it.each([
    '{"\\u0061":1}',
    '{"a":1,"\\u0061":2}',
    '{"\\"":1}',
    '{"\\\\" :1}',
    '{"a\\/b":1}',
    '[{"b":{"a\\n"\n:1}}]',
    '{"\\u0000":1}',
    '{"\\"a:":1,"\\"a:":2}',
  ])("refuses a name with an escape, which V8 may misread: %s", (text) => {
    // What makes V8 misread: a name with a backslash, anywhere before.
    JSON.parse('{"h":[],"\\\\":0}');
    expect(parseJson(text)).toMatchObject(malformed);
    expect(parseJson(utf8Encode(text))).toMatchObject(malformed);
  });

  it("takes values with any escape", () => {
    expect(parseJson('{"a":"\\u0061\\n\\"\\\\:","b":["\\/",":"]}')).toEqual({
      ok: true,
      value: { a: 'a\n"\\:', b: ["/", ":"] },
    });
  });

  it("keeps names apart that only look alike", () => {
    expect(parseJson('{"\u00e9":1,"e\u0301":2}').ok).toBe(true);
    expect(parseJson('{"a":1,"A":2}').ok).toBe(true);
  });

  it.each([
    "",
    " ",
    "{",
    '{"a":1,}',
    "{'a':1}",
    "{a:1}",
    "[1,]",
    "01",
    "+1",
    ".5",
    "NaN",
    "Infinity",
    "undefined",
    '"\t"',
    '"\\x41"',
    '"abc',
    '"abc\\',
    '{"a"::1}',
    "{}{}",
    "{}\u0000",
    "\u00a0{}",
    "/**/{}",
    "\ufeff{}",
  ])("refuses what is not JSON: %j", (text) => {
    expect(parseJson(text)).toMatchObject(malformed);
    expect(parseJson(utf8Encode(text))).toMatchObject(malformed);
  });

  it("refuses bytes that are not UTF-8, and a byte order mark", () => {
    expect(parseJson(Uint8Array.of(0x22, 0xff, 0x22))).toMatchObject(malformed);
    expect(parseJson(Uint8Array.of(0xef, 0xbb, 0xbf, 0x7b, 0x7d))).toMatchObject(malformed);
    expect(parseJson(Uint8Array.of(0x7b, 0, 0x7d, 0))).toMatchObject(malformed);
  });

  it.each([
    '"\\ud800"',
    '"\\udbff"',
    '"\\udfff"',
    '"\\udc00\\ud800"',
    '"\\udc00\\udc00"',
    '"\\udfff\\udfff"',
    '"\\ud800\\udbff"',
    '"\\ud800\\ue000"',
    '"\\ud800\\uffff"',
    '{"\\ud800":1}',
    '["\\ud83d x"]',
    '"\\ud83d\\ud83d"',
  ])("refuses a lone surrogate: %s", (text) => {
    expect(parseJson(text)).toMatchObject(malformed);
  });

  it.each(["1e400", "-1e400", '{"exp":1e999}', "[[1e309]]"])(
    "refuses a number that would become infinite: %s",
    (text) => {
      expect(parseJson(text)).toMatchObject(malformed);
    },
  );

  it("takes 32 levels and not one more, or as many as told", () => {
    expect(parseJson(nested(32)).ok).toBe(true);
    expect(parseJson(nested(33))).toMatchObject(malformed);
    expect(parseJson(`${'{"a":'.repeat(33)}1${"}".repeat(33)}`)).toMatchObject(malformed);
    expect(parseJson(nested(2), { maxDepth: 1 })).toMatchObject(malformed);
    expect(parseJson(nested(40), { maxDepth: 40 }).ok).toBe(true);
    expect(parseJson("[".repeat(1_000_000))).toMatchObject(malformed);
  });

  it("does not take brackets in strings for nesting", () => {
    expect(parseJson(JSON.stringify(["[".repeat(100), '"{'.repeat(100)])).ok).toBe(true);
  });

  it("gives `__proto__` no power over anything", () => {
    const parsed = parseJsonObject('{"__proto__":{"admin":true},"constructor":{"prototype":1}}');
    expect(parsed.ok && member(parsed.value, "admin")).toBeUndefined();
    expect(parsed.ok && parsed.value["admin"]).toBeUndefined();
    expect(({} as Record<string, unknown>)["admin"]).toBeUndefined();
  });
});

describe("parseJsonObject", () => {
  it.each(["[]", "1", '"a"', "null", "true"])("refuses %s", (text) => {
    expect(parseJsonObject(text)).toMatchObject(malformed);
  });
});

describe("member", () => {
  it("never gives an inherited one", () => {
    const parsed = parseJsonObject('{"a":1}');
    if (!parsed.ok) throw new Error("not an object");
    expect(member(parsed.value, "a")).toBe(1);
    for (const name of ["constructor", "toString", "hasOwnProperty", "__proto__", "valueOf"])
      expect(member(parsed.value, name)).toBeUndefined();
  });
});
