import { encodeJwsInput } from "../encoding/jws.ts";
import type { PublicKeyInfo } from "../encoding/primitives.ts";
import { jwkOf } from "../encoding/public-key.ts";
import type { TokenProfile } from "./token-profile.ts";

/** WIT-SVID is incubating: this follows spiffe/spiffe at 665a28f. */
export const WIT_SVID_TYPE = "wit+jwt";

/** What a WIT-SVID says: these claims and no others. No audience: it proves nothing without its key. */
export interface WitSvidProfile extends TokenProfile {
  /** The workload's key and the one algorithm that it signs with. */
  readonly confirmation: { readonly info: PublicKeyInfo; readonly alg: string };
}

/**
 * The JWS signing input of a WIT-SVID. Lint it (`lintWitSvidInput`) before anything signs it: nothing is checked here.
 * There is no `iss`: one that OpenID Connect could discover should not be there, and no verifier needs another.
 */
export function buildWitSvidInput(profile: WitSvidProfile): string {
  const { alg, kid, confirmation } = profile;
  return encodeJwsInput(
    { alg, kid, typ: WIT_SVID_TYPE },
    {
      sub: profile.spiffeId,
      iat: profile.issuedAt,
      exp: profile.expiresAt,
      jti: profile.jti,
      cnf: { jwk: { ...jwkOf(confirmation.info), alg: confirmation.alg } },
    },
  );
}
