import { CURVE_BYTES } from "../encoding/curves.ts";
import type { PublicKeyInfo, SignatureScheme } from "../encoding/primitives.ts";

/** Length in bytes of a raw signature by the key: RSA the modulus, ECDSA r‖s, Ed25519 R‖S. */
export function signatureBytes(info: PublicKeyInfo): number {
  if (info.type === "RSA") return info.n.length;
  return info.type === "EC" ? 2 * CURVE_BYTES[info.curve] : 64;
}

const KEY_TYPES: Readonly<Record<SignatureScheme["name"], PublicKeyInfo["type"]>> = {
  "RSASSA-PKCS1-v1_5": "RSA",
  "RSA-PSS": "RSA",
  ECDSA: "EC",
  Ed25519: "Ed25519",
};

/** Whether a scheme can be used with a key at all; which pairs are *allowed* is the caller's table. */
export function schemeFits(scheme: SignatureScheme, info: PublicKeyInfo): boolean {
  return KEY_TYPES[scheme.name] === info.type;
}

/**
 * The outermost bounds of a public key, tried before any runtime sees it, so that OpenSSL and BoringSSL
 * agree on what is a key and none computes with a 16384-bit modulus for a stranger.
 * RSA-1024 passes: one cloud still signs with it, by the operator's opt-in. What a *workload's* key must be
 * is decided elsewhere, and is stricter.
 */
export function withinLimits(info: PublicKeyInfo): boolean {
  if (info.type === "RSA") return modulusOk(info.n) && exponentOk(info.e);
  if (info.type === "Ed25519") return info.x.length === 32;
  const bytes = CURVE_BYTES[info.curve];
  return info.x.length === bytes && info.y.length === bytes;
}

function modulusOk(n: Uint8Array): boolean {
  const first = n[0] ?? 0;
  const bits = n.length * 8 - Math.clz32(first) + 24;
  return first !== 0 && bits >= 1024 && bits <= 8192 && odd(n);
}

/** BoringSSL takes no exponent above 33 bits; 4 bytes is what anybody uses. */
function exponentOk(e: Uint8Array): boolean {
  return e.length <= 4 && (e[0] ?? 0) !== 0 && odd(e) && !(e.length === 1 && e[0] === 1);
}

function odd(integer: Uint8Array): boolean {
  return ((integer.at(-1) ?? 0) & 1) === 1;
}
