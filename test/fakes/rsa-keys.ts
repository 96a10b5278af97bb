/**
 * RSA keys for simulated issuers, each another. A key takes a tenth of a second to make, nearly all of it the search for
 * its two primes; so each two of all primes that this process has found make one: a dozen keys made in earnest give
 * hundreds. They are worth nothing outside of tests, since two that share a prime betray both.
 */

interface Primes {
  readonly found: bigint[];
  /** The two that make the next key, by their places: `low` before `high`. */
  low: number;
  high: number;
}

const EXPONENT = 65_537n;
const primesOf = new Map<number, Primes>();

export async function newRsaKeyPair(
  algorithm: { readonly name: string; readonly hash: string },
  modulusLength: number,
): Promise<CryptoKeyPair> {
  const [p, q] = await nextPrimes(modulusLength);
  const jwk = privateJwk(p, q);
  const { kty, n, e } = jwk;
  const [privateKey, publicKey] = await Promise.all([
    crypto.subtle.importKey("jwk", jwk, algorithm, true, ["sign"]),
    crypto.subtle.importKey("jwk", { kty, n, e }, algorithm, true, ["verify"]),
  ]);
  return { privateKey, publicKey };
}

async function nextPrimes(modulusLength: number): Promise<readonly [bigint, bigint]> {
  let primes = primesOf.get(modulusLength);
  if (primes === undefined) primesOf.set(modulusLength, (primes = { found: [], low: 0, high: 1 }));
  const { found } = primes;
  while (found.length <= primes.high) found.push(...(await findPrimes(modulusLength))); // oxlint-disable-line no-await-in-loop -- once, unless others wait as well
  const pair = [found[primes.high] ?? 0n, found[primes.low] ?? 0n] as const;
  if (++primes.low === primes.high) {
    primes.low = 0;
    primes.high++;
  }
  return pair;
}

async function findPrimes(modulusLength: number): Promise<readonly bigint[]> {
  const algorithm = {
    name: "RSASSA-PKCS1-v1_5",
    hash: "SHA-256",
    modulusLength,
    publicExponent: Uint8Array.of(1, 0, 1),
  };
  const pair = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  if (!("privateKey" in pair)) throw new Error("no key pair");
  const exported = JSON.stringify(await crypto.subtle.exportKey("jwk", pair.privateKey));
  const { p, q }: JsonWebKey = JSON.parse(exported);
  return [toInteger(p ?? ""), toInteger(q ?? "")];
}

/** RFC 7518 §6.3.2. */
function privateJwk(p: bigint, q: bigint) {
  const d = inverse(EXPONENT, (p - 1n) * (q - 1n));
  return {
    kty: "RSA",
    n: fromInteger(p * q),
    e: fromInteger(EXPONENT),
    d: fromInteger(d),
    p: fromInteger(p),
    q: fromInteger(q),
    dp: fromInteger(d % (p - 1n)),
    dq: fromInteger(d % (q - 1n)),
    qi: fromInteger(inverse(q, p)),
  };
}

function inverse(value: bigint, modulus: bigint): bigint {
  let [rest, next] = [modulus, value % modulus];
  let [factor, nextFactor] = [0n, 1n];
  while (next !== 0n) {
    const quotient = rest / next;
    [rest, next] = [next, rest - quotient * next];
    [factor, nextFactor] = [nextFactor, factor - quotient * nextFactor];
  }
  return factor < 0n ? factor + modulus : factor;
}

function toInteger(base64url: string): bigint {
  const octets = atob(base64url.replaceAll("-", "+").replaceAll("_", "/"));
  return BigInt(
    `0x${Array.from(octets, (octet) => octet.charCodeAt(0).toString(16).padStart(2, "0")).join("")}`,
  );
}

function fromInteger(value: bigint): string {
  const hex = value.toString(16);
  const octets = (hex.length % 2 === 0 ? hex : `0${hex}`).match(/../g) ?? [];
  const text = btoa(
    octets.map((octet) => String.fromCharCode(Number.parseInt(octet, 16))).join(""),
  );
  return text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
