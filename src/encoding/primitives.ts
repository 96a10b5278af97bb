import type { Awaitable, Result } from "../result.ts";

export type HashName = "SHA-256" | "SHA-384" | "SHA-512";
export type CurveName = "P-256" | "P-384" | "P-521";

/** A signature scheme with nothing left open. RSA-PSS: salt as long as the hash, MGF1 with the same hash. */
export type SignatureScheme =
  | { readonly name: "RSASSA-PKCS1-v1_5"; readonly hash: HashName }
  | { readonly name: "RSA-PSS"; readonly hash: HashName }
  | { readonly name: "ECDSA"; readonly hash: HashName }
  | { readonly name: "Ed25519" };

/** The parameters of a public key, read strictly from SPKI or JWK. Integers are big-endian without leading zeros. */
export type PublicKeyInfo =
  | { readonly type: "RSA"; readonly n: Uint8Array; readonly e: Uint8Array }
  | {
      readonly type: "EC";
      readonly curve: CurveName;
      readonly x: Uint8Array;
      readonly y: Uint8Array;
    }
  | { readonly type: "Ed25519"; readonly x: Uint8Array };

export interface PublicKey {
  readonly info: PublicKeyInfo;
  /** DER SubjectPublicKeyInfo, in the one canonical encoding of its parameters. */
  readonly spki: Uint8Array;
  /**
   * The platform's own, of a key that it has imported: on the curve, ready to verify. Absent from a key that is met
   * once: `verify` then imports it for that one call, and one that the platform would refuse verifies nothing.
   */
  readonly handle?: unknown;
}

export type DigestForm = "hex" | "base64url";

/** The cryptography that decoders of signed structures need. `Platform` has it. */
export interface CryptoPrimitives {
  digest(hash: HashName, data: Uint8Array): Awaitable<Uint8Array>;
  /**
   * The digest as text, for names and records: a runtime that writes it itself makes no octets for it.
   * @param data text is hashed as its UTF-8
   * @param form lower-case hexadecimal, or base64url without padding
   */
  digestText(hash: HashName, data: Uint8Array | string, form: DigestForm): Awaitable<string>;
  /** @returns `key_malformed` where the runtime refuses the key (a point off its curve, say). */
  importPublicKey(info: PublicKeyInfo): Awaitable<Result<PublicKey>>;
  /**
   * @param signature RSA: as long as the modulus; ECDSA: raw r‖s, each as long as the order; Ed25519: 64 bytes.
   * @returns false for a wrong signature and for a scheme that does not fit the key; never throws for either.
   */
  verify(
    scheme: SignatureScheme,
    key: PublicKey,
    signature: Uint8Array,
    data: Uint8Array,
  ): Awaitable<boolean>;
}
