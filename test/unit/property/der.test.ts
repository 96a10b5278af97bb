import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { concatBytes, toHex } from "../../../src/encoding/bytes.ts";
import {
  derBitString,
  derInteger,
  derOctets,
  derOid,
  derSmallInteger,
  derString,
  derTime,
  readDer,
  type DerNode,
} from "../../../src/encoding/der/reader.ts";
import {
  bits,
  compareEncodings,
  explicit,
  implicit,
  integer,
  octets,
  oid,
  seq,
  set,
  time,
  utf8,
} from "../../../src/encoding/der/writer.ts";

const bytes = fc.uint8Array({ maxLength: 300 });

const primitive = fc.oneof(
  bytes.map(octets),
  bytes.map((content) => bits(content)),
  fc.nat().map(integer),
  fc.string({ unit: "grapheme" }).map(utf8),
  bytes.map((content) => implicit(3, content)),
);
const { element } = fc.letrec<{ element: Uint8Array }>((tie) => ({
  element: fc.oneof(
    { maxDepth: 5 },
    primitive,
    fc.array(tie("element"), { maxLength: 4 }).map((parts) => seq(...parts)),
    fc.array(tie("element"), { maxLength: 4 }).map((parts) => set(...parts)),
    tie("element").map((part) => explicit(1, part)),
  ),
}));

function read(der: Uint8Array): DerNode {
  const node = readDer(der);
  if (!node.ok) throw new Error(node.error.detail);
  return node.value;
}

/** Writes the tree again from its parts, with lengths of its own. */
function rewrite(node: DerNode): Uint8Array {
  const identifier = (node.tagClass << 6) | (node.constructed ? 0x20 : 0) | node.tag;
  const content = node.constructed ? concatBytes(...node.children.map(rewrite)) : node.content;
  const length: number[] = [];
  for (let rest = content.length; rest > 0; rest >>= 8) length.unshift(rest & 0xff);
  const header = content.length < 128 ? [content.length] : [0x80 | length.length, ...length];
  return concatBytes(Uint8Array.of(identifier, ...header), content);
}

function depthOf(node: DerNode): number {
  return 1 + Math.max(0, ...node.children.map(depthOf));
}

function nodesOf(node: DerNode): number {
  return node.children.reduce((sum, child) => sum + nodesOf(child), 1);
}

describe("DER", () => {
  it("is read back as it was written, and again from its parts", () => {
    fc.assert(
      fc.property(element, (der) => {
        const node = read(der);
        expect(toHex(node.raw)).toBe(toHex(der));
        expect(toHex(rewrite(node))).toBe(toHex(der));
      }),
    );
  });

  it("has one encoding: whatever is read is what its parts would be written as", () => {
    fc.assert(
      fc.property(element, fc.nat(), fc.nat(255), (der, at, octet) => {
        const mutant = Uint8Array.from(der);
        mutant[at % mutant.length] = octet;
        const node = readDer(mutant);
        expect(!node.ok || toHex(rewrite(node.value)) === toHex(mutant)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  it("read as BER gives the same tree", () => {
    fc.assert(
      fc.property(element, (der) => {
        const node = readDer(der, { ber: true });
        expect(node.ok && toHex(rewrite(node.value))).toBe(toHex(der));
      }),
    );
  });

  it("of any values is read as those values", () => {
    fc.assert(
      fc.property(bytes, (content) => {
        expect(derOctets(read(octets(content)))).toEqual(content);
        expect(derBitString(read(bits(content)))).toEqual({ unused: 0, bytes: content });
      }),
    );
    fc.assert(
      fc.property(fc.maxSafeNat(), (value) => {
        expect(derSmallInteger(read(integer(value)))).toBe(value < 2 ** 48 ? value : undefined);
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 64 }), (magnitude) => {
        const back = derInteger(read(integer(magnitude)));
        const digits = toHex(magnitude).replace(/^(?:00)+/, "");
        expect(back === undefined ? "" : toHex(back)).toBe(digits);
      }),
    );
    fc.assert(
      fc.property(fc.nat(2), fc.nat(39), fc.array(fc.maxSafeNat()), (root, second, rest) => {
        const dotted = [root, second, ...rest].join(".");
        expect(derOid(read(oid(dotted)))).toBe(dotted);
      }),
    );
    fc.assert(
      fc.property(fc.integer({ min: -62135596800, max: 253402300799 }), (seconds) => {
        expect(derTime(read(time(seconds)))).toBe(seconds);
      }),
    );
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        expect(derString(read(utf8(text)))).toBe(text);
      }),
    );
  });

  it("sorts a SET OF, in whatever order its elements come", () => {
    fc.assert(
      fc.property(fc.array(primitive, { maxLength: 6 }), (parts) => {
        const written = set(...parts);
        expect(toHex(set(...parts.toReversed()))).toBe(toHex(written));
        const raws = read(written).children.map((child) => child.raw);
        expect(raws.every((raw, i) => i === 0 || compareEncodings(raws[i - 1]!, raw) <= 0)).toBe(
          true,
        );
      }),
    );
  });

  it("holds to its limits, whatever the bytes", () => {
    const likeDer = fc
      .array(fc.constantFrom(0x30, 0xa0, 0x80, 0x24, 0x04, 0x02, 0x00, 0x01, 0x81, 0x84, 0xff), {
        maxLength: 400,
      })
      .map((codes) => Uint8Array.from(codes));
    const within = (node: DerNode) => depthOf(node) <= 3 && nodesOf(node) <= 12;
    const count = { within: 0, beyond: 0 };
    fc.assert(
      fc.property(fc.oneof(element, likeDer), fc.boolean(), (input, ber) => {
        const whole = readDer(input, { ber });
        const node = readDer(input, { ber, maxDepth: 3, maxNodes: 12 });
        expect(node.ok).toBe(whole.ok && within(whole.value));
        if (whole.ok) count[node.ok ? "within" : "beyond"]++;
      }),
      { numRuns: 2000 },
    );
    expect(Math.min(count.within, count.beyond)).toBeGreaterThan(100);
  });
});
