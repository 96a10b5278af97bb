import type { Attestation } from "../attestation.ts";
import { checkAudiences } from "../policy/audience.ts";
import type { Decision } from "../policy/match.ts";
import { fail, ok, type Result } from "../result.ts";
import { confirmationAlgorithm } from "./mint-token.ts";
import { checkKeyType } from "./key-type.ts";
import type { Possession } from "./possession.ts";
import type { SvidRequest } from "./request.ts";

/** What is asked for is given, as a whole or not at all, and to the right holder. */
export function checkGrants(
  request: SvidRequest,
  decision: Decision,
  possession: Possession,
  attestations: readonly Attestation[],
): Result<void> {
  const { grants, claims } = decision;
  if (request.x509 !== undefined && grants.x509 === undefined)
    return fail("kind_not_granted", "x509");
  if (request.jwt !== undefined && grants.jwt === undefined) return fail("kind_not_granted", "jwt");
  if (request.jwt !== undefined && grants.jwt !== undefined) {
    const audiences = checkAudiences(grants.jwt, request.jwt.audience, possession.owner);
    if (!audiences.ok) return audiences;
    // Asked before, of evidence that names its key; some is known to be bound only once it is verified.
    const bound = attestations.some(({ binding }) => binding.kind === "key");
    if ((claims.length > 0 || bound) && possession.dpop === undefined)
      return fail("possession_missing", "jwt on evidence of one key needs a DPoP proof of it");
  }
  if (request.wit !== undefined && grants.wit === undefined) return fail("kind_not_granted", "wit");
  const { csr, dpop, owner, wit } = possession;
  if (wit !== undefined) {
    const alg = confirmationAlgorithm(wit);
    if (!alg.ok) return alg;
  }
  if (request.x509 !== undefined && csr !== undefined && grants.x509 !== undefined) {
    const keyType = checkKeyType(csr.key.info, grants.x509.keyTypes);
    if (!keyType.ok) return keyType;
  }
  if (claims.length > 0 && owner === undefined)
    return fail("possession_missing", "evidence under a claim needs a key that owns it");
  if (csr !== undefined && dpop !== undefined && csr.jkt !== dpop.jkt) {
    const claimed =
      claims.length > 0 && attestations.every(({ binding }) => binding.kind === "none");
    if (!claimed)
      return fail("key_mismatch", "only under a claim may the csr name another key than dpop");
  }
  return ok(undefined);
}
