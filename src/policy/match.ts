import type { Attestation } from "../attestation.ts";
import { fail, type Failure, ok, type Result } from "../result.ts";
import type { SpiffeId } from "../spiffe/spiffe-id.ts";
import { isDenied, isDeniedId } from "./deny.ts";
import type { Grants } from "./grants.ts";
import { claimOf, matchesClaims } from "./matcher.ts";
import { type CompiledPolicy, groupKey } from "./policy.ts";
import { type CompiledFactor, type CompiledRule, isAtLeast } from "./rule.ts";
import { type RuleIndex, visitCandidates } from "./rule-index.ts";
import { renderTemplate } from "./template.ts";

/** What the deciding rule gives and asks for. */
export interface Decision {
  readonly rule: string;
  readonly spiffeId: SpiffeId;
  readonly grants: Grants;
  /** Evidence that belongs to its first user: to be claimed before anything is signed. */
  readonly claims: readonly ClaimDemand[];
  /** Rules in audit mode that match too. They decide nothing. At most `MAX_AUDIT_RULES`. */
  readonly auditRules: readonly string[];
}

export interface ClaimDemand {
  readonly attestation: Attestation;
  /** Seconds after `startedAt` within which a first claim is taken; absent: at any age. */
  readonly createWithin?: number;
  /** How many keys may own it at once. */
  readonly maxOwners: number;
  /** Where there may be several owners: one that has not renewed for so long makes room. */
  readonly idleSeconds?: number;
}

/** `rule` is the one that decided, where one did. */
export type PolicyRefusal = Failure & {
  readonly rule?: string;
  readonly auditRules: readonly string[];
};

export interface MatchRequest {
  /** Unix seconds. */
  readonly now: number;
  /** Chooses among the rules that match; gives nothing by itself. */
  readonly spiffeId?: string;
}

/** As many as a log line should name. */
export const MAX_AUDIT_RULES = 16;

/**
 * Who this is, and what he may have. No I/O, no clock, nothing of the request is kept.
 * The order: deny on every piece of evidence; the first rule that matches (with `spiffeId`: whose result equals it)
 * decides alone; deny on its result. A rule that decides and cannot give refuses: no later rule is tried.
 * @returns `denied`, `no_rule_matches`, `spiffe_id_not_granted`, `template_value_illegal`, `instance_too_old`
 */
export function match(
  policy: CompiledPolicy,
  facts: readonly Attestation[],
  request: MatchRequest,
): Result<Decision, PolicyRefusal> {
  if (facts.some((fact) => isDenied(policy.deny, fact)))
    return refuse(fail("denied", "evidence").error, []);
  const ordered =
    facts.length < 2 ? facts : facts.toSorted((one, other) => (one.name < other.name ? -1 : 1));
  const group = policy.groups.get(groupKey(ordered));
  if (group === undefined) return refuse(fail("no_rule_matches").error, []);
  const auditRules = group.audit === undefined ? [] : auditMatches(group.audit, ordered);
  const found = decidingRule(policy, group.enforce, ordered, request.spiffeId);
  if (typeof found === "string") return refuse(fail(found).error, auditRules);
  const id =
    found.fixedId === undefined
      ? renderTemplate(found.template, policy.trustDomain, ordered)
      : ok(found.fixedId);
  if (!id.ok) return refuse(id.error, auditRules, found);
  if (isDeniedId(policy.deny, id.value.uri))
    return refuse(fail("denied", "spiffe id").error, auditRules, found);
  if (isTooOld(found, ordered, request.now))
    return refuse(fail("instance_too_old").error, auditRules, found);
  return ok({
    rule: found.name,
    spiffeId: id.value,
    grants: found.grants,
    claims: claimDemands(found, ordered),
    auditRules,
  });
}

function refuse(
  failure: Failure,
  auditRules: readonly string[],
  rule?: CompiledRule,
): { ok: false; error: PolicyRefusal } {
  return { ok: false, error: { ...failure, auditRules, ...(rule && { rule: rule.name }) } };
}

