import { decode, encode } from "cborg";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromHex } from "../../../src/encoding/bytes.ts";
import { parseCbor } from "../../../src/encoding/cbor.ts";

function parse(hex: string, depth = 4) {
  return parseCbor(fromHex(hex) ?? new Uint8Array(), depth);
}

describe("strict CBOR", () => {
  it.each<[string, string, unknown]>([
    ["0", "00", 0],
    ["23", "17", 23],
    ["24", "1818", 24],
    ["65535", "19ffff", 65_535],
    ["2^32", "1b0000000100000000", 2 ** 32],
    ["2^53 − 1", "1b001fffffffffffff", Number.MAX_SAFE_INTEGER],
    ["−35", "3822", -35],
    ["true", "f5", true],
    ["false", "f4", false],
    ["null", "f6", null],
    ["text", "63e282ac", "€"],
    ["octets", "43010203", Uint8Array.of(1, 2, 3)],
    ["a list", "820102", [1, 2]],
    ["an endless list", "9f0102ff", [1, 2]],
    ["an endless empty map", "bfff", new Map()],
    [
      "a map as AWS writes it",
      "bf616101613102ff",
      new Map([
        ["a", 1],
        ["1", 2],
      ]),
    ],
    [
      "keys of both kinds",
      "a2016131613101",
      new Map<unknown, unknown>([
        [1, "1"],
        ["1", 1],
      ]),
    ],
  ])("reads %s", (_, hex, value) => {
    expect(parse(hex)).toEqual({ ok: true, value });
  });

  it.each<[string, string]>([
    ["nothing", ""],
    ["two items", "0000"],
    ["bytes after the item", "a000"],
    ["a truncated number", "19ff"],
    ["a truncated text", "6261"],
    ["a truncated list", "8201"],
    ["a truncated map", "a101"],
    ["an endless list without an end", "9f01"],
    ["a map that ends after a key", "bf01ff"],
    ["a break alone", "ff"],
    ["a break in a list of a length", "8201ff"],
    ["a break in a map of a length", "a1ff"],
    ["a break for a value", "a101ff"],
    ["a text key twice", "a2616101616102"],
    ["a number key twice", "a201010102"],
    ["the same number in another width", "a20101180102"],
    ["a key twice in an endless map", "bf616101616102ff"],
    ["a key of octets", "a1410101"],
    ["a key that is a list", "a18001"],
    ["a key that is null", "a1f601"],
    ["a key that is true", "a1f501"],
    ["octets in pieces", "5f4101ff"],
    ["text in pieces", "7f6161ff"],
    ["text that is not UTF-8", "61ff"],
    ["a lone surrogate", "63eda080"],
    ["undefined", "f7"],
    ["a half float", "f93c00"],
    ["a float", "fa47c35000"],
    ["a double", "fb3ff199999999999a"],
    ["a simple value", "f820"],
    ["a tag", "c11a514b67b0"],
    ["a bignum", "c249010000000000000000"],
    ["2^53", "1b0020000000000000"],
    ["2^64 − 1", "1bffffffffffffffff"],
    ["−2^64", "3bffffffffffffffff"],
    ["a reserved width", "1c"],
    ["a reserved width, with octets", `1c${"00".repeat(16)}`],
    ["a reserved width of octets", `5d${"00".repeat(32)}`],
    ["an endless number", "1f"],
    ["an endless number, with octets", `1f${"00".repeat(128)}`],
    ["a list that says it has 2^53 items", "9b001fffffffffffff00"],
    ["octets longer than there are", "5b001fffffffffffff"],
  ])("refuses %s", (_, hex) => {
    expect(parse(hex)).toMatchObject({ ok: false, error: { reason: "cose_malformed" } });
  });

  it("nests as deep as it is told, and no call deeper", () => {
    expect(parse("818180", 3).ok).toBe(true);
    expect(parse("818180", 2).ok).toBe(false);
    expect(parse("a101a0", 2).ok).toBe(true);
    expect(parse("a101a101a0", 2).ok).toBe(false);
    expect(parse("01", 0).ok).toBe(true);
    for (const head of [0x81, 0x9f, 0xbf, 0xa1]) {
      expect(parseCbor(new Uint8Array(200_000).fill(head), 4).ok).toBe(false);
    }
  });

  it("reads what another library wrote, as it was", () => {
    const leaf = fc.oneof(
      fc.maxSafeInteger(),
      fc.boolean(),
      fc.constant(null),
      fc.string({ unit: "grapheme" }),
      fc.uint8Array({ maxLength: 300 }),
    );
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof({ maxDepth: 3 }, leaf, fc.array(tie("tree"), { maxLength: 5 }), tie("map")),
      map: fc
        .array(fc.tuple(fc.oneof(fc.string(), fc.integer()), tie("tree")), { maxLength: 5 })
        .map((entries) => new Map(entries)),
    }));
    fc.assert(
      fc.property(tree, (value) => {
        expect(parseCbor(Uint8Array.from(encode(value)), 8)).toEqual({ ok: true, value });
      }),
      { numRuns: 300 },
    );
  });

  it("takes nothing that the other library refuses, and reads it the same", () => {
    const theirs = (bytes: Uint8Array): unknown => {
      try {
        return decode(bytes, { useMaps: true, rejectDuplicateMapKeys: true });
      } catch {
        return "refused by the other library";
      }
    };
    const bytes = fc.uint8Array({ maxLength: 12 });
    const read = fc.sample(bytes, 5000).flatMap((one) => {
      const ours = parseCbor(one, 16);
      return ours.ok ? [[ours.value, theirs(one)]] : [];
    });
    expect(read.length).toBeGreaterThan(100);
    expect(read.map(([ours]) => ours)).toEqual(read.map(([, other]) => other));
  });
});
