import { keyBits } from "../encoding/public-key.ts";
import { isSelfIssued, type Certificate } from "./certificate.ts";
import { OID } from "./extensions.ts";

/** What a certificate has to be for its place in a path. */
export interface PathRules {
  /** Unix seconds. */
  readonly now: number;
  /**
   * Object identifiers of purposes. Every certificate of the path that restricts its purposes at all has to have all
   * of them, so that a CA for one purpose cannot issue for another. None unless told.
   */
  readonly purposes?: readonly string[];
  /** `end_entity` (unless told) refuses a leaf that is a CA: a CA does not authenticate as itself. */
  readonly leaf?: "end_entity" | "any";
  /** `ignored`: an anchor is believed before and after its dates too. */
  readonly anchorValidity?: "checked" | "ignored";
  /** Intermediates that are not self-issued; 6 unless told. */
  readonly maxIntermediates?: number;
}

const MAX_INTERMEDIATES = 6;
/** Below this anybody with a budget can sign in the CA's name. */
const MIN_RSA_BITS = 2048;

/** @returns what is wrong, for the operator */
export function leafProblem(leaf: Certificate, rules: PathRules): string | undefined {
  const isCa = leaf.extensions.basicConstraints?.ca === true;
  if (isCa && rules.leaf !== "any") return "is a ca";
  if (!isCa && leaf.extensions.nameConstraints !== undefined) return "has name constraints";
  return timeProblem(leaf, rules.now) ?? commonProblem(leaf, rules);
}

/**
 * @param path what it would be the issuer of: the leaf first, its last certificate directly below
 * @returns what is wrong, for the operator
 */
export function issuerProblem(
  issuer: Certificate,
  isAnchor: boolean,
  path: readonly Certificate[],
  rules: PathRules,
): string | undefined {
  const { basicConstraints, keyUsage } = issuer.extensions;
  if (basicConstraints?.ca !== true) return "is no ca";
  if (keyUsage !== undefined && !keyUsage.uses.has("keyCertSign"))
    return "may not sign certificates";
  if (!isAnchor || rules.anchorValidity !== "ignored") {
    const problem = timeProblem(issuer, rules.now);
    if (problem !== undefined) return problem;
  }
  // Self-issued certificates renew a key and do not count (RFC 5280 §4.2.1.9).
  const below = path.filter((certificate, at) => at > 0 && !isSelfIssued(certificate)).length;
  if (basicConstraints.pathLength !== undefined && below > basicConstraints.pathLength)
    return "path length exceeded";
  const counted = isAnchor || isSelfIssued(issuer) ? below : below + 1;
  if (counted > (rules.maxIntermediates ?? MAX_INTERMEDIATES)) return "too many intermediates";
  return commonProblem(issuer, rules);
}

function commonProblem(certificate: Certificate, rules: PathRules): string | undefined {
  const { extensions, info } = certificate;
  if (certificate.version !== 3) return "is not version 3";
  const [unknown] = extensions.unknownCritical;
  if (unknown !== undefined) return `critical extension ${unknown} not understood`;
  if (extensions.policyConstraints === true) return "requires policies";
  const signs = extensions.keyUsage?.uses.has("keyCertSign") === true;
  if (signs && extensions.basicConstraints?.ca !== true)
    return "signs certificates without being a ca";
  if (info.type === "RSA" && keyBits(info) < MIN_RSA_BITS) return "rsa key too short";
  const allowed = extensions.extendedKeyUsage;
  if (allowed === undefined || allowed.includes(OID.anyExtendedKeyUsage)) return undefined;
  return rules.purposes?.every((purpose) => allowed.includes(purpose)) === false
    ? "is for other purposes"
    : undefined;
}

/** Both ends are inside, and a part of a second does not count. */
function timeProblem(certificate: Certificate, now: number): string | undefined {
  if (Math.floor(now) < certificate.notBefore) return "not yet valid";
  return Math.floor(now) > certificate.notAfter ? "expired" : undefined;
}
