import { encodeJwsInput } from "../encoding/jws.ts";

/** What a JWT-SVID says (JWT-SVID §2, §3): these claims and no others. */
export interface JwtSvidProfile {
  /** One of `JWT_SVID_ALGORITHMS`: that of the key. */
  readonly alg: string;
  /** As in the bundle. */
  readonly kid: string;
  /** The SPIFFE ID as a URI. */
  readonly spiffeId: string;
  /** At least one. */
  readonly audience: readonly string[];
  /** The issuer URL, where relying parties that speak OpenID Connect look for the keys. */
  readonly issuer: string;
  /** Unix seconds, whole. There is no `nbf`: `iat` in a verifier's future is what would tell of a fast clock. */
  readonly issuedAt: number;
  readonly expiresAt: number;
  readonly jti: string;
}

/** JWT-SVID §2.1: RSA and NIST curves. No HMAC, no EdDSA. */
export const JWT_SVID_ALGORITHMS: ReadonlySet<string> = new Set([
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

/**
 * The JWS signing input of a JWT-SVID: ASCII text, whose bytes are what is signed.
 * Lint it (`lintJwtSvidInput`) before anything signs it: nothing is checked here.
 */
export function buildJwtSvidInput(profile: JwtSvidProfile): string {
  const { alg, kid, audience } = profile;
  const [only, ...more] = audience;
  return encodeJwsInput(
    { alg, kid, typ: "JWT" },
    {
      sub: profile.spiffeId,
      // A bare string is what every relying party takes; clouds differ on arrays.
      aud: only !== undefined && more.length === 0 ? only : audience,
      iss: profile.issuer,
      iat: profile.issuedAt,
      exp: profile.expiresAt,
      jti: profile.jti,
    },
  );
}
