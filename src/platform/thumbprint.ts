import type { CryptoPrimitives, PublicKeyInfo } from "../encoding/primitives.ts";
import { thumbprintInput } from "../encoding/public-key.ts";
import type { Awaitable } from "../result.ts";

/**
 * RFC 7638 SHA-256 thumbprint of a public key, base64url without padding: always 43 characters.
 * Answers at once where the platform's digest does.
 */
export function thumbprint(
  crypto: Pick<CryptoPrimitives, "digestText">,
  info: PublicKeyInfo,
): Awaitable<string> {
  return crypto.digestText("SHA-256", thumbprintInput(info), "base64url");
}
