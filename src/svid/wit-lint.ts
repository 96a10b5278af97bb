import { isJsonObject } from "../encoding/json.ts";
import { keyFits } from "../encoding/jws.ts";
import { jwkOf } from "../encoding/public-key.ts";
import { ok, type Result } from "../result.ts";
import { lintToken, wrong } from "./token-lint.ts";
import { TOKEN_SVID_ALGORITHMS } from "./token-profile.ts";
import { WIT_SVID_TYPE, type WitSvidProfile } from "./wit-svid.ts";

/**
 * Reads the text about to be signed as a verifier would: exactly the members of the profile, and in `cnf` the public
 * members of that one key, its algorithm and nothing else. Never throws.
 * @returns `lint_failed` with the first member that is wrong
 */
export function lintWitSvidInput(
  input: string,
  expected: WitSvidProfile & { readonly trustDomain: string },
): Result<void> {
  const common = lintToken(input, WIT_SVID_TYPE, expected);
  if (!common.ok) return common;
  const { cnf, ...otherClaims } = common.value;
  if (Object.keys(otherClaims).length > 0) return wrong("claims");
  if (!isJsonObject(cnf) || Object.keys(cnf).length !== 1) return wrong("cnf");
  const { jwk } = cnf;
  const { info, alg } = expected.confirmation;
  if (!isJsonObject(jwk)) return wrong("cnf");
  if (jwk["alg"] !== alg || !TOKEN_SVID_ALGORITHMS.has(alg) || !keyFits(alg, info))
    return wrong("cnf alg");
  const members = Object.entries(jwkOf(info));
  const same = members.every(([name, value]) => jwk[name] === value);
  return same && Object.keys(jwk).length === members.length + 1 ? ok(undefined) : wrong("cnf key");
}
