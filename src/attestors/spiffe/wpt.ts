import { encodeBase64url } from "../../encoding/base64.ts";
import { utf8Encode } from "../../encoding/bytes.ts";
import { verifyJws, type Jws } from "../../encoding/jws.ts";
import type { Platform } from "../../platform/platform.ts";
import { fail, ok, type Result } from "../../result.ts";
import type { WitSvid } from "../../svid/verify-wit-svid.ts";
import { singleAudience } from "../binding.ts";
import { LEEWAY_SECONDS } from "../times.ts";

/**
 * Workload Proof Tokens (draft-ietf-wimse-wpt-02): what the holder of a WIT-SVID's key signs for one request.
 * A stolen one is worth nothing here without that key, which the request has to prove as well; so `jti` is asked for,
 * as the draft has it, and not remembered.
 */
export interface WptTarget {
  /** The WIT-SVID that it must be for, as it was sent. */
  readonly token: string;
  /** The URL of the endpoint, from configuration. */
  readonly audience: string;
  /** Unix seconds. */
  readonly now: number;
}

/** Longest life that a proof may have left, in seconds: it is made for one request. */
const MAX_LIFE_SECONDS = 120;
const MAX_JTI_CHARACTERS = 256;
/** Hashes of tokens that travel beside the proof. None does here, so a proof that names one is for another request. */
const OTHER_TOKENS = ["ath", "tth", "oth"] as const;

/**
 * All but the signature.
 * @returns `jws_type` | `algorithm_not_allowed` | `audience_mismatch` | `claim_missing` | `claim_type` | `claim_value`
 * | `evidence_expired` | `evidence_lifetime` | `evidence_not_yet_valid` | `binding_mismatch`
 */
export async function checkWpt(
  { alg, typ, claims }: Jws,
  wit: WitSvid,
  { token, audience, now }: WptTarget,
  platform: Platform,
): Promise<Result<void>> {
  if (typ !== "wpt+jwt") return fail("jws_type", "wpt");
  if (alg !== wit.alg) return fail("algorithm_not_allowed", "wpt: not that of cnf.jwk");
  const { aud, exp, iat, nbf, jti, wth } = claims;
  if (singleAudience(aud) !== audience) return fail("audience_mismatch", "wpt");
  if (typeof jti !== "string" || jti === "" || jti.length > MAX_JTI_CHARACTERS)
    return fail("claim_missing", "wpt: jti");
  if (exp === undefined) return fail("claim_missing", "wpt: exp");
  if (!isInstant(exp) || !isOptionalInstant(iat) || !isOptionalInstant(nbf))
    return fail("claim_type", "wpt: exp, iat or nbf");
  if (now >= exp + LEEWAY_SECONDS) return fail("evidence_expired", "wpt");
  if (exp > now + MAX_LIFE_SECONDS + LEEWAY_SECONDS) return fail("evidence_lifetime", "wpt");
  if (Math.max(iat ?? 0, nbf ?? 0) > now + LEEWAY_SECONDS)
    return fail("evidence_not_yet_valid", "wpt");
  if (OTHER_TOKENS.some((name) => Object.hasOwn(claims, name)))
    return fail("claim_value", "wpt: made for a request with another token");
  const hash = encodeBase64url(await platform.digest("SHA-256", utf8Encode(token)));
  return wth === hash ? ok(undefined) : fail("binding_mismatch", "wpt: of another token");
}

/** @returns `key_malformed` | `signature_invalid` */
export async function verifyWpt(wpt: Jws, wit: WitSvid, platform: Platform): Promise<Result<void>> {
  const key = await platform.importPublicKey(wit.key);
  if (!key.ok) return key;
  const verified = await verifyJws(wpt, key.value, platform);
  return verified.ok ? verified : fail(verified.error.reason, "wpt");
}

function isInstant(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function isOptionalInstant(value: unknown): value is number | undefined {
  return value === undefined || isInstant(value);
}
