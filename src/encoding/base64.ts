import { fail, ok, type Result } from "../result.ts";
import { allocate } from "./allocate.ts";
import { asciiDecode, asciiEncode, utf8Encode } from "./bytes.ts";

/**
 * Base64 and base64url, RFC 4648 §4 and §5, canonical only: one octet string has exactly one text, so that a
 * token cannot be respelt to slip past something keyed on its text.
 */

const STANDARD = utf8Encode("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
const URL_SAFE = utf8Encode("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

const INVALID = 0xff;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const PADDING = 0x3d;

const FROM_STANDARD = reverse(STANDARD);
const FROM_URL_SAFE = reverse(URL_SAFE);

function reverse(alphabet: Uint8Array): Uint8Array {
  const table = new Uint8Array(256).fill(INVALID);
  for (let i = 0; i < alphabet.length; i++) table[alphabet[i]!] = i;
  return table;
}

export interface Base64Options {
  /** Admits CR and LF between characters, as providers and PEM wrap their lines. */
  readonly lineBreaks?: boolean;
}

/** With padding, without line breaks. */
export function encodeBase64(bytes: Uint8Array): string {
  return encode(bytes, STANDARD, Math.ceil(bytes.length / 3) * 4);
}

export function decodeBase64(text: string, options?: Base64Options): Result<Uint8Array> {
  const symbols = asciiEncode(text);
  if (symbols === undefined) return invalid();
  // Padding is part of the canonical form: it must be there, and only at the end.
  const length = options?.lineBreaks === true ? withoutLineBreaks(symbols) : symbols.length;
  if (length % 4 !== 0) return invalid();
  let end = length;
  while (end > 0 && length - end < 2 && symbols[end - 1] === PADDING) end--;
  return decode(symbols, 0, end, FROM_STANDARD);
}

/** In place: the array was made for this call. @returns how many are left */
function withoutLineBreaks(symbols: Uint8Array): number {
  let kept = 0;
  for (let at = 0; at < symbols.length; at++) {
    const symbol = symbols[at]!;
    if (symbol !== LINE_FEED && symbol !== CARRIAGE_RETURN) symbols[kept++] = symbol;
  }
  return kept;
}

/** Without padding. */
export function encodeBase64url(bytes: Uint8Array): string {
  return encode(bytes, URL_SAFE, Math.ceil((bytes.length * 4) / 3));
}

/** Padding is refused, as are unused bits that are not zero. */
export function decodeBase64url(text: string): Result<Uint8Array> {
  const symbols = asciiEncode(text);
  return symbols === undefined ? invalid() : decode(symbols, 0, symbols.length, FROM_URL_SAFE);
}

/** As `decodeBase64url`, of a part of a longer text, given as its UTF-8. */
export function decodeBase64urlAt(
  text: Uint8Array,
  start: number,
  end: number,
): Result<Uint8Array> {
  return decode(text, start, end, FROM_URL_SAFE);
}

function decode(
  symbols: Uint8Array,
  start: number,
  end: number,
  table: Uint8Array,
): Result<Uint8Array> {
  const rest = (end - start) % 4;
  const whole = end - rest;
  const bytes = allocate(((whole - start) / 4) * 3 + (rest === 0 ? 0 : rest - 1));
  let at = start;
  let written = 0;
  // Whatever is not of the alphabet is 255 in the table and shows in the union of all values.
  let seen = 0;
  for (; at < whole; at += 4) {
    const v0 = table[symbols[at]!]!;
    const v1 = table[symbols[at + 1]!]!;
    const v2 = table[symbols[at + 2]!]!;
    const v3 = table[symbols[at + 3]!]!;
    seen |= v0 | v1 | v2 | v3;
    bytes[written] = (v0 << 2) | (v1 >> 4);
    bytes[written + 1] = (v1 << 4) | (v2 >> 2);
    bytes[written + 2] = (v2 << 6) | v3;
    written += 3;
  }
  let unused = 0;
  if (rest === 1) return invalid();
  if (rest > 1) {
    const v0 = table[symbols[at]!]!;
    const v1 = table[symbols[at + 1]!]!;
    const v2 = rest === 3 ? table[symbols[at + 2]!]! : 0;
    seen |= v0 | v1 | v2;
    bytes[written] = (v0 << 2) | (v1 >> 4);
    if (rest === 3) bytes[written + 1] = (v1 << 4) | (v2 >> 2);
    // The last character has more bits than the last octet takes; one octet string must have one text.
    unused = rest === 3 ? v2 & 3 : v1 & 15;
  }
  return seen > 63 || unused !== 0 ? invalid() : ok(bytes);
}

function invalid(): Result<never> {
  return fail("encoding_invalid", "not canonical base64");
}

/** In lines of 64 characters, each with a line feed at its end, as PEM has it (RFC 7468 §2). */
export function encodeBase64Lines(bytes: Uint8Array): string {
  const lines = Math.ceil(bytes.length / LINE_OCTETS);
  const symbols = spare(Math.ceil(bytes.length / 3) * 4 + lines);
  let at = 0;
  for (let start = 0; start < bytes.length; start += LINE_OCTETS) {
    const end = Math.min(start + LINE_OCTETS, bytes.length);
    at = write(symbols, at, bytes, start, end, STANDARD);
    for (let rest = (end - start) % 3; rest > 0 && rest < 3; rest++) symbols[at++] = PADDING;
    symbols[at++] = LINE_FEED;
  }
  return asciiDecode(symbols);
}

const LINE_OCTETS = 48;

/** @param length of the text; what the octets do not fill is padding */
function encode(bytes: Uint8Array, alphabet: Uint8Array, length: number): string {
  const symbols = spare(length);
  symbols.fill(PADDING, write(symbols, 0, bytes, 0, bytes.length, alphabet));
  return asciiDecode(symbols);
}

/** Written and read again within one call, so that a text leaves no octets behind. */
const scratch = new Uint8Array(4096);

function spare(length: number): Uint8Array {
  return length > scratch.length ? new Uint8Array(length) : scratch.subarray(0, length);
}

/** @returns where the characters of `bytes[start, end)` end; no padding is written */
function write(
  symbols: Uint8Array,
  from: number,
  bytes: Uint8Array,
  start: number,
  end: number,
  alphabet: Uint8Array,
): number {
  const rest = (end - start) % 3;
  const whole = end - rest;
  let at = from;
  for (let read = start; read < whole; read += 3) {
    const b0 = bytes[read]!;
    const b1 = bytes[read + 1]!;
    const b2 = bytes[read + 2]!;
    symbols[at] = alphabet[b0 >> 2]!;
    symbols[at + 1] = alphabet[((b0 << 4) | (b1 >> 4)) & 63]!;
    symbols[at + 2] = alphabet[((b1 << 2) | (b2 >> 6)) & 63]!;
    symbols[at + 3] = alphabet[b2 & 63]!;
    at += 4;
  }
  if (rest > 0) {
    const b0 = bytes[whole]!;
    const b1 = rest === 2 ? bytes[whole + 1]! : 0;
    symbols[at++] = alphabet[b0 >> 2]!;
    symbols[at++] = alphabet[((b0 << 4) | (b1 >> 4)) & 63]!;
    if (rest === 2) symbols[at++] = alphabet[(b1 << 2) & 63]!;
  }
  return at;
}
