import { isJsonObject, member, type JsonObject, type JsonValue } from "../encoding/json.ts";

/** One difference between two configurations. `what` names it: `rules.payments.x509.ttl`. */
export interface Change {
  readonly what: string;
  readonly change: "added" | "removed" | "moved" | "changed";
  readonly before?: JsonValue | undefined;
  readonly after?: JsonValue | undefined;
}

/**
 * Rules are compared by name, everything else by its place. Documents as written, before defaults: what an operator
 * did not write does not show. Both have been checked, so that names are there and unique.
 */
export function diffDocuments(before: JsonObject, after: JsonObject): Change[] {
  const { rules: rulesBefore, ...restBefore } = before;
  const { rules: rulesAfter, ...restAfter } = after;
  return [
    ...diffRules(ruleMap(rulesBefore), ruleMap(rulesAfter)),
    ...diffValues("", restBefore, restAfter),
  ];
}

function ruleMap(rules: JsonValue | undefined): Map<string, JsonObject> {
  const list: readonly JsonValue[] = Array.isArray(rules) ? rules : [];
  return new Map(list.filter(isJsonObject).map((rule) => [nameOf(rule), rule]));
}

function nameOf(rule: JsonObject): string {
  const name = member(rule, "name");
  return typeof name === "string" ? name : "";
}

function diffRules(
  before: ReadonlyMap<string, JsonObject>,
  after: ReadonlyMap<string, JsonObject>,
): Change[] {
  const changes: Change[] = [];
  for (const name of before.keys())
    if (!after.has(name)) changes.push({ what: `rules.${name}`, change: "removed" });
  for (const [name, rule] of after) {
    const old = before.get(name);
    if (old === undefined) changes.push({ what: `rules.${name}`, change: "added", after: rule });
    else changes.push(...diffValues(`rules.${name}`, old, rule));
  }
  return [...changes, ...moved(before, after)];
}

/** The first rule that matches decides, so that order is part of what a policy says. */
function moved(
  before: ReadonlyMap<string, unknown>,
  after: ReadonlyMap<string, unknown>,
): Change[] {
  const kept = [...before.keys()].filter((name) => after.has(name));
  const now = [...after.keys()].filter((name) => before.has(name));
  return now.flatMap((name, at) =>
    kept[at] === name ? [] : [{ what: `rules.${name}`, change: "moved" as const }],
  );
}

function diffValues(
  what: string,
  before: JsonValue | undefined,
  after: JsonValue | undefined,
): Change[] {
  if (isJsonObject(before) && isJsonObject(after)) {
    const names = new Set([...Object.keys(before), ...Object.keys(after)]);
    return [...names].flatMap((name) =>
      diffValues(what === "" ? name : `${what}.${name}`, member(before, name), member(after, name)),
    );
  }
  return canonical(before) === canonical(after) ? [] : [{ what, change: "changed", before, after }];
}

/** One text for one value, whatever the order of members. */
function canonical(value: JsonValue | undefined): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (!isJsonObject(value)) return JSON.stringify(value) ?? "";
  const members = Object.keys(value)
    .toSorted()
    .map((name) => `${JSON.stringify(name)}:${canonical(member(value, name))}`);
  return `{${members.join(",")}}`;
}
