import type { Attestation } from "../../../src/attestation.ts";
import { type Decision, match, type PolicyRefusal } from "../../../src/policy/match.ts";
import type { Result } from "../../../src/result.ts";
import { A, fact, type Json, NOW, policyOf, rule } from "./fixtures.ts";

export interface Asked {
  readonly spiffeId?: string;
  readonly deny?: unknown;
}

export function decide(
  rules: Json[],
  facts: Attestation[],
  { deny, ...request }: Asked = {},
): Result<Decision, PolicyRefusal> {
  return match(policyOf(rules, deny), facts, { now: NOW, ...request });
}

/** The SPIFFE ID that is given, or why none is. */
export function outcomeOf(rules: Json[], facts: Attestation[], asked?: Asked): string {
  const result = decide(rules, facts, asked);
  return result.ok ? result.value.spiffeId.uri : result.error.reason;
}

export function webFact(
  claims: Attestation["claims"] = {},
  parts: Partial<Attestation> = {},
): Attestation {
  return fact("aws_web_identity", { account: A, lambda_function: "pay-out", ...claims }, parts);
}

export function webRule(claims: Json, parts: Json = {}): Json {
  return rule({
    evidence: { aws_web_identity: { account: A, ...claims } },
    spiffe_id: "/web",
    ...parts,
  });
}
