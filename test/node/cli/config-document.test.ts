import { describe, expect, it } from "vitest";
import { readYaml } from "../../../src/cli/config-document.ts";
import { utf8Encode } from "../../../src/encoding/bytes.ts";

const read = (text: string) => readYaml(utf8Encode(text));
const valueOf = (text: string): unknown => {
  const { value, issues } = read(text);
  expect(issues).toEqual([]);
  return value;
};

describe("readYaml", () => {
  it.each<[string, string, unknown]>([
    [
      "words that YAML 1.1 took for booleans",
      "[yes, no, on, off, NO, y]",
      ["yes", "no", "on", "off", "NO", "y"],
    ],
    ["instants", "a: 2026-11-01T00:00:00Z", { a: "2026-11-01T00:00:00Z" }],
    ["sexagesimals", "a: 12:30:45", { a: "12:30:45" }],
    ["quoted account ids", 'a: "012345678901"', { a: "012345678901" }],
    [
      "account ids as keys, as they are written",
      "a: { 012345678901: x, 111122223333: y }",
      { a: { "012345678901": "x", "111122223333": "y" } },
    ],
    [
      "keys that look like something else",
      "true: a\nnull: b\n1.0: c",
      { true: "a", null: "b", "1.0": "c" },
    ],
    ["an alias", "a: &x [1]\nb: *x", { a: [1], b: [1] }],
    ["an alias below a namesake of what it names", "a: &x [&x 1, *x]", { a: [1, 1] }],
    ["JSON", '{"a": [1, "x", null]}', { a: [1, "x", null] }],
    ["the merge key as a key like others", "a: { <<: { b: 1 } }", { a: { "<<": { b: 1 } } }],
  ])("reads %s", (_name, text, expected) => {
    expect(valueOf(text)).toEqual(expected);
  });

  it("keeps a key named __proto__ for what refuses it", () => {
    const value = valueOf("__proto__: { a: 1 }\nb: 2");
    expect(Object.keys(Object(value))).toEqual(["__proto__", "b"]);
    expect(value).not.toHaveProperty("a");
  });

  it.each<[string, string]>([
    ["nothing", ""],
    ["comments only", "# x\n"],
    ["a key twice", "a: 1\na: 2"],
    ["a key twice, once quoted", 'a: 1\n"a": 2'],
    ["a number as key twice", '1: a\n"1": b'],
    ["a key twice in a flow map", "{ a: 1, a: 2 }"],
    ["two documents", "a: 1\n---\nb: 2"],
    ["another version of YAML", "%YAML 1.1\n---\na: 0777"],
    ["a directive of its own", "%TAG ! tag:example.org,2026:\n---\na: !x 1"],
    ["a tag of its own", "a: !secret x"],
    ["binary", "a: !!binary AAAA"],
    ["a set", "a: !!set { x }"],
    ["an object of the language", "a: !!js/function 'x'"],
    ["a list as key", "? [a, b]\n: c"],
    ["a map as key", "? { a: 1 }\n: c"],
    ["an alias that names nothing", "a: *x"],
    ["a tab for indentation", "a:\n\tb: 1"],
    ["an alias in what it names", "a: &x { b: [*x] }"],
    ["no end of a list", "a: [1, 2"],
    ["no end of a text", 'a: "x'],
    ["control characters", "a: \u0000"],
    ["brackets nested too deeply", "[".repeat(200) + "]".repeat(200)],
    [
      "lines nested too deeply",
      Array.from({ length: 200 }, (_, n) => `${" ".repeat(n)}a:`).join("\n"),
    ],
    ["lists nested too deeply", `${"- ".repeat(200)}a`],
    [
      "aliases that multiply",
      [
        "a: &a [x,x,x,x,x,x,x,x,x,x]",
        ..."bcdefghi"
          .split("")
          .map(
            (name, n) =>
              `${name}: &${name} [${Array.from({ length: 10 }, () => `*${"abcdefgh"[n]}`).join(",")}]`,
          ),
      ].join("\n"),
    ],
  ])("refuses %s", (_name, text) => {
    const { value, issues } = read(text);
    expect(value).toBeUndefined();
    expect(issues.length).toBeGreaterThan(0);
    expect(issues.every(({ line, column }) => line >= 1 && column >= 1)).toBe(true);
  });

  it("refuses what is not UTF-8", () => {
    expect(readYaml(new Uint8Array([0x61, 0x3a, 0x20, 0xff])).issues).toHaveLength(1);
  });

  it("finds line and column of a path, or of the last part of it that is there", () => {
    const document = read(
      '# head\nrules:\n  - name: a\n    spiffe_id: /x\n  - name: b\n    jwt: { audiences: ["u", "v"] }\n',
    );
    expect(document.locate(["rules", 0, "spiffe_id"])).toEqual({ line: 4, column: 5 });
    expect(document.locate(["rules", 1, "jwt", "audiences", 1])).toEqual({ line: 6, column: 29 });
    expect(document.locate(["rules", 1, "x509", "ttl"])).toEqual({ line: 5, column: 5 });
    expect(document.locate(["issuer"])).toEqual({ line: 2, column: 1 });
    expect(document.locate([])).toEqual({ line: 2, column: 1 });
    expect(read("a: &a\n  m: 1\n  n: 2\nb: *a").locate(["b", "n"])).toEqual({
      line: 3,
      column: 3,
    });
  });

  it("tells each key that stands twice, in the order of the text", () => {
    expect(read('a: { b: 1, c: 2, b: 3 }\n"a": 4\nd: 5\na: 6').issues).toEqual(
      [
        [1, 18, "b"],
        [2, 1, "a"],
        [4, 1, "a"],
      ].map(([line, column, key]) => ({
        path: [],
        line,
        column,
        message: `the key "${key}" stands twice in its map`,
        severity: "error",
      })),
    );
  });
});
