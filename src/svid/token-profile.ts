/** What every SVID that is a token says. */
export interface TokenProfile {
  /** One of `TOKEN_SVID_ALGORITHMS`: that of the key. */
  readonly alg: string;
  /** As in the bundle. */
  readonly kid: string;
  /** The SPIFFE ID as a URI. */
  readonly spiffeId: string;
  /** Unix seconds, whole. There is no `nbf`: `iat` in a verifier's future is what would tell of a fast clock. */
  readonly issuedAt: number;
  readonly expiresAt: number;
  readonly jti: string;
}

/** JWT-SVID §2.1, WIT-SVID §2: RSA and NIST curves. No HMAC, no EdDSA. */
export const TOKEN_SVID_ALGORITHMS: ReadonlySet<string> = new Set([
  "RS256",
  "RS384",
  "RS512",
  "ES256",
  "ES384",
  "ES512",
  "PS256",
  "PS384",
  "PS512",
]);
