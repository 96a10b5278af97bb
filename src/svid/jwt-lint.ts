import type { JsonValue } from "../encoding/json.ts";
import { ok, type Result } from "../result.ts";
import type { JwtSvidProfile } from "./jwt-svid.ts";
import { lintToken, wrong } from "./token-lint.ts";

export interface JwtSvidExpectation extends JwtSvidProfile {
  /** Ours, from configuration. */
  readonly trustDomain: string;
}

const MAX_AUDIENCES = 32;

/**
 * Reads the text about to be signed as a verifier would and compares it with what was decided: exactly the members
 * of the profile, each with its value and type. Never throws.
 * @returns `lint_failed` with the first member that is wrong
 */
export function lintJwtSvidInput(input: string, expected: JwtSvidExpectation): Result<void> {
  const common = lintToken(input, "JWT", expected);
  if (!common.ok) return common;
  const { aud, iss, ...otherClaims } = common.value;
  if (!isAudience(aud, expected.audience)) return wrong("aud");
  if (iss !== expected.issuer || expected.issuer === "") return wrong("iss");
  if (Object.keys(otherClaims).length > 0) return wrong("claims");
  return ok(undefined);
}

/** A string for one audience, an array for more; the very values, none of them empty. */
function isAudience(aud: JsonValue | undefined, expected: readonly string[]): boolean {
  if (expected.length === 0 || expected.length > MAX_AUDIENCES || expected.includes(""))
    return false;
  if (expected.length === 1) return aud === expected[0];
  return (
    Array.isArray(aud) &&
    aud.length === expected.length &&
    expected.every((value, at) => aud[at] === value)
  );
}
