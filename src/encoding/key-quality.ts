import { fail, ok, type Result } from "../result.ts";
import { toHex } from "./bytes.ts";
import type { PublicKeyInfo } from "./primitives.ts";
import { keyBits } from "./public-key.ts";
import { hasClosePrimes, hasRocaFingerprint, hasSmallFactor } from "./modulus.ts";
import { PUBLISHED_KEYS, publishedKeyId } from "./published-keys.ts";

/**
 * Whether a key is good enough to be named in an SVID. Whoever can compute the private half owns the identity,
 * so the known ways in which generators have failed are tried here. Not tried, since it costs 20 ms a key:
 * whether the modulus is itself a prime; only a requester who wants to give his key away makes such a one.
 */

const MIN_RSA_BITS = 2048;
const MAX_RSA_BITS = 4096;

/** Elliptic curves cost almost nothing here, RSA about half a millisecond. @returns `key_weak` | `key_unsupported` */
export function checkKeyQuality(info: PublicKeyInfo): Result<void> {
  if (PUBLISHED_KEYS.has(publishedKeyId(info))) return weak("private key is public knowledge");
  if (info.type === "EC") return ok(undefined);
  if (info.type === "Ed25519")
    return isSmallOrder(info.x) ? weak("point of small order") : ok(undefined);
  return checkRsa(info.n, info.e);
}

function checkRsa(modulus: Uint8Array, exponent: Uint8Array): Result<void> {
  const bits = keyBits({ type: "RSA", n: modulus, e: exponent });
  if (bits < MIN_RSA_BITS) return weak("rsa modulus too short");
  if (bits > MAX_RSA_BITS) return fail("key_unsupported", "rsa modulus too long");
  if (toHex(exponent) !== "010001") return weak("rsa exponent is not 65537");
  if (isPatterned(modulus)) return weak("rsa modulus is not random");
  const n = BigInt(`0x${toHex(modulus)}`);
  if (hasSmallFactor(n)) return weak("small factor");
  if (hasRocaFingerprint(n)) return weak("roca");
  return hasClosePrimes(n) ? weak("primes too close") : ok(undefined);
}

/**
 * One octet value fills a great part of the modulus: primes of a pattern, or pictures drawn in it. A random
 * modulus has each value about once in 256 octets; that one of 4096 bits or less gets here has odds below 2^-70.
 */
function isPatterned(modulus: Uint8Array): boolean {
  const counts = new Uint16Array(256);
  const limit = modulus.length / 16 + 8;
  for (const byte of modulus) {
    const count = counts[byte]! + 1;
    if (count > limit) return true;
    counts[byte] = count;
  }
  return false;
}

/**
 * y coordinates of the eight points of small order and their encodings above the field's prime. With such a key
 * one signature is good for many messages. Little-endian; the sign bit does not matter.
 */
const SMALL_ORDER: ReadonlySet<string> = new Set([
  "00".repeat(32),
  `01${"00".repeat(31)}`,
  `ec${"ff".repeat(30)}7f`,
  `ed${"ff".repeat(30)}7f`,
  `ee${"ff".repeat(30)}7f`,
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
]);

function isSmallOrder(x: Uint8Array): boolean {
  const y = Uint8Array.from(x);
  y[31] = y[31]! & 0x7f;
  return SMALL_ORDER.has(toHex(y));
}

function weak(detail: string): Result<never> {
  return fail("key_weak", detail);
}
