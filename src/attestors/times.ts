import type { JsonObject, JsonValue } from "../encoding/json.ts";
import { fail, ok, type Result } from "../result.ts";

/** Seconds by which a clock may be wrong, ours or the provider's. */
export const LEEWAY_SECONDS = 60;

/** The bounds as they are signed, in Unix seconds. What is accepted reaches `LEEWAY_SECONDS` further at both ends. */
export interface TimeBounds {
  readonly notBefore: number;
  readonly notAfter: number;
}

/**
 * Decides whether a token is of now, by its `iat`, `exp` and, where it has one, `nbf` (RFC 7519 §4.1.4-6).
 * All are whole seconds; milliseconds fail as a time in the future or as too long a life.
 * @param maxLifetimeSeconds most that `exp − iat` may be, without leeway: both come from one clock
 * @returns `claim_missing` | `claim_type` | `evidence_lifetime` | `evidence_expired` | `evidence_not_yet_valid`
 */
export function checkTimes(
  claims: JsonObject,
  now: number,
  maxLifetimeSeconds: number,
): Result<TimeBounds> {
  const { iat, exp, nbf } = claims;
  if (iat === undefined || exp === undefined) return fail("claim_missing", "iat or exp");
  if (!isInstant(iat) || !isInstant(exp) || !(nbf === undefined || isInstant(nbf)))
    return fail("claim_type", "iat, exp or nbf is not a whole number of seconds");
  if (exp <= iat || exp - iat > maxLifetimeSeconds) return fail("evidence_lifetime");
  const notBefore = Math.max(iat, nbf ?? iat);
  if (now < notBefore - LEEWAY_SECONDS) return fail("evidence_not_yet_valid");
  return now < exp + LEEWAY_SECONDS ? ok({ notBefore, notAfter: exp }) : fail("evidence_expired");
}

function isInstant(value: JsonValue): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
