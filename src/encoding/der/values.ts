import { concatBytes, utf8Decode } from "../bytes.ts";
import { TAG, type DerNode } from "./tree.ts";

/**
 * What an element means. Each returns undefined where the element is of another type or not in the one form that
 * DER allows, so that a caller turns it into the reason of its own structure.
 */

function isUniversal(node: DerNode | undefined, tag: number): node is DerNode {
  return node !== undefined && node.tagClass === 0 && node.tag === tag;
}

export function isSequence(node: DerNode | undefined): node is DerNode {
  return isUniversal(node, TAG.sequence);
}

export function isSet(node: DerNode | undefined): node is DerNode {
  return isUniversal(node, TAG.set);
}

export function isNull(node: DerNode | undefined): boolean {
  return isUniversal(node, TAG.nul) && node.content.length === 0;
}

/** The context-specific tag [n], in either form. */
export function isContext(node: DerNode | undefined, n: number): node is DerNode {
  return node !== undefined && node.tagClass === 2 && node.tag === n;
}

/** The child of `parent` under the context-specific tag [n]. */
export function context(parent: DerNode, n: number): DerNode | undefined {
  return parent.children.find((child) => isContext(child, n));
}

/** What an EXPLICIT tag [n] wraps: exactly one element. */
export function unwrap(node: DerNode | undefined, n: number): DerNode | undefined {
  if (!isContext(node, n) || !node.constructed || node.children.length !== 1) return undefined;
  return node.children[0];
}

/** Positive and minimal. Big-endian, without the sign octet. */
export function derInteger(node: DerNode | undefined): Uint8Array | undefined {
  if (!isUniversal(node, TAG.integer)) return undefined;
  const content = node.content;
  const first = content[0];
  if (first === undefined || first > 0x7f) return undefined;
  if (first !== 0) return content;
  const second = content[1];
  // A leading zero is there only to keep the sign; alone it is the number 0, which is not positive.
  return second === undefined || second <= 0x7f ? undefined : content.subarray(1);
}

/** 0 to 2^48 − 1. */
export function derSmallInteger(node: DerNode | undefined): number | undefined {
  if (!isUniversal(node, TAG.integer)) return undefined;
  const content = node.content;
  if (content.length === 1 && content[0] === 0) return 0;
  const magnitude = derInteger(node);
  if (magnitude === undefined || magnitude.length > 6) return undefined;
  let value = 0;
  for (const byte of magnitude) value = value * 256 + byte;
  return value;
}

/** Dotted decimal. Arcs up to 2^53 − 1, each in the shortest form. */
export function derOid(node: DerNode | undefined): string | undefined {
  return isUniversal(node, TAG.oid) ? dottedOid(node.content) : undefined;
}

/** The content octets of an OBJECT IDENTIFIER, without tag and length, as dotted decimal. */
function dottedOid(content: Uint8Array): string | undefined {
  let text = "";
  let arc = 0;
  let open = false;
  for (const byte of content) {
    if (!open && byte === 0x80) return undefined;
    if (arc >= 2 ** 46) return undefined;
    arc = arc * 128 + (byte & 0x7f);
    open = byte > 0x7f;
    if (open) continue;
    if (text === "") {
      const root = arc < 80 ? Math.floor(arc / 40) : 2;
      text = `${root}.${arc - 40 * root}`;
    } else {
      text += `.${arc}`;
    }
    arc = 0;
  }
  return open || text === "" ? undefined : text;
}

/** The octets, joined where BER has them in pieces. */
export function derOctets(node: DerNode | undefined): Uint8Array | undefined {
  if (!isUniversal(node, TAG.octetString)) return undefined;
  if (!node.constructed) return node.content;
  const pieces: Uint8Array[] = [];
  for (const child of node.children) {
    const piece = derOctets(child);
    if (piece === undefined) return undefined;
    pieces.push(piece);
  }
  return concatBytes(...pieces);
}

export interface BitString {
  /** Bits at the end of the last octet that do not count; DER has them zero. */
  readonly unused: number;
  readonly bytes: Uint8Array;
}

export function derBitString(node: DerNode | undefined): BitString | undefined {
  if (!isUniversal(node, TAG.bitString)) return undefined;
  const content = node.content;
  const unused = content[0];
  if (unused === undefined || unused > 7) return undefined;
  if (unused > 0) {
    if (content.length === 1) return undefined;
    if ((content.at(-1)! & ((1 << unused) - 1)) !== 0) return undefined;
  }
  return { unused, bytes: content.subarray(1) };
}

export function derBoolean(node: DerNode | undefined): boolean | undefined {
  if (!isUniversal(node, TAG.boolean) || node.content.length !== 1) return undefined;
  const value = node.content[0];
  return value === 0xff ? true : value === 0 ? false : undefined;
}

/**
 * UTF8String, PrintableString, IA5String and NumericString, each within its own alphabet. Of VisibleString no attribute
 * of a name is made (RFC 5280 appendix A).
 */
export function derString(node: DerNode | undefined): string | undefined {
  if (node === undefined || node.tagClass !== 0 || node.constructed) return undefined;
  const text = utf8Decode(node.content);
  return text !== undefined && ALPHABETS.get(node.tag)?.test(text) === true ? text : undefined;
}

const ALPHABETS: ReadonlyMap<number, RegExp> = new Map([
  [TAG.utf8String, /^/],
  [TAG.ia5String, /^\p{ASCII}*$/u],
  [TAG.numericString, /^[\d ]*$/],
  [TAG.printableString, /^[\dA-Za-z '()+,./:=?-]*$/],
]);

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

/** Unix seconds. UTCTime and GeneralizedTime as RFC 5280 §4.1.2.5 has them: seconds always, Z always, no fraction. */
export function derTime(node: DerNode | undefined): number | undefined {
  const utc = isUniversal(node, TAG.utcTime);
  if (!utc && !isUniversal(node, TAG.generalizedTime)) return undefined;
  const content = node?.content ?? new Uint8Array();
  const yearDigits = utc ? 2 : 4;
  if (content.length !== yearDigits + 11 || content.at(-1) !== 0x5a) return undefined;
  for (let i = 0; i < content.length - 1; i++) if (!isDigit(content[i]!)) return undefined;
  const two = (at: number): number => (content[at]! - 0x30) * 10 + (content[at + 1]! - 0x30);
  let year = two(0);
  if (utc) year += year < 50 ? 2000 : 1900;
  else year = year * 100 + two(2);
  const month = two(yearDigits);
  const day = two(yearDigits + 2);
  const hour = two(yearDigits + 4);
  const minute = two(yearDigits + 6);
  const second = two(yearDigits + 8);
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  // A day or month out of range would roll over into another date.
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  return date.getTime() / 1000 + hour * 3600 + minute * 60 + second;
}
