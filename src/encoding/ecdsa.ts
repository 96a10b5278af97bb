import { allocate } from "./allocate.ts";
import { fail, ok, type Result } from "../result.ts";
import { CURVE_BYTES } from "./curves.ts";
import type { CurveName } from "./primitives.ts";

/**
 * The two forms of an ECDSA signature: DER `SEQUENCE { r, s }` (RFC 3279 §2.2.3) in X.509, CMS and most key
 * services, and raw r‖s, each as long as the group order, in JOSE and WebCrypto.
 */

/**
 * Strict: one encoding for a signature, so that nobody but the signer can make a second one of the same r and s.
 * @returns `signature_invalid` for BER, for integers that are zero, negative, padded or too long, for other bytes
 */
export function ecdsaDerToRaw(der: Uint8Array, curve: CurveName): Result<Uint8Array> {
  const size = CURVE_BYTES[curve];
  let at = 2;
  let length = der[1] ?? 0;
  if (length === 0x81) {
    length = der[2] ?? 0;
    if (length < 0x80) return malformed();
    at = 3;
  } else if (length > 0x7f) {
    return malformed();
  }
  if (der[0] !== 0x30 || der.length !== at + length) return malformed();
  const raw = allocate(2 * size);
  at = copyInteger(der, at, raw, size);
  if (at > 0) at = copyInteger(der, at, raw, 2 * size);
  return at === der.length ? ok(raw) : malformed();
}

/**
 * Writes the INTEGER at `at` so that it ends before `end`.
 * @returns where the next element starts, or −1
 */
function copyInteger(der: Uint8Array, at: number, raw: Uint8Array, end: number): number {
  const length = der[at + 1] ?? 0;
  let start = at + 2;
  const next = start + length;
  if (der[at] !== 0x02 || length === 0 || length > 0x7f || next > der.length) return -1;
  const first = der[start]!;
  if (first > 0x7f) return -1;
  if (first === 0) {
    // Only where the next octet would else look like a sign; that also excludes the number 0.
    if (length === 1 || der[start + 1]! <= 0x7f) return -1;
    start++;
  }
  if (next - start > raw.length / 2) return -1;
  raw.set(der.subarray(start, next), end - (next - start));
  return next;
}

function malformed(): Result<never> {
  return fail("signature_invalid", "not a der ecdsa signature");
}

/** @param raw r‖s of equal length, up to P-521 */
export function ecdsaRawToDer(raw: Uint8Array): Uint8Array {
  const size = raw.length / 2;
  let rStart = 0;
  while (rStart < size - 1 && raw[rStart] === 0) rStart++;
  let sStart = size;
  while (sStart < raw.length - 1 && raw[sStart] === 0) sStart++;
  const rSign = raw[rStart]! >> 7;
  const sSign = raw[sStart]! >> 7;
  const rLength = size - rStart + rSign;
  const sLength = raw.length - sStart + sSign;
  const length = 4 + rLength + sLength;
  const long = length > 0x7f ? 1 : 0;
  const der = allocate(2 + long + length);
  let at = 0;
  der[at++] = 0x30;
  if (long === 1) der[at++] = 0x81;
  der[at++] = length;
  der[at++] = 0x02;
  der[at++] = rLength;
  der.set(raw.subarray(rStart, size), at + rSign);
  at += rLength;
  der[at++] = 0x02;
  der[at++] = sLength;
  der.set(raw.subarray(sStart), at + sSign);
  return der;
}
