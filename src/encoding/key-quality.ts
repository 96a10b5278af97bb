import { fail, ok, type Result } from "../result.ts";
import { toHex } from "./bytes.ts";
import type { PublicKeyInfo } from "./primitives.ts";
import { keyBits } from "./public-key.ts";
import { PUBLISHED_KEYS, publishedKeyId } from "./published-keys.ts";

/**
 * Whether a key is good enough to be named in an SVID. Whoever can compute the private half owns the identity,
 * so the known ways in which generators have failed are tried here. Not tried, since it costs 20 ms a key:
 * whether the modulus is itself a prime; only a requester who wants to give his key away makes such a one.
 */

const MIN_RSA_BITS = 2048;
const MAX_RSA_BITS = 4096;
const FERMAT_ROUNDS = 100;

/** Elliptic curves cost almost nothing here, RSA about 0.1 ms. @returns `key_weak` | `key_unsupported` */
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
  const residue = n % SMALL_PRIME_PRODUCT;
  if (SMALL_PRIMES.some((prime) => residue % prime === 0n)) return weak("small factor");
  if (hasRocaFingerprint(residue)) return weak("roca");
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

const SMALL_PRIMES = primesBelow(752);
const SMALL_PRIME_PRODUCT = SMALL_PRIMES.reduce((product, prime) => product * prime, 1n);

function primesBelow(limit: number): readonly bigint[] {
  const primes: number[] = [];
  for (let candidate = 2; candidate < limit; candidate++)
    if (primes.every((prime) => candidate % prime !== 0)) primes.push(candidate);
  return primes.map(BigInt);
}

/**
 * Return of Coppersmith's Attack (CVE-2017-15361): Infineon's library made primes that are powers of 65537 modulo
 * a product of small primes, so the modulus is one too, modulo each of them; a random one is so by chance
 * with odds of about 2^-28.
 */
const ROCA_SUBGROUPS = SMALL_PRIMES.filter((prime) => prime > 2n && prime <= 167n).map(
  (prime) => [prime, powersOf65537(prime)] as const,
);

function powersOf65537(prime: bigint): ReadonlySet<bigint> {
  const powers = new Set<bigint>();
  for (let power = 1n; !powers.has(power); power = (power * 65537n) % prime) powers.add(power);
  return powers;
}

function hasRocaFingerprint(residue: bigint): boolean {
  return ROCA_SUBGROUPS.every(([prime, powers]) => powers.has(residue % prime));
}

/** Fermat's method finds both primes at once where they share their upper half (CVE-2022-26320). */
function hasClosePrimes(n: bigint): boolean {
  let root = squareRoot(n);
  if (root * root < n) root++;
  let rest = root * root - n;
  for (let round = 0; round < FERMAT_ROUNDS; round++) {
    if (isSquare(rest)) return true;
    rest += 2n * root + 1n;
    root++;
  }
  return false;
}

/** The greatest integer whose square is not above `n`: Newton's method from above. */
function squareRoot(n: bigint): bigint {
  if (n < 2n) return n;
  let root = 1n << BigInt((n.toString(16).length * 4 + 1) >> 1);
  for (;;) {
    const next = (root + n / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}

const FILTER = 63n * 65n * 11n * 17n;
const SQUARES_MOD_64 = residuesOfSquares(64);
const SQUARES_MOD_FILTER = residuesOfSquares(Number(FILTER));

function residuesOfSquares(modulus: number): ReadonlySet<number> {
  const residues = new Set<number>();
  for (let i = 0; i < modulus; i++) residues.add((i * i) % modulus);
  return residues;
}

function isSquare(n: bigint): boolean {
  // All but one number in a hundred fall here, so that the root is seldom needed.
  if (!SQUARES_MOD_64.has(Number(n & 63n))) return false;
  if (!SQUARES_MOD_FILTER.has(Number(n % FILTER))) return false;
  const root = squareRoot(n);
  return root * root === n;
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
