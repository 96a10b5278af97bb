import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { editKeys, type KeyEdit } from "../../../src/cli/keys/edit.ts";
import { CommandError } from "../../../src/cli/errors.ts";

const add: KeyEdit = { add: { id: "jwt-8", backend: "local", key: { a: "b c" } } };
const remove: KeyEdit = { index: 0, set: { removed_at: "2026-11-01T00:00:00Z" } };
const one = { id: "jwt-7", backend: "local" };

describe("an edit of a list of keys", () => {
  it.for<[string, string]>([
    [
      "block style",
      "keys:\n  jwt:\n    - id: jwt-7 # first\n      backend: local # where\n  # end\nx: [1,  2]\n",
    ],
    ["dashes where the key is", "keys:\n  jwt:\n  - id: jwt-7\n    backend: local\nx: 1"],
    ["no line break at the end", "x: 1\nkeys:\n  jwt:\n    - id: jwt-7\n      backend: local"],
    ["flow style", "keys: { jwt: [{ id: jwt-7, backend: local }] } # all\n"],
    ["entries in flow style", "keys:\n  jwt:\n    - { id: jwt-7, backend: local } # one\n    \n"],
    ["JSON", '{ "keys": { "jwt": [{ "id": "jwt-7", "backend": "local" }] } }'],
    [
      "a block scalar at the end",
      "keys:\n  jwt:\n    - id: jwt-7\n      backend: |-\n        local\n",
    ],
  ])("of %s changes what it should and nothing else", ([, text]) => {
    const added = editKeys(text, ["keys"], "jwt", add);
    const before = parse(text);
    expect(parse(added)).toEqual({
      ...before,
      keys: { jwt: [one, { id: "jwt-8", backend: "local", key: { a: "b c" } }] },
    });
    const removed = editKeys(text, ["keys"], "jwt", remove);
    expect(parse(removed)).toEqual({
      ...before,
      keys: { jwt: [{ ...one, removed_at: "2026-11-01T00:00:00Z" }] },
    });
    const comments = text.match(/#.*/g) ?? [];
    for (const comment of comments) {
      expect(added).toContain(comment);
      expect(removed).toContain(comment);
    }
  });

  it("leaves every other byte of block style alone", () => {
    const text =
      "a:  [1,2]\nkeys:\n  jwt:\n    - id: jwt-7\n      removed_at: \"x\"  # odd\n\nb: 'c'\n";
    expect(editKeys(text, ["keys"], "jwt", remove)).toBe(
      text.replace('"x"', "2026-11-01T00:00:00Z"),
    );
    const added = editKeys(text, ["keys"], "jwt", { add: { id: "jwt-8" } });
    expect(added).toBe(text.replace("# odd\n", "# odd\n    - id: jwt-8\n"));
  });

  it("begins a list, and a section, where there is none", () => {
    expect(parse(editKeys("keys:\n  x509: []\n", ["keys"], "jwt", add)).keys.jwt).toHaveLength(1);
    expect(parse(editKeys("a: 1\n", ["keys"], "jwt", add)).keys.jwt).toHaveLength(1);
    expect(parse(editKeys("# made\njwt: []\n", [], "jwt", add)).jwt).toHaveLength(1);
  });

  it("is refused where the list stands for another", () => {
    const text = "keys:\n  jwt: &j\n    - id: a\n  wit: *j\n";
    expect(() => editKeys(text, ["keys"], "wit", add)).toThrow(CommandError);
  });

  it("writes whatever text an entry holds so that it reads back", () => {
    // Printable ASCII alone, as strings are where nothing is said, has no line breaks.
    const marks = ["\n", "\r", "\t", "\u0085", "\u2028", "\ufeff", "\0", " ", ": ", " #", "- "];
    const unit = fc.constantFrom(...marks, "'", '"', "\\", "|", ">", "&a", "*a", "{", "a", "1");
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: "binary" }), fc.string({ unit })), (value) => {
        const text = "jwt:\n  - id: jwt-7\n";
        expect(parse(editKeys(text, [], "jwt", { add: { id: "x", value } })).jwt[1].value).toBe(
          value,
        );
      }),
      { numRuns: 500 },
    );
  });
});
