import { encodeBase64url } from "../encoding/base64.ts";
import type { CryptoPrimitives, PublicKeyInfo } from "../encoding/primitives.ts";
import { thumbprintInput } from "../encoding/public-key.ts";
import type { Awaitable } from "../result.ts";

/**
 * RFC 7638 SHA-256 thumbprint of a public key, base64url without padding: always 43 characters.
 * Answers at once where the platform's digest does.
 */
export function thumbprint(
  crypto: Pick<CryptoPrimitives, "digest">,
  info: PublicKeyInfo,
): Awaitable<string> {
  const digest = crypto.digest("SHA-256", thumbprintInput(info));
  return digest instanceof Promise ? digest.then(encodeBase64url) : encodeBase64url(digest);
}
