import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { utf8Encode } from "../../../src/encoding/bytes.ts";
import { parseJson } from "../../../src/encoding/json.ts";

/** A document as a tree of pairs, in which an object can have one name twice. */
type Tree =
  | { readonly pairs: readonly (readonly [string, Tree])[] }
  | { readonly items: readonly Tree[] }
  | { readonly leaf: string | number | boolean | null };

// Few names, so that they meet; among them such as a scan could trip over.
const name = fc.constantFrom(
  "a",
  "b",
  "",
  ":",
  "{",
  "}",
  "[",
  "]",
  "\u00e9",
  "__proto__",
  "a:",
  "'",
);
const leaf = fc
  .oneof(
    fc.string({ maxLength: 6 }),
    fc.constantFrom('":', '\\"', "{}:", "\\"),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
  )
  .map((value) => ({ leaf: value }));
const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    leaf,
    fc.record({ pairs: fc.array(fc.tuple(name, tie("tree")), { maxLength: 4 }) }),
    fc.record({ items: fc.array(tie("tree"), { maxLength: 3 }) }),
  ),
}));

function write(node: Tree): string {
  if ("leaf" in node) return JSON.stringify(node.leaf);
  if ("items" in node) return `[ ${node.items.map(write).join(" , ")}]`;
  const members = node.pairs.map(([key, value]) => `${JSON.stringify(key)} :${write(value)}`);
  return `{${members.join(",")} }`;
}

function hasDuplicate(node: Tree): boolean {
  if ("leaf" in node) return false;
  if ("items" in node) return node.items.some(hasDuplicate);
  const names = node.pairs.map(([key]) => key);
  return new Set(names).size < names.length || node.pairs.some(([, value]) => hasDuplicate(value));
}

describe("parseJson", () => {
  it("finds every name that stands twice, and no other", () => {
    fc.assert(
      fc.property(tree, (document) => {
        const text = write(document);
        const expected = hasDuplicate(document)
          ? { ok: false, error: { reason: "json_duplicate_key" } }
          : { ok: true, value: JSON.parse(text) };
        expect(parseJson(text)).toEqual(expected);
        expect(parseJson(utf8Encode(text))).toEqual(expected);
      }),
      { numRuns: 5000 },
    );
  });

  it("takes no name with an escape in it, wherever it stands", () => {
    const escapedName = fc.constantFrom('"\\u0061"', '"\\""', '"x\\\\"', '"\\/x"', '"\\n:"');
    fc.assert(
      fc.property(tree, tree, escapedName, (before, value, text) => {
        const document = `{"a":${write(before)},${text} :${write(value)}}`;
        expect(parseJson(document).ok).toBe(false);
        expect(parseJson(`[${document}]`).ok).toBe(false);
      }),
    );
  });

  it("takes nothing that JSON.parse does not, and gives what it gives", () => {
    const nearly = fc
      .array(
        fc.constantFrom(
          "{",
          "}",
          "[",
          "]",
          ",",
          ":",
          '"',
          "\\",
          '"a"',
          "1",
          "-",
          ".",
          "e",
          "null",
          " ",
          "\\u",
          "00",
        ),
        { maxLength: 14 },
      )
      .map((parts) => parts.join(""));
    fc.assert(
      fc.property(fc.oneof(nearly, fc.json()), (text) => {
        const parsed = parseJson(text);
        expect(parsed.ok ? parsed.value : undefined).toEqual(
          parsed.ok ? JSON.parse(text) : undefined,
        );
      }),
      { numRuns: 5000 },
    );
  });

  it("takes all JSON that no restriction is about", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = JSON.stringify(value);
        fc.pre(!/\\[^]*":/.test(text));
        expect(parseJson(text)).toEqual({ ok: true, value: JSON.parse(text) });
      }),
    );
  });
});
