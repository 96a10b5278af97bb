import { allocate } from "../encoding/allocate.ts";
import { utf8Encode } from "../encoding/bytes.ts";
import type { Platform } from "../platform/platform.ts";
import type { Awaitable } from "../result.ts";

export interface ClaimScope {
  readonly platform: Pick<Platform, "digestText">;
  readonly trustDomain: string;
}

/**
 * The name under which a piece of evidence is claimed: lower-case hex SHA-256 of type, trust domain and signed identity.
 * Each part is preceded by its length in bytes (32 bits, big-endian), so that no two lists of parts give the same bytes.
 * @param identity only what the signature covers: an envelope or a signature can be re-encoded, and each
 *   spelling would be a first use of its own
 */
export function claimKey(
  scope: ClaimScope,
  type: string,
  identity: readonly (string | Uint8Array)[],
): Awaitable<string> {
  const bytes = framed([type, scope.trustDomain, ...identity]);
  return scope.platform.digestText("SHA-256", bytes, "hex");
}

function framed(parts: readonly (string | Uint8Array)[]): Uint8Array {
  let length = 0;
  const encoded: Uint8Array[] = [];
  for (const part of parts) {
    const bytes = typeof part === "string" ? utf8Encode(part) : part;
    encoded.push(bytes);
    length += 4 + bytes.length;
  }
  const bytes = allocate(length);
  let offset = 0;
  for (const part of encoded) {
    for (let octet = 3, rest = part.length; octet >= 0; octet--, rest >>>= 8)
      bytes[offset + octet] = rest;
    bytes.set(part, offset + 4);
    offset += 4 + part.length;
  }
  return bytes;
}
