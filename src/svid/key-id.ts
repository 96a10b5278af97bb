import { whenReady } from "../encoding/awaitable.ts";
import type { CryptoPrimitives } from "../encoding/primitives.ts";
import type { Awaitable } from "../result.ts";

/**
 * The subject key identifier of a key: the first 160 bits of the SHA-256 of its bits (RFC 7093 §2, method 1).
 * RFC 5280 suggests SHA-1 for it, which nothing here computes.
 * @param spki canonical DER SubjectPublicKeyInfo
 */
export function subjectKeyIdOf(
  spki: Uint8Array,
  crypto: Pick<CryptoPrimitives, "digest">,
): Awaitable<Uint8Array> {
  return whenReady(crypto.digest("SHA-256", keyBits(spki)), (digest) => digest.subarray(0, 20));
}

/** The content of the BIT STRING without its count of unused bits: what follows the AlgorithmIdentifier. */
function keyBits(spki: Uint8Array): Uint8Array {
  const algorithm = contentStart(spki, 0);
  const length = spki[algorithm + 1] ?? 0;
  const bits = contentStart(spki, algorithm + 2 + length);
  return spki.subarray(bits + 1);
}

function contentStart(der: Uint8Array, at: number): number {
  const length = der[at + 1] ?? 0;
  return at + 2 + (length < 0x80 ? 0 : length & 0x7f);
}
