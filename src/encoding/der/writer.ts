import { allocate } from "../allocate.ts";
import { utf8Encode } from "../bytes.ts";

/** Writes DER (X.690). Every function returns one whole element: tag, length, content. */

/** @param identifier the identifier octet: class, form and a tag below 31 */
export function element(identifier: number, content: Uint8Array): Uint8Array {
  return elementOf(identifier, [content]);
}

function elementOf(identifier: number, parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const header = length < 0x80 ? 2 : length < 0x100 ? 3 : length < 0x10000 ? 4 : 5;
  const bytes = allocate(header + length);
  bytes[0] = identifier;
  if (header === 2) {
    bytes[1] = length;
  } else {
    if (length >= 0x1000000) throw new RangeError("element too long");
    bytes[1] = 0x80 | (header - 2);
    for (let i = header - 1, rest = length; i > 1; i--, rest >>>= 8) bytes[i] = rest;
  }
  let at = header;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

export function seq(...parts: readonly Uint8Array[]): Uint8Array {
  return elementOf(0x30, parts);
}

/** A SET OF: DER has its elements sorted by their encodings. */
export function set(...parts: readonly Uint8Array[]): Uint8Array {
  return elementOf(0x31, parts.length < 2 ? parts : parts.toSorted(compareEncodings));
}

/** X.690 §11.6: as octet strings, the shorter one padded with zeros at its end. */
export function compareEncodings(a: Uint8Array, b: Uint8Array): number {
  const length = Math.max(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** @param value not negative; octets are big-endian, and leading zeros are dropped */
export function integer(value: Uint8Array | number): Uint8Array {
  return element(0x02, integerContent(typeof value === "number" ? magnitude(value) : value));
}

function magnitude(value: number): Uint8Array {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError("not a small integer");
  const bytes: number[] = [];
  for (let rest = value; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return Uint8Array.from(bytes);
}

function integerContent(bytes: Uint8Array): Uint8Array {
  let start = 0;
  while (start < bytes.length && bytes[start] === 0) start++;
  const first = bytes[start];
  if (first === undefined) return Uint8Array.of(0);
  if (first <= 0x7f) return bytes.subarray(start);
  const content = new Uint8Array(bytes.length - start + 1);
  content.set(bytes.subarray(start), 1);
  return content;
}

/** @param dotted decimal arcs, at least two. @throws RangeError for anything else */
export function oid(dotted: string): Uint8Array {
  const [root = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  const arcs = [root * 40 + second, ...rest];
  if (!/^[0-2](?:\.(?:0|[1-9]\d*))+$/.test(dotted) || (root < 2 && second > 39))
    throw new RangeError("not an object identifier");
  if (!arcs.every((arc) => Number.isSafeInteger(arc))) throw new RangeError("arc too big");
  const bytes: number[] = [];
  for (const arc of arcs) {
    const groups = [arc % 128];
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128))
      groups.unshift((left % 128) | 0x80);
    bytes.push(...groups);
  }
  return element(0x06, Uint8Array.from(bytes));
}

export function octets(bytes: Uint8Array): Uint8Array {
  return element(0x04, bytes);
}

/** @param unused bits at the end of the last octet that do not count; they must be zero */
export function bits(bytes: Uint8Array, unused = 0): Uint8Array {
  return elementOf(0x03, [Uint8Array.of(unused), bytes]);
}

/** A named-bit list (KeyUsage and the like): trailing zero bits are dropped, as DER demands. */
export function namedBits(...positions: readonly number[]): Uint8Array {
  if (positions.length === 0) return bits(new Uint8Array());
  const last = Math.max(...positions);
  const bytes = new Uint8Array((last >> 3) + 1);
  for (const position of positions) {
    const at = position >> 3;
    bytes[at] = bytes[at]! | (0x80 >> (position & 7));
  }
  return bits(bytes, 7 - (last & 7));
}

export function utf8(text: string): Uint8Array {
  return element(0x0c, utf8Encode(text));
}

/** @param text within the alphabet of PrintableString; not checked here */
export function printable(text: string): Uint8Array {
  return element(0x13, utf8Encode(text));
}

/** @param text ASCII. @throws RangeError for anything else */
export function ia5(text: string): Uint8Array {
  return element(0x16, ascii(text));
}

export function ascii(text: string): Uint8Array {
  const bytes = utf8Encode(text);
  if (bytes.length !== text.length) throw new RangeError("not ascii");
  return bytes;
}

/** UTCTime before 2050, GeneralizedTime from then on (RFC 5280 §4.1.2.5). @param unixSeconds whole, from 1950 on */
export function time(unixSeconds: number): Uint8Array {
  const digits = new Date(unixSeconds * 1000).toISOString().replaceAll(/[-:T]/g, "");
  const year = Number(digits.slice(0, 4));
  const short = year >= 1950 && year < 2050;
  return element(short ? 0x17 : 0x18, ascii(`${digits.slice(short ? 2 : 0, 14)}Z`));
}

export function boolean(value: boolean): Uint8Array {
  return Uint8Array.of(0x01, 0x01, value ? 0xff : 0x00);
}

export function nul(): Uint8Array {
  return Uint8Array.of(0x05, 0x00);
}

/** [n] EXPLICIT: wraps whole elements. */
export function explicit(n: number, ...parts: readonly Uint8Array[]): Uint8Array {
  return elementOf(0xa0 | n, parts);
}

/** [n] IMPLICIT. @param content the content octets of what it stands for, without tag and length */
export function implicit(n: number, content: Uint8Array, constructed = false): Uint8Array {
  return element((constructed ? 0xa0 : 0x80) | n, content);
}
