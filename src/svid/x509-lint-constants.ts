import type { SignatureScheme } from "../encoding/primitives.ts";

/**
 * The lint's own constants, written out as bytes. That they repeat what the DER writer makes is their purpose:
 * two tables have to agree before anything is signed.
 */
const bytes = (text: string): Uint8Array =>
  Uint8Array.from(text.split(" "), (pair) => Number.parseInt(pair, 16));

/** OBJECT IDENTIFIER of three bytes under id-ce (2.5.29); the third byte is the extension's number. */
export const OID_PREFIX: Uint8Array = bytes("06 03 55 1d");

/** Numbers under id-ce and the values they must have (RFC 5280 §4.2.1). */
export const EXTENSION = {
  subjectKeyId: 14,
  keyUsage: 15,
  subjectAltName: 17,
  basicConstraints: 19,
  authorityKeyId: 35,
  extendedKeyUsage: 37,
  /** Which of the six have been seen: one bit each, `number & 31`. */
  all: (1 << 14) | (1 << 15) | (1 << 17) | (1 << 19) | (1 << 3) | (1 << 5),
  /** BIT STRING with the first bit alone. */
  digitalSignatureOnly: bytes("03 02 07 80"),
  /** BasicConstraints without members: cA is false by default, and DER leaves defaults out. */
  notCa: bytes("30 00"),
  /** id-kp-serverAuth, id-kp-clientAuth. */
  serverAndClient: bytes("30 14 06 08 2b 06 01 05 05 07 03 01 06 08 2b 06 01 05 05 07 03 02"),
} as const;

const RSA = "30 0d 06 09 2a 86 48 86 f7 0d 01 01";
const PSS = "30 41 06 09 2a 86 48 86 f7 0d 01 01 0a 30 34 a0 0f";
const MGF = "a1 1c 30 1a 06 09 2a 86 48 86 f7 0d 01 01 08";
const SHA = "30 0d 06 09 60 86 48 01 65 03 04 02";

/** AlgorithmIdentifier by scheme and hash (RFC 4055, 5758, 8410). */
const ALGORITHMS: Readonly<Record<string, Uint8Array>> = {
  "RSASSA-PKCS1-v1_5 SHA-256": bytes(`${RSA} 0b 05 00`),
  "RSASSA-PKCS1-v1_5 SHA-384": bytes(`${RSA} 0c 05 00`),
  "RSASSA-PKCS1-v1_5 SHA-512": bytes(`${RSA} 0d 05 00`),
  "RSA-PSS SHA-256": bytes(`${PSS} ${SHA} 01 05 00 ${MGF} ${SHA} 01 05 00 a2 03 02 01 20`),
  "RSA-PSS SHA-384": bytes(`${PSS} ${SHA} 02 05 00 ${MGF} ${SHA} 02 05 00 a2 03 02 01 30`),
  "RSA-PSS SHA-512": bytes(`${PSS} ${SHA} 03 05 00 ${MGF} ${SHA} 03 05 00 a2 03 02 01 40`),
  "ECDSA SHA-256": bytes("30 0a 06 08 2a 86 48 ce 3d 04 03 02"),
  "ECDSA SHA-384": bytes("30 0a 06 08 2a 86 48 ce 3d 04 03 03"),
  "ECDSA SHA-512": bytes("30 0a 06 08 2a 86 48 ce 3d 04 03 04"),
  Ed25519: bytes("30 05 06 03 2b 65 70"),
};

const known = new WeakMap<SignatureScheme, Uint8Array>();

export function algorithmBytes(scheme: SignatureScheme): Uint8Array | undefined {
  let found = known.get(scheme);
  if (found === undefined) {
    found = ALGORITHMS[nameOf(scheme)];
    if (found !== undefined) known.set(scheme, found);
  }
  return found;
}

function nameOf(scheme: SignatureScheme): string {
  return scheme.name === "Ed25519" ? scheme.name : `${scheme.name} ${scheme.hash}`;
}
