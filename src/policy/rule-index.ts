import type { Attestation } from "../attestation.ts";
import { claimOf, type Matcher, type Scalar } from "./matcher.ts";
import type { CompiledRule } from "./rule.ts";
import type { ClaimRef } from "./template.ts";

/**
 * Finds the rules that a request could match without looking at the others: exact values of a claim are hashed, globs
 * go by their literal beginning. The index only leaves out rules that cannot match; whether one does is decided by its
 * matchers. All rules of one index have the same factors.
 */
export type RuleIndex = Leaf | Branch;

interface Leaf {
  readonly rules: readonly CompiledRule[];
  readonly first: number;
}

interface Branch {
  readonly rules?: undefined;
  /** The lowest index of a rule below. */
  readonly first: number;
  readonly by: ClaimRef;
  readonly exact: ReadonlyMap<Scalar, RuleIndex>;
  /** Globs by literal beginning, and the lengths that those have. */
  readonly prefixes: ReadonlyMap<string, RuleIndex>;
  readonly lengths: readonly number[];
  /** Rules that leave the claim open, or whose glob begins with a star. */
  readonly rest: RuleIndex | undefined;
}

/** Rules with lists stand in many places. Beyond so many for each rule the index stops dividing. */
const PLACES_PER_RULE = 64;

export function buildIndex(rules: readonly CompiledRule[]): RuleIndex {
  const values = rules.reduce(
    (sum, rule) => sum + rule.factors.reduce((all, { matchers }) => all + countValues(matchers), 0),
    0,
  );
  const budget = { left: PLACES_PER_RULE * rules.length + 4 * values };
  // One rule alone is hashed too, so that a request costs the same under one rule and under ten thousand.
  return divide(rules, bestClaim(rules)?.by, budget);
}

function countValues(matchers: readonly Matcher[]): number {
  return matchers.reduce((sum, { exact, globs }) => sum + exact.size + globs.length, 0);
}

function build(rules: readonly CompiledRule[], budget: { left: number }): RuleIndex {
  const best = rules.length > 1 ? bestClaim(rules) : undefined;
  return divide(
    rules,
    best !== undefined && best.worst < rules.length ? best.by : undefined,
    budget,
  );
}

function divide(
  rules: readonly CompiledRule[],
  by: ClaimRef | undefined,
  budget: { left: number },
): RuleIndex {
  const first = rules[0]?.index ?? Infinity;
  if (by === undefined) return { rules, first };
  const exact = new Map<Scalar, CompiledRule[]>();
  const prefixes = new Map<string, CompiledRule[]>();
  const rest: CompiledRule[] = [];
  for (const rule of rules) {
    const keys = keysOf(rule, by);
    budget.left -= keys?.length ?? 1;
    if (keys === undefined) rest.push(rule);
    for (const { exact: value, prefix } of keys ?? []) {
      if (prefix === undefined) push(exact, value, rule);
      else push(prefixes, prefix, rule);
    }
  }
  if (budget.left < 0) return { rules, first };
  return {
    first,
    by,
    exact: new Map([...exact].map(([value, part]) => [value, build(part, budget)])),
    prefixes: new Map([...prefixes].map(([prefix, part]) => [prefix, build(part, budget)])),
    lengths: [...new Set([...prefixes.keys()].map(({ length }) => length))],
    rest: rest.length === 0 ? undefined : build(rest, budget),
  };
}

function push<K>(map: Map<K, CompiledRule[]>, key: K, rule: CompiledRule): void {
  const rules = map.get(key);
  if (rules === undefined) map.set(key, [rule]);
  else if (rules[rules.length - 1] !== rule) rules.push(rule);
}

type Key =
  | { readonly exact: Scalar; readonly prefix?: undefined }
  | { readonly exact?: undefined; readonly prefix: string };

/** Where a rule stands under a claim; undefined where the claim does not tell it from others. */
function keysOf(rule: CompiledRule, { factor, claim }: ClaimRef): readonly Key[] | undefined {
  const matcher = rule.factors[factor]?.matchers.find((one) => one.claim === claim);
  if (matcher === undefined || matcher.globs.some(({ parts }) => (parts[0] ?? "") === ""))
    return undefined;
  return [
    ...Array.from(matcher.exact, (exact) => ({ exact })),
    ...matcher.globs.map(({ parts }) => ({ prefix: parts[0] ?? "" })),
  ];
}

interface Division {
  readonly by: ClaimRef;
  /** How many rules the worst request meets: those of the largest part, and those that the claim does not divide. */
  readonly worst: number;
}

function bestClaim(rules: readonly CompiledRule[]): Division | undefined {
  const claims = new Map<
    string,
    { by: ClaimRef; divided: number; largest: number; sizes: Map<Scalar, number> }
  >();
  for (const rule of rules) {
    for (const [factor, { matchers }] of rule.factors.entries()) {
      for (const { claim } of matchers) {
        const keys = keysOf(rule, { factor, claim });
        if (keys === undefined) continue;
        const id = `${factor}\n${claim}`;
        let tally = claims.get(id);
        if (tally === undefined)
          claims.set(
            id,
            (tally = { by: { factor, claim }, divided: 0, largest: 0, sizes: new Map() }),
          );
        tally.divided++;
        for (const { exact, prefix } of keys) {
          const key = prefix === undefined ? exact : `*${prefix}`; // no exact value has a star
          const size = (tally.sizes.get(key) ?? 0) + 1;
          tally.sizes.set(key, size);
          tally.largest = Math.max(tally.largest, size);
        }
      }
    }
  }
  let best: Division | undefined;
  for (const { by, divided, largest } of claims.values()) {
    const worst = rules.length - divided + largest;
    if (best === undefined || worst < best.worst) best = { by, worst };
  }
  return best;
}

/**
 * Calls `visit` with every rule that could match and lies before the limit, in no particular order between branches.
 * @param facts in the order of the rules' factors
 * @param limit index before which rules are of interest; `visit` answers with the new one
 */
export function visitCandidates(
  node: RuleIndex,
  facts: readonly Attestation[],
  limit: number,
  visit: (rule: CompiledRule, limit: number) => number,
): number {
  if (node.first >= limit) return limit;
  if (node.rules !== undefined) {
    for (const rule of node.rules) {
      if (rule.index >= limit) return limit;
      limit = visit(rule, limit);
    }
    return limit;
  }
  const { by, rest } = node;
  const fact = facts[by.factor];
  const value = fact === undefined ? undefined : claimOf(fact.claims, by.claim);
  if (typeof value === "object")
    for (const member of value) limit = visitValue(node, member, facts, limit, visit);
  else if (value !== undefined) limit = visitValue(node, value, facts, limit, visit);
  return rest === undefined ? limit : visitCandidates(rest, facts, limit, visit);
}

function visitValue(
  { exact, prefixes, lengths }: Branch,
  value: Scalar,
  facts: readonly Attestation[],
  limit: number,
  visit: (rule: CompiledRule, limit: number) => number,
): number {
  const node = exact.get(value);
  if (node !== undefined) limit = visitCandidates(node, facts, limit, visit);
  if (typeof value !== "string") return limit;
  for (const length of lengths) {
    const globs = length > value.length ? undefined : prefixes.get(value.slice(0, length));
    if (globs !== undefined) limit = visitCandidates(globs, facts, limit, visit);
  }
  return limit;
}