function decidingRule(
  policy: CompiledPolicy,
  index: RuleIndex,
  facts: readonly Attestation[],
  wanted: string | undefined,
): CompiledRule | "no_rule_matches" | "spiffe_id_not_granted" {
  let best: CompiledRule | undefined;
  let matched = false;
  visitCandidates(index, facts, Infinity, (rule, limit) => {
    if (!ruleMatches(rule, facts)) return limit;
    matched = true;
    if (wanted !== undefined && resultOf(rule, policy, facts) !== wanted) return limit;
    best = rule;
    return rule.index;
  });
  return best ?? (matched ? "spiffe_id_not_granted" : "no_rule_matches");
}

function resultOf(
  rule: CompiledRule,
  { trustDomain }: CompiledPolicy,
  facts: readonly Attestation[],
): string | undefined {
  if (rule.fixedId !== undefined) return rule.fixedId.uri;
  const id = renderTemplate(rule.template, trustDomain, facts);
  return id.ok ? id.value.uri : undefined;
}

function auditMatches(index: RuleIndex, facts: readonly Attestation[]): readonly string[] {
  const found = new Set<CompiledRule>();
  visitCandidates(index, facts, Infinity, (rule, limit) => {
    if (ruleMatches(rule, facts)) found.add(rule);
    return limit;
  });
  return [...found]
    .toSorted((one, other) => one.index - other.index)
    .slice(0, MAX_AUDIT_RULES)
    .map(({ name }) => name);
}

/** All factors, joins and least bindings hold. `facts` are in the order of the rule's factors. */
function ruleMatches(rule: CompiledRule, facts: readonly Attestation[]): boolean {
  for (let at = 0; at < rule.factors.length; at++) {
    const factor = rule.factors[at];
    const fact = facts[at];
    if (factor === undefined || fact === undefined || !factorMatches(factor, fact)) return false;
  }
  for (const join of rule.joins) if (!joinHolds(join, facts)) return false;
  return true;
}

function factorMatches(
  { matchers, least }: CompiledFactor,
  { claims, binding }: Attestation,
): boolean {
  if (!isAtLeast(binding.kind, least)) return false;
  for (const matcher of matchers) if (!matchesClaims(matcher, claims)) return false;
  return true;
}

/** Both claims are there and equal. Lists are equal to nothing. */
export function joinHolds(
  { left, right }: CompiledRule["joins"][number],
  facts: readonly Attestation[],
): boolean {
  const one = facts[left.factor];
  const other = facts[right.factor];
  if (one === undefined || other === undefined) return false;
  const value = claimOf(one.claims, left.claim);
  return (
    value !== undefined && typeof value !== "object" && value === claimOf(other.claims, right.claim)
  );
}

/** Evidence that does not say when its instance began is too old for a rule that asks. */
export function isTooOld(
  { maxInstanceAge, factors }: CompiledRule,
  facts: readonly Attestation[],
  now: number,
): boolean {
  if (maxInstanceAge === undefined) return false;
  return factors.some(
    ({ knowsAge }, at) =>
      knowsAge && !(now - (facts[at]?.startedAt ?? -Infinity) <= maxInstanceAge),
  );
}

function claimDemands(
  { factors, grants }: CompiledRule,
  facts: readonly Attestation[],
): readonly ClaimDemand[] {
  const demands: ClaimDemand[] = [];
  for (const [at, factor] of factors.entries()) {
    const attestation = facts[at];
    if (attestation === undefined || !needsClaim(factor, attestation, facts)) continue;
    demands.push({
      attestation,
      ...(factor.firstClaimWithin !== undefined && { createWithin: factor.firstClaimWithin }),
      maxOwners: factor.keysPerToken,
      ...(factor.keysPerToken > 1 && { idleSeconds: grants.longestTtl + IDLE_GRACE }),
    });
  }
  return demands;
}

/** Seconds beyond the longest life of what it got, after which an owner that did not renew is gone. */
const IDLE_GRACE = 600;

/** From what the evidence turned out to be, so that a rule that takes less than it got asks for no more than it needs. */
function needsClaim(
  { once, sameInstance, statement }: CompiledFactor,
  { binding }: Attestation,
  facts: readonly Attestation[],
): boolean {
  if (statement === true) return false;
  if (binding.kind === "key" || sameInstance.some((at) => facts[at]?.binding.kind === "key"))
    return false;
  return binding.kind === "none" || once;
}
