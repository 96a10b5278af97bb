import { decodeBase64url } from "../encoding/base64.ts";
import { parseJsonObject, type JsonObject, type JsonValue } from "../encoding/json.ts";
import { fail, ok, type Result } from "../result.ts";
import { parseSpiffeId } from "../spiffe/spiffe-id.ts";
import { JWT_SVID_ALGORITHMS, type JwtSvidProfile } from "./jwt-svid.ts";

export interface JwtSvidExpectation extends JwtSvidProfile {
  /** Ours, from configuration. */
  readonly trustDomain: string;
}

/** JWT-SVID §3.3 wants them as short as can be; a day is the outermost that any rule may give. */
const MAX_LIFETIME_SECONDS = 86_400;
const MAX_AUDIENCES = 32;

/**
 * Reads the text about to be signed as a verifier would and compares it with what was decided: exactly the members
 * of the profile, each with its value and type. Never throws.
 * @returns `lint_failed` with the first member that is wrong
 */
export function lintJwtSvidInput(input: string, expected: JwtSvidExpectation): Result<void> {
  const dot = input.indexOf(".");
  const header = part(input.slice(0, dot));
  const claims = part(input.slice(dot + 1));
  if (dot < 1 || header === undefined || claims === undefined) return wrong("encoding");

  const { alg, kid, typ, ...otherHeaders } = header;
  if (alg !== expected.alg || !JWT_SVID_ALGORITHMS.has(expected.alg)) return wrong("alg");
  if (kid !== expected.kid || expected.kid === "") return wrong("kid");
  if (typ !== "JWT") return wrong("typ");
  if (Object.keys(otherHeaders).length > 0) return wrong("header members");

  const { sub, aud, iss, iat, exp, jti, ...otherClaims } = claims;
  const id = parseSpiffeId(expected.spiffeId);
  if (!id.ok || id.value.trustDomain !== expected.trustDomain || id.value.path === "")
    return wrong("spiffe id");
  if (sub !== expected.spiffeId) return wrong("sub");
  if (!isAudience(aud, expected.audience)) return wrong("aud");
  if (iss !== expected.issuer || expected.issuer === "") return wrong("iss");
  if (iat !== expected.issuedAt || !Number.isSafeInteger(iat)) return wrong("iat");
  if (exp !== expected.expiresAt || !Number.isSafeInteger(exp)) return wrong("exp");
  const lifetime = expected.expiresAt - expected.issuedAt;
  if (lifetime <= 0 || lifetime > MAX_LIFETIME_SECONDS) return wrong("exp");
  if (jti !== expected.jti || expected.jti.length < 16) return wrong("jti");
  if (Object.keys(otherClaims).length > 0) return wrong("claims");
  return ok(undefined);
}

function part(text: string): JsonObject | undefined {
  const bytes = decodeBase64url(text);
  const json = bytes.ok ? parseJsonObject(bytes.value) : undefined;
  return json?.ok === true ? json.value : undefined;
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

function wrong(member: string): Result<never> {
  return fail("lint_failed", member);
}
