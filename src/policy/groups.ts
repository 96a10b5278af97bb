import { groupKey, type RuleGroup } from "./policy.ts";
import type { CompiledRule } from "./rule.ts";
import { buildIndex } from "./rule-index.ts";

/** What `match` looks rules up in. @param rules in the order of the document */
export function groupRules(rules: readonly CompiledRule[]): ReadonlyMap<string, RuleGroup> {
  const byKey = new Map<string, CompiledRule[]>();
  for (const rule of rules) {
    const key = groupKey(rule.factors);
    const group = byKey.get(key);
    if (group === undefined) byKey.set(key, [rule]);
    else group.push(rule);
  }
  return new Map(
    [...byKey].map(([key, group]) => {
      const audit = group.filter((rule) => rule.audit);
      return [
        key,
        {
          enforce: buildIndex(group.filter((rule) => !rule.audit)),
          audit: audit.length === 0 ? undefined : buildIndex(audit),
        },
      ];
    }),
  );
}
