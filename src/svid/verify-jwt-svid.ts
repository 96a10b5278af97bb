import type { KeyAuthority } from "../encoding/bundle.ts";
import { member, type JsonObject, type JsonValue } from "../encoding/json.ts";
import { keyFits, parseJws, verifyJws, type Jws } from "../encoding/jws.ts";
import type { CryptoPrimitives } from "../encoding/primitives.ts";
import { fail, ok, type Result } from "../result.ts";
import { parseSpiffeId, type SpiffeId } from "../spiffe/spiffe-id.ts";
import type { TrustDomain } from "../spiffe/trust-domain.ts";
import { JWT_SVID_ALGORITHMS } from "./jwt-svid.ts";

export interface JwtSvid {
  readonly spiffeId: SpiffeId;
  readonly audience: readonly string[];
  /** Unix seconds. */
  readonly expiresAt: number;
  readonly issuedAt?: number;
  /** All claims, verified as a whole; the meaning of those beyond JWT-SVID §3 is their issuer's. */
  readonly claims: JsonObject;
}

export interface JwtSvidRules {
  /** Whose identity may be in it: the domain that the keys are of. */
  readonly trustDomain: TrustDomain;
  /** One of the token's audiences has to be this. Never empty: a token for somebody else is not for us. */
  readonly audience: string;
  /** Unix seconds. */
  readonly now: number;
  /** How far clocks may differ; 60 unless told. */
  readonly leewaySeconds?: number;
}

const LEEWAY_SECONDS = 60;

/**
 * Verifies a JWT-SVID (JWT-SVID §5) with the `jwt-svid` keys of one trust domain's bundle. The algorithm, type and
 * header are judged before any cryptography, the claims after it.
 * @param keys of the trust domain of `rules` and no other
 * @throws TypeError for an empty audience
 */
export async function verifyJwtSvid(
  token: string,
  keys: readonly KeyAuthority[],
  rules: JwtSvidRules,
  crypto: CryptoPrimitives,
): Promise<Result<JwtSvid>> {
  if (rules.audience === "") throw new TypeError("an audience is required");
  const parsed = parseJws(token);
  if (!parsed.ok) return parsed;
  const jws = parsed.value;
  const authority = selectKey(jws, keys);
  if (!authority.ok) return authority;
  const key = await crypto.importPublicKey(authority.value.info);
  if (!key.ok) return key;
  const verified = await verifyJws(jws, key.value, crypto);
  return verified.ok ? readClaims(jws.claims, rules) : verified;
}

function selectKey(jws: Jws, keys: readonly KeyAuthority[]): Result<KeyAuthority> {
  const { alg, kid, typ } = jws;
  if (!JWT_SVID_ALGORITHMS.has(alg)) return fail("algorithm_not_allowed", "alg");
  // What keeps tokens of other kinds (WIT-SVIDs, transaction tokens) by the same issuer from being taken (§2.3).
  if (typ !== undefined && typ !== "JWT" && typ !== "JOSE") return fail("jws_type", "typ");
  for (const name of Object.keys(jws.header))
    if (name !== "alg" && name !== "kid" && name !== "typ")
      return fail("jws_header_forbidden", "header member beyond alg, kid and typ");
  // Without it the key would have to be guessed; everybody sets it.
  if (kid === undefined) return fail("key_unknown", "kid missing");
  const authority = keys.find((candidate) => candidate.kid === kid);
  if (authority === undefined) return fail("key_unknown", "kid");
  return keyFits(alg, authority.info) ? ok(authority) : fail("algorithm_not_allowed", "key");
}

function readClaims(claims: JsonObject, rules: JwtSvidRules): Result<JwtSvid> {
  const leeway = rules.leewaySeconds ?? LEEWAY_SECONDS;
  const sub = member(claims, "sub");
  if (typeof sub !== "string") return fail("claim_missing", "sub");
  const spiffeId = parseSpiffeId(sub);
  if (!spiffeId.ok) return spiffeId;
  if (spiffeId.value.trustDomain !== rules.trustDomain) return fail("claim_value", "trust domain");
  // That of the trust domain itself is the name of its authority, which authenticates nobody.
  if (spiffeId.value.path === "") return fail("claim_value", "spiffe id without path");

  const audience = readAudience(member(claims, "aud"));
  if (audience === undefined) return fail("claim_type", "aud");
  if (!audience.includes(rules.audience)) return fail("audience_mismatch");

  const exp = readTime(claims, "exp");
  const nbf = readTime(claims, "nbf");
  const iat = readTime(claims, "iat");
  if (exp === undefined) return fail("claim_missing", "exp");
  if (exp === "malformed" || nbf === "malformed" || iat === "malformed")
    return fail("claim_type", "exp, nbf or iat");
  if (rules.now >= exp + leeway) return fail("evidence_expired");
  if (nbf !== undefined && rules.now < nbf - leeway) return fail("evidence_not_yet_valid", "nbf");
  if (iat !== undefined && rules.now < iat - leeway) return fail("evidence_not_yet_valid", "iat");
  return ok({
    spiffeId: spiffeId.value,
    audience,
    expiresAt: exp,
    ...(iat === undefined ? undefined : { issuedAt: iat }),
    claims,
  });
}

/** A string or strings; undefined where it is absent, empty or anything else. */
function readAudience(aud: JsonValue | undefined): readonly string[] | undefined {
  if (typeof aud === "string") return aud === "" ? undefined : [aud];
  if (!Array.isArray(aud) || aud.length === 0) return undefined;
  const values: string[] = [];
  for (const value of aud as readonly JsonValue[]) {
    if (typeof value !== "string" || value === "") return undefined;
    values.push(value);
  }
  return values;
}

/** Whole Unix seconds. Fractions, text and numbers beyond any clock are the work of a broken or hostile issuer. */
function readTime(claims: JsonObject, name: string): number | undefined | "malformed" {
  const value = member(claims, name);
  if (value === undefined) return undefined;
  return Number.isSafeInteger(value) && typeof value === "number" && value >= 0
    ? value
    : "malformed";
}
