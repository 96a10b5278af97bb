import type { Attestation, FactorInfo } from "../../../src/attestation.ts";
import { FACTORS, type Json } from "./fixtures.ts";

/**
 * What the documentation says, done rule by rule and straight from the document, without any of the code it judges:
 * no index, no compiled matchers, globs as anchored regular expressions. Knows as much as the property tests use.
 */
export function referenceMatch(
  rules: readonly Json[],
  facts: readonly Attestation[],
  wanted?: string,
): { rule?: string; id?: string; reason?: string; audit: readonly string[] } {
  const audit: string[] = [];
  let decided: { rule: string; id: string | undefined } | undefined;
  let matched = false;
  for (const rule of rules) {
    if (!holds(rule, facts)) continue;
    if (rule.mode === "audit") {
      audit.push(rule.name as string);
      continue;
    }
    const id = idOf(rule, facts);
    matched = true;
    if (decided === undefined && (wanted === undefined || id === wanted))
      decided = { rule: rule.name as string, id };
  }
  if (decided === undefined)
    return { reason: matched ? "spiffe_id_not_granted" : "no_rule_matches", audit };
  return decided.id === undefined
    ? { rule: decided.rule, reason: "template_value_illegal", audit }
    : { rule: decided.rule, id: decided.id, audit };
}

export function holds(rule: Json, facts: readonly Attestation[]): boolean {
  const evidence = rule.evidence as Record<string, Record<string, unknown>>;
  const names = Object.keys(evidence);
  if (
    names.length !== facts.length ||
    !names.every((name) => facts.some((one) => one.name === name))
  )
    return false;
  for (const fact of facts) {
    const info = FACTORS.find(({ name }) => name === fact.name) as FactorInfo;
    const least =
      ((rule.binding ?? {}) as Record<string, string>)[fact.name] ?? info.defaultBinding;
    const order = ["none", "audience", "key"];
    if (order.indexOf(fact.binding.kind) < order.indexOf(least)) return false;
    for (const [claim, wanted] of Object.entries(evidence[fact.name] ?? {})) {
      const value = fact.claims[claim];
      const values = Array.isArray(value) ? value : [value];
      const patterns = Array.isArray(wanted) ? wanted : [wanted];
      if (!values.some((one) => patterns.some((pattern) => fits(pattern, one)))) return false;
    }
    const pins = info.pins.filter(({ values }) => values?.length === 1);
    for (const { claim, values } of info.pins.length === 1 ? pins : []) {
      if (fact.claims[claim] !== values?.[0]) return false;
    }
  }
  return ((rule.join ?? []) as [string, string][]).every(([left, right]) => {
    const [one, other] = [valueOf(left, facts), valueOf(right, facts)];
    return one !== undefined && one === other;
  });
}

function fits(pattern: unknown, value: unknown): boolean {
  if (typeof pattern !== "string" || typeof value !== "string") return pattern === value;
  const source = pattern.split("*").map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^(?:${source.join("[^/:]*")})$`, "su").test(value);
}

function valueOf(name: string, facts: readonly Attestation[]): unknown {
  const fact = facts.find((one) => name.startsWith(`${one.name}.`));
  return fact?.claims[name.slice(fact.name.length + 1)];
}

export function idOf(rule: Json, facts: readonly Attestation[]): string | undefined {
  let legal = true;
  const path = (rule.spiffe_id as string).replaceAll(/\{([^}]*)\}/g, (_whole, name: string) => {
    const value = valueOf(name, facts);
    if (typeof value !== "string" || !/^(?!\.\.?$)[A-Za-z0-9._-]+$/.test(value)) legal = false;
    return String(value);
  });
  if (!legal || /^\/(spire|svidmint)(\/|$)/.test(path) || path.length > 2000) return undefined;
  return `spiffe://prod.example.org${path}`;
}
