import type { Attestation } from "../../../src/attestation.ts";
import { FACTORS, type Json } from "./fixtures.ts";

export interface Outcome {
  readonly rule?: string;
  readonly id?: string;
  readonly reason?: string;
  readonly audit: readonly string[];
}

/**
 * What the documentation says, done rule by rule and straight from the document, without any of the code it judges:
 * no index, no compiled matchers, globs as anchored regular expressions. Knows as much as the property tests use.
 */
export function referenceMatch(
  rules: readonly Json[],
  facts: readonly Attestation[],
  wanted?: string,
): Outcome {
  const audit: string[] = [];
  let decided: { rule: string; id: string | undefined } | undefined;
  let matched = false;
  for (const rule of rules) {
    if (!holds(rule, facts)) continue;
    if (rule["mode"] === "audit") {
      audit.push(String(rule["name"]));
      continue;
    }
    const id = idOf(rule, facts);
    matched = true;
    if (decided === undefined && (wanted === undefined || id === wanted)) {
      decided = { rule: String(rule["name"]), id };
    }
  }
  if (decided === undefined) {
    return { reason: matched ? "spiffe_id_not_granted" : "no_rule_matches", audit };
  }
  return decided.id === undefined
    ? { rule: decided.rule, reason: "template_value_illegal", audit }
    : { rule: decided.rule, id: decided.id, audit };
}

const STRENGTH = ["none", "audience", "key"];

export function holds(rule: Json, facts: readonly Attestation[]): boolean {
  const evidence = new Map(members(rule["evidence"]));
  const named = [...evidence.keys()].every((name) => facts.some((one) => one.name === name));
  if (evidence.size !== facts.length || !named) return false;
  const least = new Map(members(rule["binding"]));
  for (const { name, claims, binding } of facts) {
    const info = FACTORS.find((one) => one.name === name);
    const asked = least.get(name) ?? info?.defaultBinding;
    if (STRENGTH.indexOf(binding.kind) < STRENGTH.findIndex((kind) => kind === asked)) return false;
    for (const [claim, wanted] of members(evidence.get(name))) {
      const tried = [claims[claim]].flat();
      if (!tried.some((one) => [wanted].flat().some((pattern) => fits(pattern, one)))) return false;
    }
    const [pin, another] = info?.pins ?? [];
    const only = pin?.values?.length === 1 && another === undefined ? pin.values[0] : undefined;
    if (pin !== undefined && only !== undefined && claims[pin.claim] !== only) return false;
  }
  return pairs(rule["join"]).every(([left, right]) => {
    const [one, other] = [valueOf(left, facts), valueOf(right, facts)];
    return one !== undefined && one === other;
  });
}

function members(value: unknown): [string, unknown][] {
  return typeof value === "object" && value !== null ? Object.entries(value) : [];
}

function pairs(value: unknown): [string, string][] {
  return members(value).map(([, pair]) => {
    const [left, right] = members(pair).map(([, name]) => (typeof name === "string" ? name : ""));
    return [left ?? "", right ?? ""];
  });
}

function fits(pattern: unknown, value: unknown): boolean {
  if (value === "") return false;
  if (typeof pattern !== "string" || typeof value !== "string") return pattern === value;
  const parts = pattern
    .split("*")
    .map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`));
  return new RegExp(`^(?:${parts.join("[^/:]*")})$`, "su").test(value);
}

function valueOf(name: string, facts: readonly Attestation[]): unknown {
  const fact = facts.find((one) => name.startsWith(`${one.name}.`));
  return fact?.claims[name.slice(fact.name.length + 1)];
}

export function idOf(rule: Json, facts: readonly Attestation[]): string | undefined {
  let legal = true;
  const path = String(rule["spiffe_id"]).replaceAll(/\{([^}]*)\}/g, (_whole, name: string) => {
    const value = valueOf(name, facts);
    if (typeof value !== "string" || !/^(?!\.\.?$)[A-Za-z0-9._-]+$/.test(value)) legal = false;
    return String(value);
  });
  if (!legal || /^\/(?:spire|svidmint)(?:\/|$)/.test(path) || path.length > 2000) return undefined;
  return `spiffe://prod.example.org${path}`;
}
