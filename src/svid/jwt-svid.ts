import { encodeJwsInput } from "../encoding/jws.ts";
import type { TokenProfile } from "./token-profile.ts";

/** What a JWT-SVID says (JWT-SVID §2, §3): these claims and no others. */
export interface JwtSvidProfile extends TokenProfile {
  /** At least one. */
  readonly audience: readonly string[];
  /** The issuer URL, where relying parties that speak OpenID Connect look for the keys. */
  readonly issuer: string;
}

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
