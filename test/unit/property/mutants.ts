import * as fc from "fast-check";
import { concatBytes } from "../../../src/encoding/bytes.ts";
import { readDer, type DerNode } from "../../../src/encoding/der/reader.ts";

/**
 * Near to a good document. Of any bytes whatever nearly all have a length that is wrong, so that readers see no more of
 * them than that: what is behind the first length is tried by these alone.
 */
export function nearly(good: Uint8Array): fc.Arbitrary<Uint8Array> {
  return fc.oneof(structural(good), replaced(good), octetwise(good));
}

function treeOf(bytes: Uint8Array): DerNode {
  const read = readDer(bytes, { ber: true });
  if (!read.ok) throw new Error(read.error.detail);
  return read.value;
}

/** All elements of the document, the whole one first. */
function elementsOf(node: DerNode): readonly DerNode[] {
  return [node, ...node.children.flatMap(elementsOf)];
}

/** Writes the tree again, each element through `change`, lengths definite. */
export function rewrite(
  node: DerNode,
  change: (node: DerNode, bytes: Uint8Array) => Uint8Array,
): Uint8Array {
  const content = node.constructed
    ? concatBytes(...node.children.map((child) => rewrite(child, change)))
    : node.content;
  return change(node, concatBytes(Uint8Array.of(node.raw[0]!), lengthOf(content), content));
}

function lengthOf({ length }: Uint8Array): Uint8Array {
  const octets: number[] = [];
  for (let rest = length; rest > 0; rest >>= 8) octets.unshift(rest & 0xff);
  return Uint8Array.from(length < 128 ? [length] : [0x80 | octets.length, ...octets]);
}

/** An element taken away, doubled, replaced by another, or given another tag or content: lengths stay right. */
function structural(good: Uint8Array): fc.Arbitrary<Uint8Array> {
  const tree = treeOf(good);
  const elements = elementsOf(tree);
  const any = fc.nat(elements.length - 1);
  return fc
    .tuple(any, any, fc.nat(255), fc.nat(4), fc.uint8Array({ maxLength: 8 }))
    .map(([target, source, octet, kind, content]) =>
      rewrite(tree, (node, bytes) => {
        if (node !== elements[target]) return bytes;
        if (kind === 0) return new Uint8Array();
        if (kind === 1) return concatBytes(bytes, bytes);
        if (kind === 2) return elements[source]!.raw;
        if (kind === 3) return concatBytes(Uint8Array.of(octet), bytes.subarray(1));
        return concatBytes(bytes.subarray(0, 1), lengthOf(content), content);
      }),
    );
}

/** One octet replaced: also inside of what is a document of its own. */
function replaced(good: Uint8Array): fc.Arbitrary<Uint8Array> {
  return fc.tuple(fc.nat(good.length - 1), fc.nat(255)).map(([at, octet]) => good.with(at, octet));
}

/** Octets replaced, taken away or put in, wherever. */
export function octetwise(good: Uint8Array): fc.Arbitrary<Uint8Array> {
  return fc
    .tuple(fc.nat(good.length), fc.nat(8), fc.uint8Array({ maxLength: 8 }))
    .map(([at, removed, inserted]) =>
      concatBytes(good.subarray(0, at), inserted, good.subarray(at + removed)),
    );
}

/** Text near to a good one: a few characters of it are others, taken away or put in. */
export function nearlyText(good: string): fc.Arbitrary<string> {
  const inserted = fc.oneof(
    fc.nat(0x17f).map((code) => String.fromCharCode(code)),
    fc.constantFrom("", ...new Set(good)),
  );
  return fc
    .tuple(fc.nat(good.length), fc.nat(2), inserted)
    .map(([at, removed, text]) => good.slice(0, at) + text + good.slice(at + removed));
}
