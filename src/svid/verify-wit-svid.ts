import type { KeyAuthority } from "../encoding/bundle.ts";
import { isJsonObject, member, type JsonObject } from "../encoding/json.ts";
import { keyFits, parseJws, type Jws } from "../encoding/jws.ts";
import type { CryptoPrimitives, PublicKeyInfo } from "../encoding/primitives.ts";
import { parseJwk } from "../encoding/public-key.ts";
import { fail, ok, type Result } from "../result.ts";
import {
  checkTokenHeader,
  readSubject,
  verifyToken,
  type TokenRules,
  type TokenSubject,
} from "./read-token.ts";
import { TOKEN_SVID_ALGORITHMS } from "./token-profile.ts";
import { WIT_SVID_TYPE } from "./wit-svid.ts";

export interface WitSvid extends TokenSubject {
  /** The workload's key. The token says nothing about whoever hands it in without a proof by this key. */
  readonly key: PublicKeyInfo;
  /** The one algorithm that proofs by it are made with. */
  readonly alg: string;
}

/**
 * Verifies a WIT-SVID (WIT-SVID §5) with the `wit-svid` keys of one trust domain's bundle: its own claims, not who
 * holds its key.
 * @param keys of the trust domain of `rules` and no other
 */
export async function verifyWitSvid(
  token: string,
  keys: readonly KeyAuthority[],
  rules: TokenRules,
  crypto: CryptoPrimitives,
): Promise<Result<WitSvid>> {
  const jws = parseJws(token);
  if (!jws.ok) return jws;
  const header = checkWitSvidHeader(jws.value);
  if (!header.ok) return header;
  const open = ({ info }: KeyAuthority) => crypto.importPublicKey(info);
  const verified = await verifyToken(jws.value, keys, open, crypto);
  return verified.ok ? readWitSvid(jws.value.claims, rules) : verified;
}

/** @returns `algorithm_not_allowed` | `key_unknown` | `jws_type`; header members that are not known are no fault (§3) */
export function checkWitSvidHeader(jws: Jws): Result<void> {
  const common = checkTokenHeader(jws);
  if (!common.ok) return common;
  return jws.typ === WIT_SVID_TYPE ? ok(undefined) : fail("jws_type", "typ");
}

/**
 * What the claims say. Nothing here is verified. `iat` limits nothing (§3).
 * @returns as `readSubject`; `claim_value` for an audience, for an algorithm that is not the key's, and for a key
 *   with private members, which everybody who saw the token has
 */
export function readWitSvid(claims: JsonObject, rules: TokenRules): Result<WitSvid> {
  const subject = readSubject(claims, rules);
  if (!subject.ok) return subject;
  if (Object.hasOwn(claims, "aud")) return fail("claim_value", "a WIT-SVID has no aud");
  const cnf = member(claims, "cnf");
  if (cnf === undefined) return fail("claim_missing", "cnf");
  const jwk = isJsonObject(cnf) ? member(cnf, "jwk") : undefined;
  if (!isJsonObject(jwk)) return fail("claim_missing", "cnf.jwk");
  const alg = member(jwk, "alg");
  if (typeof alg !== "string") return fail("claim_missing", "cnf.jwk.alg");
  const key = parseJwk(jwk);
  if (!key.ok) return fail("claim_value", `cnf.jwk: ${key.error.detail ?? key.error.reason}`);
  if (!TOKEN_SVID_ALGORITHMS.has(alg) || !keyFits(alg, key.value))
    return fail("claim_value", "cnf.jwk.alg");
  return ok({ ...subject.value, key: key.value, alg });
}
