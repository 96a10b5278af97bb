import type { X509Authority } from "../encoding/bundle.ts";
import type { PublicKeyInfo } from "../encoding/primitives.ts";
import type { X509Issuer } from "../svid/x509-svid.ts";
import type { SignatureAlgorithm, Signer } from "./signer.ts";

/** The key that signs certificates at some moment. Its signer verifies every signature before it returns. */
export interface X509Key {
  readonly signer: Signer;
  readonly issuer: X509Issuer;
  /** Intermediates between leaf and root, PEM, leaf's issuer first; "" where the root signs. */
  readonly chainPem: string;
}

export interface JwtKey {
  readonly signer: Signer;
  /** As in the bundle. */
  readonly kid: string;
}

/** What is published at some moment; the very same object until that changes. */
export interface PublishedKeys {
  readonly x509: readonly X509Authority[];
  readonly jwt: readonly { readonly kid: string; readonly info: PublicKeyInfo; readonly alg: SignatureAlgorithm }[];
  /** `spiffe_sequence`: Unix seconds of the latest change. */
  readonly sequence: number;
  /** Seconds. */
  readonly refreshHint: number;
}

/** The issuer's keys with their timelines: immutable. All times are Unix seconds. */
export interface KeySet {
  /** SVID types that have keys at all. */
  readonly uses: ReadonlySet<"x509" | "jwt">;
  /** RFC 7638 thumbprints of all keys, retired ones and CAs included: nobody gets an SVID for one. */
  readonly thumbprints: ReadonlySet<string>;
  x509(now: number): X509Key | undefined;
  jwt(now: number): JwtKey | undefined;
  published(now: number): PublishedKeys;
}
