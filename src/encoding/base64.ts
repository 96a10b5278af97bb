import { fail, ok, type Result } from "../result.ts";

/**
 * Base64 and base64url, RFC 4648 §4 and §5, canonical only: one octet string has exactly one text, so that a
 * token cannot be respelt to slip past something keyed on its text.
 */

const STANDARD = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const URL_SAFE = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

const INVALID = 0xff;
const LINE_BREAK = 0xfe;

const FROM_STANDARD = reverse(STANDARD);
const FROM_URL_SAFE = reverse(URL_SAFE);
const FROM_WRAPPED = reverse(STANDARD);
FROM_WRAPPED[0x0a] = LINE_BREAK;
FROM_WRAPPED[0x0d] = LINE_BREAK;

function reverse(alphabet: string): Uint8Array {
  const table = new Uint8Array(256).fill(INVALID);
  for (let i = 0; i < alphabet.length; i++) table[alphabet.charCodeAt(i)] = i;
  return table;
}

export interface Base64Options {
  /** Admits CR and LF between characters, as providers and PEM wrap their lines. */
  readonly lineBreaks?: boolean;
}

/** With padding, without line breaks. */
export function encodeBase64(bytes: Uint8Array): string {
  const text = encode(bytes, STANDARD);
  const rest = bytes.length % 3;
  return rest === 0 ? text : text + (rest === 1 ? "==" : "=");
}

export function decodeBase64(text: string, options?: Base64Options): Result<Uint8Array> {
  // Padding is part of the canonical form: it must be there, and only at the end.
  let end = text.length;
  let table = FROM_STANDARD;
  let breaks = 0;
  if (options?.lineBreaks === true) {
    table = FROM_WRAPPED;
    while (end > 0 && table[text.charCodeAt(end - 1) & 0xff] === LINE_BREAK) end--;
    for (let i = 0; i < end; i++) {
      const code = text.charCodeAt(i);
      if (code === 0x0a || code === 0x0d) breaks++;
    }
  }
  const unbroken = end - breaks;
  if (unbroken % 4 !== 0) return invalid();
  let padding = 0;
  while (padding < 2 && end > 0 && text.charCodeAt(end - 1) === 0x3d) {
    end--;
    padding++;
  }
  return decode(text, end, unbroken - padding, table);
}

/** Without padding. */
export function encodeBase64url(bytes: Uint8Array): string {
  return encode(bytes, URL_SAFE);
}

/** Padding is refused, as are unused bits that are not zero. */
export function decodeBase64url(text: string): Result<Uint8Array> {
  return decode(text, text.length, text.length, FROM_URL_SAFE);
}

/** @param count characters that carry bits: `end` less the line breaks */
function decode(text: string, end: number, count: number, table: Uint8Array): Result<Uint8Array> {
  const rest = count % 4;
  if (rest === 1) return invalid();
  const bytes = new Uint8Array((count - rest) * 0.75 + (rest === 0 ? 0 : rest - 1));
  let written = 0;
  let bits = 0;
  let held = 0;
  let at = 0;
  if (count === end) {
    // Nothing to skip: four characters at once. A code above 255 or an unknown character makes `seen` too big.
    const whole = end - rest;
    let seen = 0;
    while (at < whole) {
      const c0 = text.charCodeAt(at);
      const c1 = text.charCodeAt(at + 1);
      const c2 = text.charCodeAt(at + 2);
      const c3 = text.charCodeAt(at + 3);
      const v0 = table[c0 & 0xff]!;
      const v1 = table[c1 & 0xff]!;
      const v2 = table[c2 & 0xff]!;
      const v3 = table[c3 & 0xff]!;
      seen |= ((c0 | c1 | c2 | c3) & 0xff00) | v0 | v1 | v2 | v3;
      bytes[written] = (v0 << 2) | (v1 >> 4);
      bytes[written + 1] = (v1 << 4) | (v2 >> 2);
      bytes[written + 2] = (v2 << 6) | v3;
      written += 3;
      at += 4;
    }
    if (seen > 63) return invalid();
  }
  for (; at < end; at++) {
    const code = text.charCodeAt(at);
    const value = code > 0xff ? INVALID : table[code]!;
    if (value === LINE_BREAK) continue;
    if (value === INVALID) return invalid();
    held = (held << 6) | value;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes[written++] = held >> bits;
      held &= (1 << bits) - 1;
    }
  }
  return held === 0 ? ok(bytes) : invalid();
}

function invalid(): Result<never> {
  return fail("encoding_invalid", "not canonical base64");
}

function encode(bytes: Uint8Array, alphabet: string): string {
  let text = "";
  let at = 0;
  for (const whole = bytes.length - (bytes.length % 3); at < whole; at += 3) {
    const group = (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!;
    text +=
      alphabet[group >> 18]! +
      alphabet[(group >> 12) & 63]! +
      alphabet[(group >> 6) & 63]! +
      alphabet[group & 63]!;
  }
  const rest = bytes.length - at;
  if (rest === 1) {
    const byte = bytes[at]!;
    text += alphabet[byte >> 2]! + alphabet[(byte << 4) & 63]!;
  } else if (rest === 2) {
    const pair = (bytes[at]! << 8) | bytes[at + 1]!;
    text += alphabet[pair >> 10]! + alphabet[(pair >> 4) & 63]! + alphabet[(pair << 2) & 63]!;
  }
  return text;
}
