import { UNREAD, type Claims, type ClaimKind, type ClaimValue } from "../../attestation.ts";
import type { JsonObject, JsonValue } from "../../encoding/json.ts";
import { fail, ok, type Result } from "../../result.ts";

/** Who the audience and the times are for is judged elsewhere, and no rule has any use for them. */
export const JUDGED_CLAIMS: ReadonlySet<string> = new Set(["aud", "exp", "nbf", "iat"]);

/**
 * The claims of an issuer that nothing is known of: every member of the token that is text, a whole number, a boolean or a
 * list of texts. What is empty counts as absent; what is none of these is `UNREAD`.
 * @returns `claim_type` for a number that is not a safe integer: two identities could round to one
 */
export function readOpenClaims(token: JsonObject): Result<Claims> {
  // Without a prototype: the names are the issuer's, and `constructor` is then as absent as any other.
  const claims: Record<string, ClaimValue> = Object.create(null);
  for (const name of Object.keys(token)) {
    const value = token[name];
    if (JUDGED_CLAIMS.has(name)) continue;
    if (typeof value === "number" && !Number.isSafeInteger(value)) return fail("claim_type", name);
    if (isClaim(value)) claims[name] = value;
    else if (typeof value === "object" && value !== null) claims[name] = UNREAD;
  }
  return ok(claims);
}

export function isClaim(value: JsonValue | undefined): value is ClaimValue & JsonValue {
  if (typeof value === "string") return value !== "";
  if (typeof value === "number") return Number.isSafeInteger(value);
  if (typeof value === "boolean") return true;
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}

export function kindOf(value: ClaimValue): ClaimKind {
  const type = typeof value;
  return type === "string" || type === "number" || type === "boolean" ? type : "strings";
}
