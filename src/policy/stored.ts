import type { JsonValue } from "../encoding/json.ts";
import { parseSpiffeId } from "../spiffe/spiffe-id.ts";
import { groupRules } from "./groups.ts";
import type { CompiledPolicy } from "./policy.ts";

/** A compiled policy as JSON. The index is not in it: it is made anew, of the rules. */
type StoredPolicy = Omit<CompiledPolicy, "groups">;

/** Sets and maps, which JSON does not have. No member of a policy begins like these; a `$` would be expanded in an env file. */
const SET = "[set]";
const MAP = "[map]";

export function storePolicy(policy: CompiledPolicy): JsonValue {
  const { trustDomain, rules, deny, longestTtl, needsClaimStore } = policy;
  const stored: StoredPolicy = { trustDomain, rules, deny, longestTtl, needsClaimStore };
  const text = JSON.stringify(stored, (_key, value: unknown) => {
    if (value instanceof Set) return { [SET]: [...value] };
    return value instanceof Map ? { [MAP]: [...value] } : value;
  });
  return JSON.parse(text);
}

/** @param stored what `storePolicy` made, and nothing else: it is not checked again */
export function restorePolicy(stored: unknown): CompiledPolicy {
  const policy: StoredPolicy = JSON.parse(JSON.stringify(stored), (_key, value) => {
    if (typeof value !== "object" || value === null) return value;
    if (SET in value) return new Set(value[SET]);
    return MAP in value ? new Map(value[MAP]) : value;
  });
  const rules = policy.rules.map((rule) => {
    const id = rule.fixedId && parseSpiffeId(rule.fixedId.uri);
    return id?.ok === true ? { ...rule, fixedId: id.value } : rule;
  });
  return { ...policy, rules, groups: groupRules(rules) };
}
