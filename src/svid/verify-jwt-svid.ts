import type { KeyAuthority } from "../encoding/bundle.ts";
import { member, type JsonObject, type JsonValue } from "../encoding/json.ts";
import { parseJws, type Jws } from "../encoding/jws.ts";
import type { CryptoPrimitives } from "../encoding/primitives.ts";
import { fail, ok, type Result } from "../result.ts";
import {
  checkTokenHeader,
  checkIssuedAt,
  readSubject,
  verifyToken,
  type TokenRules,
  type TokenSubject,
} from "./read-token.ts";

export interface JwtSvid extends TokenSubject {
  readonly audience: readonly string[];
  /** All claims, verified as a whole; the meaning of those beyond JWT-SVID §3 is their issuer's. */
  readonly claims: JsonObject;
}

export interface JwtSvidRules extends TokenRules {
  /** One of the token's audiences has to be this. Never empty: a token for somebody else is not for us. */
  readonly audience: string;
}

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
  const jws = parseJws(token);
  if (!jws.ok) return jws;
  const header = checkJwtSvidHeader(jws.value);
  if (!header.ok) return header;
  const open = ({ info }: KeyAuthority) => crypto.importPublicKey(info);
  const verified = await verifyToken(jws.value, keys, open, crypto);
  if (!verified.ok) return verified;
  const svid = readJwtSvid(jws.value.claims, rules);
  if (!svid.ok) return svid;
  return svid.value.audience.includes(rules.audience) ? svid : fail("audience_mismatch");
}

/** @returns `algorithm_not_allowed` | `key_unknown` | `jws_type` | `jws_header_forbidden` */
export function checkJwtSvidHeader(jws: Jws): Result<void> {
  const { typ, header } = jws;
  const common = checkTokenHeader(jws);
  if (!common.ok) return common;
  // What keeps tokens of other kinds (WIT-SVIDs, transaction tokens) by the same issuer from being taken (§2.3).
  if (typ !== undefined && typ !== "JWT" && typ !== "JOSE") return fail("jws_type", "typ");
  for (const name of Object.keys(header))
    if (name !== "alg" && name !== "kid" && name !== "typ")
      return fail("jws_header_forbidden", "header member beyond alg, kid and typ");
  return ok(undefined);
}

/** What the claims say; whom it is for is left to the caller. Nothing here is verified. */
export function readJwtSvid(claims: JsonObject, rules: TokenRules): Result<JwtSvid> {
  const subject = readSubject(claims, rules);
  if (!subject.ok) return subject;
  const audience = readAudience(member(claims, "aud"));
  if (audience === undefined) return fail("claim_type", "aud");
  const issued = checkIssuedAt(subject.value, rules);
  return issued.ok ? ok({ ...subject.value, audience, claims }) : issued;
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
