import { decodeBase64url } from "../encoding/base64.ts";
import { parseJsonObject, type JsonObject } from "../encoding/json.ts";
import { fail, ok, type Result } from "../result.ts";
import { parseSpiffeId } from "../spiffe/spiffe-id.ts";
import { TOKEN_SVID_ALGORITHMS, type TokenProfile } from "./token-profile.ts";

/** A day is the outermost that any rule may give. */
const MAX_LIFETIME_SECONDS = 86_400;

/**
 * Reads the text about to be signed as a verifier would and compares what all token SVIDs have with what was decided:
 * exactly these headers, each claim with its value and type. Never throws.
 * @returns the other claims; `lint_failed` with the first member that is wrong
 */
export function lintToken(
  input: string,
  typ: string,
  expected: TokenProfile & { readonly trustDomain: string },
): Result<JsonObject> {
  const dot = input.indexOf(".");
  const header = part(input.slice(0, dot));
  const claims = part(input.slice(dot + 1));
  if (dot < 1 || header === undefined || claims === undefined) return wrong("encoding");

  const { alg, kid, typ: type, ...otherHeaders } = header;
  if (alg !== expected.alg || !TOKEN_SVID_ALGORITHMS.has(expected.alg)) return wrong("alg");
  if (kid !== expected.kid || expected.kid === "") return wrong("kid");
  if (type !== typ) return wrong("typ");
  if (Object.keys(otherHeaders).length > 0) return wrong("header members");

  const { sub, iat, exp, jti, ...otherClaims } = claims;
  const id = parseSpiffeId(expected.spiffeId);
  if (!id.ok || id.value.trustDomain !== expected.trustDomain || id.value.path === "")
    return wrong("spiffe id");
  if (sub !== expected.spiffeId) return wrong("sub");
  if (iat !== expected.issuedAt || !Number.isSafeInteger(iat)) return wrong("iat");
  if (exp !== expected.expiresAt || !Number.isSafeInteger(exp)) return wrong("exp");
  const lifetime = expected.expiresAt - expected.issuedAt;
  if (lifetime <= 0 || lifetime > MAX_LIFETIME_SECONDS) return wrong("exp");
  if (jti !== expected.jti || expected.jti.length < 16) return wrong("jti");
  return ok(otherClaims);
}

function part(text: string): JsonObject | undefined {
  const bytes = decodeBase64url(text);
  const json = bytes.ok ? parseJsonObject(bytes.value) : undefined;
  return json?.ok === true ? json.value : undefined;
}

export function wrong(member: string): Result<never> {
  return fail("lint_failed", member);
}
