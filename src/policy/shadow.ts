import type { Attestation } from "../attestation.ts";
import type { ConfigIssue } from "../config-issue.ts";
import { covers } from "./matcher.ts";
import { groupKey, type RuleGroup } from "./policy.ts";
import { type CompiledFactor, type CompiledRule, isAtLeast } from "./rule.ts";
import { visitCandidates } from "./rule-index.ts";
import { configWarning } from "./schema-issues.ts";

/** Comparisons in all, so that the warnings never cost more than the rules. */
const MAX_COMPARISONS = 1_000_000;

/** Warns of rules that can never win, since an earlier one matches whatever they match. Finds most, claims none falsely. */
export function checkShadows(
  groups: ReadonlyMap<string, RuleGroup>,
  rules: readonly CompiledRule[],
): ConfigIssue[] {
  const issues: ConfigIssue[] = [];
  let left = MAX_COMPARISONS;
  for (const rule of rules) {
    const group = groups.get(groupKey(rule.factors));
    if (rule.audit || group === undefined) continue;
    let shadow: CompiledRule | undefined;
    // What covers a rule matches each example of what it matches, so that the index finds it.
    visitCandidates(group.enforce, rule.factors.map(example), rule.index, (earlier, limit) => {
      if (left-- <= 0 || !coversRule(earlier, rule)) return limit;
      shadow = earlier;
      return earlier.index;
    });
    if (shadow !== undefined) issues.push(shadowed(rule, shadow));
  }
  return issues;
}

function shadowed(rule: CompiledRule, by: CompiledRule): ConfigIssue {
  const name = JSON.stringify(by.name);
  return configWarning(
    ["rules", rule.index],
    by.template.source === rule.template.source
      ? `can never win: rule ${name} matches first whatever this one matches, and gives the same SPIFFE ID`
      : `wins only where a request names its spiffe_id: rule ${name} matches first whatever this one matches`,
  );
}

function coversRule(wide: CompiledRule, narrow: CompiledRule): boolean {
  return (
    wide.factors.every((factor, at) => {
      const other = narrow.factors[at];
      return other !== undefined && coversFactor(factor, other);
    }) && wide.joins.every((join) => narrow.joins.some((other) => sameJoin(join, other)))
  );
}

function coversFactor(wide: CompiledFactor, narrow: CompiledFactor): boolean {
  return (
    isAtLeast(narrow.least, wide.least) &&
    wide.matchers.every((outer) =>
      narrow.matchers.some(
        (inner) =>
          inner.claim === outer.claim && (outer.many || !inner.many) && covers(outer, inner),
      ),
    )
  );
}

function sameJoin(
  one: CompiledRule["joins"][number],
  other: CompiledRule["joins"][number],
): boolean {
  const key = ({ factor, claim }: typeof one.left) => `${factor}\n${claim}`;
  const [a, b, c, d] = [key(one.left), key(one.right), key(other.left), key(other.right)];
  return (a === c && b === d) || (a === d && b === c);
}

/** Some attestation that the factor matches, as far as its claims go. */
function example({ name, matchers }: CompiledFactor): Attestation {
  const claims = matchers.map(({ claim, exact, globs }) => {
    const [value] = exact;
    return [claim, value ?? globs[0]?.source.replaceAll("*", "") ?? ""] as const;
  });
  return {
    type: name,
    name,
    claims: Object.fromEntries(claims),
    binding: { kind: "none" },
    claimKey: "",
    generation: 0,
  };
}
