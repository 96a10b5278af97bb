import { toHex } from "./bytes.ts";
import type { PublicKeyInfo } from "./primitives.ts";

/** Enough of a modulus or coordinate to name the key; a key that matches by chance does not occur. */
const ID_BYTES = 12;

export function publishedKeyId(info: PublicKeyInfo): string {
  return toHex((info.type === "RSA" ? info.n : info.x).subarray(0, ID_BYTES));
}

/**
 * Keys whose private half is printed in a standard, where people copy it from, or follows from what is published,
 * in ways that nothing about the key itself betrays.
 */
export const PUBLISHED_KEYS: ReadonlySet<string> = new Set([
  "a1f8160ae2e3c9b465ce8d2d", // RFC 7515 A.2, RSA
  "7fcdce2770f6c45d4183cbee", // RFC 7515 A.3, P-256
  "30a0424cd21c2944838a2d75", // RFC 7517 A.1, P-256
  "0072992cb3ac08ecf3e5c63d", // RFC 7520 §3.2, P-521
  "9f810fb4038273d02591e407", // RFC 7520 §3.4, RSA
  "d75a980182b10ab7d54bfed3", // RFC 8032 §7.1 and RFC 8037 A.1, Ed25519
  "422548f88fb782ffb5eca374", // RFC 9500 §2.3, P-256
  "c096530c4c4a343fc388ff8b", // a key of the Debian generator of 2006 to 2008 (CVE-2008-0166)
  "b504bbdb47631e8058d9e5c4", // shares a prime with another certificate's key, crt.sh 5534506057
  "a904a0dbbf3cded1abe63b72", // its modulus is a prime; specimen of the badkeys project
]);
