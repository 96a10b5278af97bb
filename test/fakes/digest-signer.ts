import { concatBytes, toHex } from "../../src/encoding/bytes.ts";
import type { HashName, SignatureScheme } from "../../src/encoding/primitives.ts";

/**
 * Signs digests, as key services do: WebCrypto signs whole messages only, so the last steps are done here in plain
 * arithmetic, on the numbers of the key's JWK. For simulations: neither fast nor free of side channels.
 */
export async function signDigest(
  scheme: SignatureScheme,
  key: CryptoKey,
  digest: Uint8Array,
): Promise<Uint8Array> {
  const jwk = await jwkOf(key);
  if (scheme.name === "ECDSA") return ecdsa(jwk, digest);
  if (scheme.name === "Ed25519") throw new TypeError("Ed25519 signs no digests");
  const n = decode(jwk.n);
  const length = n.length;
  const encoded =
    scheme.name === "RSA-PSS"
      ? await emsaPss(scheme.hash, digest, length)
      : emsaPkcs1(scheme.hash, digest, length);
  return bytesOf(rsa(jwk, numberOf(encoded)), length);
}

/** Private members included. */
export async function jwkOf(key: CryptoKey): Promise<JsonWebKey> {
  const jwk = await crypto.subtle.exportKey("jwk", key);
  if (jwk instanceof ArrayBuffer) throw new TypeError("no JWK");
  return jwk;
}

const ORDERS: Readonly<Record<string, string>> = {
  "P-256": "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
  "P-384":
    "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973",
  "P-521":
    "01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409",
};

/** FIPS 186-5 §6.4.1: the point of the secret number k is the public half of a key pair made for it. */
async function ecdsa(jwk: JsonWebKey, digest: Uint8Array): Promise<Uint8Array> {
  const { crv: namedCurve = "" } = jwk;
  const order = ORDERS[namedCurve] ?? "";
  const n = BigInt(`0x${order}`);
  const pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve }, true, ["sign"]);
  if (!("privateKey" in pair)) throw new TypeError("no key pair");
  const secret = await jwkOf(pair.privateKey);
  const r = numberOf(decode(secret.x)) % n;
  const [k, d] = [numberOf(decode(secret.d)), numberOf(decode(jwk.d))];
  // k⁻¹ by Fermat: n is prime.
  const s = (power(k, n - 2n, n) * (numberOf(digest) + r * d)) % n;
  return concatBytes(bytesOf(r, order.length / 2), bytesOf(s, order.length / 2));
}

/** RFC 8017 §5.1.2, by the two primes: a quarter of the time. */
function rsa(jwk: JsonWebKey, message: bigint): bigint {
  const [p, q, dp, dq, qi] = [jwk.p, jwk.q, jwk.dp, jwk.dq, jwk.qi].map((part) =>
    numberOf(decode(part)),
  ) as [bigint, bigint, bigint, bigint, bigint];
  const [ofP, ofQ] = [power(message, dp, p), power(message, dq, q)];
  return ofQ + q * (((((ofP - ofQ) * qi) % p) + p) % p);
}

/** RFC 8017 §9.2, notes 1: what stands before each digest. */
const DIGEST_INFO: Readonly<Record<HashName, string>> = {
  "SHA-256": "3031300d060960864801650304020105000420",
  "SHA-384": "3041300d060960864801650304020205000430",
  "SHA-512": "3051300d060960864801650304020305000440",
};

function emsaPkcs1(hash: HashName, digest: Uint8Array, length: number): Uint8Array {
  const info = concatBytes(fromHex(DIGEST_INFO[hash]), digest);
  const padding = new Uint8Array(length - info.length - 3).fill(0xff);
  return concatBytes(Uint8Array.of(0, 1), padding, Uint8Array.of(0), info);
}

/** RFC 8017 §9.1.1 with a salt as long as the digest, and moduli of whole octets. */
async function emsaPss(hash: HashName, digest: Uint8Array, length: number): Promise<Uint8Array> {
  const salt = crypto.getRandomValues(new Uint8Array(digest.length));
  const h = await sha(hash, concatBytes(new Uint8Array(8), digest, salt));
  const data = concatBytes(new Uint8Array(length - 2 * digest.length - 2), Uint8Array.of(1), salt);
  const mask = await mgf1(hash, h, data.length);
  const masked = data.map((byte, i) => byte ^ (mask[i] ?? 0));
  masked[0] = (masked[0] ?? 0) & 0x7f;
  return concatBytes(masked, h, Uint8Array.of(0xbc));
}

async function mgf1(hash: HashName, seed: Uint8Array, length: number): Promise<Uint8Array> {
  const count = Math.ceil(length / seed.length);
  const blocks = Array.from({ length: count }, (_, i) =>
    sha(hash, concatBytes(seed, Uint8Array.of(0, 0, 0, i))),
  );
  return concatBytes(...(await Promise.all(blocks))).subarray(0, length);
}

async function sha(hash: HashName, data: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest(hash, new Uint8Array(data)));
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  let square = base % modulus;
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if ((rest & 1n) === 1n) result = (result * square) % modulus;
    square = (square * square) % modulus;
  }
  return result;
}

function decode(text = ""): Uint8Array {
  const standard = text.replaceAll("-", "+").replaceAll("_", "/");
  return Uint8Array.from(atob(standard), (character) => character.charCodeAt(0));
}

function fromHex(text: string): Uint8Array {
  return Uint8Array.from(text.match(/../g) ?? [], (octet) => Number.parseInt(octet, 16));
}

function numberOf(bytes: Uint8Array): bigint {
  return BigInt(`0x${toHex(bytes)}`);
}

function bytesOf(value: bigint, length: number): Uint8Array {
  return fromHex(value.toString(16).padStart(2 * length, "0"));
}
