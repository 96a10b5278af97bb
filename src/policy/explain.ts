import { UNREAD, type Attestation } from "../attestation.ts";
import { isDenied, isDeniedId } from "./deny.ts";
import { claimOf, type Matcher, matchesClaims } from "./matcher.ts";
import { isTooOld, joinHolds, match, type MatchRequest } from "./match.ts";
import type { CompiledPolicy } from "./policy.ts";
import { type CompiledRule, isAtLeast } from "./rule.ts";
import { renderTemplate } from "./template.ts";

/** What one rule says of some attestations, for an operator: it holds claims, and never goes to a requester. */
export interface RuleExplanation {
  readonly rule: string;
  readonly audit: boolean;
  /** Empty: the rule matches. */
  readonly misses: readonly Miss[];
  /** What the rule would give where it matches. */
  readonly spiffeId?: string;
  /** Why a rule that matches refuses all the same. */
  readonly refusal?: string;
}

export interface Miss {
  /** The evidence concerned; absent where it is the combination. */
  readonly factor?: string;
  readonly claim?: string;
  readonly message: string;
}

export interface Explanation {
  /** The rule that decides, if any. */
  readonly deciding?: string;
  /** Pieces of evidence that `deny:` refuses. */
  readonly denied: readonly string[];
  readonly rules: readonly RuleExplanation[];
}

/** Says for each rule why it does not match, piece by piece and claim by claim. Slow, and for people. */
export function explain(
  policy: CompiledPolicy,
  facts: readonly Attestation[],
  request: MatchRequest,
): Explanation {
  const decision = match(policy, facts, request);
  const deciding = decision.ok ? decision.value.rule : decision.error.rule;
  return {
    ...(deciding !== undefined && { deciding }),
    denied: facts.filter((fact) => isDenied(policy.deny, fact)).map(({ name }) => name),
    rules: policy.rules.map((rule) => explainRule(rule, policy, facts, request)),
  };
}

function explainRule(
  rule: CompiledRule,
  policy: CompiledPolicy,
  facts: readonly Attestation[],
  request: MatchRequest,
): RuleExplanation {
  const head = { rule: rule.name, audit: rule.audit };
  const misses = missesOf(rule, facts);
  if (misses.length > 0) return { ...head, misses };
  const ordered = rule.factors.flatMap(({ name }) => facts.filter((fact) => fact.name === name));
  // What is asked for chooses among the rules that decide; one in audit mode is logged all the same.
  const asked = rule.audit ? undefined : request.spiffeId;
  const id = renderTemplate(rule.template, policy.trustDomain, ordered);
  if (!id.ok) {
    const refusal = `template_value_illegal: ${id.error.detail}`;
    return asked === undefined
      ? { ...head, misses, refusal }
      : { ...head, misses: [{ message: `gives no SPIFFE ID, and one was asked for: ${refusal}` }] };
  }
  const spiffeId = id.value.uri;
  if (asked !== undefined && asked !== spiffeId) {
    return {
      ...head,
      spiffeId,
      misses: [{ message: `gives ${spiffeId}, and another was asked for` }],
    };
  }
  if (isDeniedId(policy.deny, spiffeId))
    return { ...head, spiffeId, misses, refusal: "denied: `deny:` has its SPIFFE ID" };
  if (isTooOld(rule, ordered, request.now))
    return { ...head, spiffeId, misses, refusal: "instance_too_old: beyond max_instance_age" };
  return { ...head, spiffeId, misses };
}

function missesOf(rule: CompiledRule, facts: readonly Attestation[]): readonly Miss[] {
  const misses: Miss[] = [];
  for (const { name } of rule.factors) {
    if (!facts.some((fact) => fact.name === name))
      misses.push({ factor: name, message: "was not handed in" });
  }
  for (const { name } of facts) {
    if (!rule.factors.some((factor) => factor.name === name))
      misses.push({
        factor: name,
        message: "is not evidence of this rule, which takes exactly its own",
      });
  }
  const ordered: (Attestation | undefined)[] = rule.factors.map(({ name }) =>
    facts.find((fact) => fact.name === name),
  );
  for (const [at, { name, matchers, least }] of rule.factors.entries()) {
    const fact = ordered[at];
    if (fact === undefined) continue;
    if (!isAtLeast(fact.binding.kind, least))
      misses.push({
        factor: name,
        message: `its binding is ${fact.binding.kind}, and the rule takes no less than ${least}`,
      });
    for (const matcher of matchers) {
      if (matchesClaims(matcher, fact.claims)) continue;
      misses.push({ factor: name, claim: matcher.claim, message: describeMiss(matcher, fact) });
    }
  }
  const complete = ordered.filter((fact) => fact !== undefined);
  if (complete.length < rule.factors.length) return misses;
  for (const join of rule.joins) {
    if (joinHolds(join, complete)) continue;
    const [left, right] = [join.left, join.right].map(
      ({ factor, claim }) => `${rule.factors[factor]?.name}.${claim}`,
    );
    misses.push({ message: `${left} and ${right} are not equal` });
  }
  return misses;
}

function describeMiss(matcher: Matcher, { claims }: Attestation): string {
  const value = claimOf(claims, matcher.claim);
  const wanted = [
    ...[...matcher.exact].map((one) => JSON.stringify(one)),
    ...matcher.globs.map(({ source }) => JSON.stringify(source)),
  ];
  const shown = wanted.length > 5 ? `one of ${wanted.length} values` : wanted.join(" or ");
  if (value === undefined) return `is absent; expected ${shown}`;
  const found = value === UNREAD ? "in a form that no rule reads" : JSON.stringify(value);
  return `is ${found}; expected ${shown}`;
}
