import type { KeyAuthority } from "../encoding/bundle.ts";
import { member, type JsonObject } from "../encoding/json.ts";
import { keyFits, verifyJws, type Jws } from "../encoding/jws.ts";
import type { CryptoPrimitives, PublicKey } from "../encoding/primitives.ts";
import { fail, ok, type Awaitable, type Result } from "../result.ts";
import { parseSpiffeId, type SpiffeId } from "../spiffe/spiffe-id.ts";
import type { TrustDomain } from "../spiffe/trust-domain.ts";
import { TOKEN_SVID_ALGORITHMS } from "./token-profile.ts";

/** What JWT-SVIDs and WIT-SVIDs are read by alike. */
export interface TokenRules {
  /** Whose identity may be in it: the domain that the keys are of. */
  readonly trustDomain: TrustDomain;
  /** Unix seconds. */
  readonly now: number;
  /** How far clocks may differ; 60 unless told. */
  readonly leewaySeconds?: number;
}

export interface TokenSubject {
  readonly spiffeId: SpiffeId;
  /** Unix seconds. */
  readonly expiresAt: number;
  readonly notBefore?: number;
  readonly issuedAt?: number;
}

const LEEWAY_SECONDS = 60;

/** Makes a key of a bundle ready to verify with; one that is kept need not be imported again. */
export type OpenAuthority = (authority: KeyAuthority) => Awaitable<Result<PublicKey>>;

/** @returns `algorithm_not_allowed` | `key_unknown` | `signature_invalid` */
export async function verifyToken(
  jws: Jws,
  keys: readonly KeyAuthority[],
  open: OpenAuthority,
  crypto: CryptoPrimitives,
): Promise<Result<void>> {
  const { alg, kid } = jws;
  const authority = keys.find((candidate) => candidate.kid === kid);
  if (authority === undefined) return fail("key_unknown", "kid");
  if (!keyFits(alg, authority.info)) return fail("algorithm_not_allowed", "key");
  const key = await open(authority);
  return key.ok ? verifyJws(jws, key.value, crypto) : key;
}

/** @returns `algorithm_not_allowed` for what neither standard lists; `key_unknown` where no key is named */
export function checkTokenHeader({ alg, kid }: Jws): Result<void> {
  if (!TOKEN_SVID_ALGORITHMS.has(alg)) return fail("algorithm_not_allowed", "alg");
  // Without it the key would have to be guessed; everybody sets it.
  return kid === undefined || kid === "" ? fail("key_unknown", "kid missing") : ok(undefined);
}

/**
 * Who it is and until when.
 * @returns `claim_missing` | `claim_type` | `claim_value` | `evidence_expired` | `evidence_not_yet_valid`
 */
export function readSubject(claims: JsonObject, rules: TokenRules): Result<TokenSubject> {
  const leeway = rules.leewaySeconds ?? LEEWAY_SECONDS;
  const sub = member(claims, "sub");
  if (typeof sub !== "string") return fail("claim_missing", "sub");
  const spiffeId = parseSpiffeId(sub);
  if (!spiffeId.ok) return spiffeId;
  if (spiffeId.value.trustDomain !== rules.trustDomain) return fail("claim_value", "trust domain");
  // That of the trust domain itself is the name of its authority, which authenticates nobody.
  if (spiffeId.value.path === "") return fail("claim_value", "spiffe id without path");
  const exp = readTime(claims, "exp");
  const nbf = readTime(claims, "nbf");
  const iat = readTime(claims, "iat");
  if (exp === undefined) return fail("claim_missing", "exp");
  if (exp === "malformed" || nbf === "malformed" || iat === "malformed")
    return fail("claim_type", "exp, nbf or iat");
  if (rules.now >= exp + leeway) return fail("evidence_expired");
  if (nbf !== undefined && rules.now < nbf - leeway) return fail("evidence_not_yet_valid", "nbf");
  return ok({
    spiffeId: spiffeId.value,
    expiresAt: exp,
    ...(nbf === undefined ? undefined : { notBefore: nbf }),
    ...(iat === undefined ? undefined : { issuedAt: iat }),
  });
}

/** @returns `evidence_not_yet_valid`: an `iat` beyond the leeway, where the standard lets it count */
export function checkIssuedAt({ issuedAt }: TokenSubject, rules: TokenRules): Result<void> {
  const leeway = rules.leewaySeconds ?? LEEWAY_SECONDS;
  return issuedAt !== undefined && rules.now < issuedAt - leeway
    ? fail("evidence_not_yet_valid", "iat")
    : ok(undefined);
}

/** Whole Unix seconds. Fractions, text and numbers beyond any clock are the work of a broken or hostile issuer. */
function readTime(claims: JsonObject, name: string): number | undefined | "malformed" {
  const value = member(claims, name);
  if (value === undefined) return undefined;
  return Number.isSafeInteger(value) && typeof value === "number" && value >= 0
    ? value
    : "malformed";
}
