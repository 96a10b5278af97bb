/** Octet strings: joining, comparing, hexadecimal, UTF-8. */

import { allocate, allocateUpTo } from "./allocate.ts";

const encoder = new TextEncoder();
/** `ignoreBOM` keeps a byte order mark in the text, so that a strict parser above can refuse it. */
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const joined = allocate(length);
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}

/** Takes the same time wherever two strings of one length differ; the length itself is not a secret. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= a[i]! ^ b[i]!;
  return difference === 0;
}

const HEX: readonly string[] = Array.from({ length: 256 }, (_, byte) =>
  byte.toString(16).padStart(2, "0"),
);

/** Lower case. */
export function toHex(bytes: Uint8Array): string {
  const { length } = bytes;
  const whole = length & ~3;
  let text = "";
  // Four at a time: texts up to 12 characters are joined by copying them, longer ones by reference.
  for (let at = 0; at < whole; at += 4)
    text += HEX[bytes[at]!]! + HEX[bytes[at + 1]!]! + HEX[bytes[at + 2]!]! + HEX[bytes[at + 3]!]!;
  for (let at = whole; at < length; at++) text += HEX[bytes[at]!]!;
  return text;
}

/** Either case, two digits a byte, nothing between. */
export function fromHex(text: string): Uint8Array | undefined {
  if (text.length % 2 !== 0) return undefined;
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) {
    const high = hexDigit(text.charCodeAt(2 * i));
    const low = hexDigit(text.charCodeAt(2 * i + 1));
    if (high < 0 || low < 0) return undefined;
    bytes[i] = (high << 4) | low;
  }
  return bytes;
}

function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x61 + 10 : -1;
}

/** Lone surrogates become U+FFFD, as `TextEncoder` has it: compare text as text where that matters. */
export function utf8Encode(text: string): Uint8Array {
  return text.length > MAX_SHORT_TEXT ? encoder.encode(text) : encodeShort(text);
}

/** UTF-8 takes three octets at most for a unit of UTF-16. */
const MAX_SHORT_TEXT = 1365;

function encodeShort(text: string): Uint8Array {
  return allocateUpTo(3 * text.length, (bytes) => encoder.encodeInto(text, bytes).written);
}

/** In memory of their own. Undefined where the text is not ASCII. */
export function asciiEncode(text: string): Uint8Array | undefined {
  const bytes = allocate(text.length);
  const { read, written } = encoder.encodeInto(text, bytes);
  return read === text.length && written === text.length ? bytes : undefined;
}

/** @returns undefined for anything that is not UTF-8. A byte order mark stays in the text. */
export function utf8Decode(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

/** Text of octets that are known to be ASCII. */
export function asciiDecode(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}
