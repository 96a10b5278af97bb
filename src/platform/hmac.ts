import { concatBytes } from "../encoding/bytes.ts";
import type { CryptoPrimitives } from "../encoding/primitives.ts";

const BLOCK_BYTES = 64;

/**
 * HMAC-SHA-256 (RFC 2104), over nothing but a digest, which every platform has.
 * @returns 32 bytes
 */
export async function hmacSha256(
  crypto: Pick<CryptoPrimitives, "digest">,
  key: Uint8Array,
  data: Uint8Array,
): Promise<Uint8Array> {
  const short = key.length > BLOCK_BYTES ? await crypto.digest("SHA-256", key) : key;
  const padded = new Uint8Array(BLOCK_BYTES);
  padded.set(short);
  const inner = concatBytes(
    padded.map((byte) => byte ^ 0x36),
    data,
  );
  const outer = concatBytes(
    padded.map((byte) => byte ^ 0x5c),
    await crypto.digest("SHA-256", inner),
  );
  return crypto.digest("SHA-256", outer);
}
