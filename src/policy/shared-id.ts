import type { ConfigIssue } from "../config-issue.ts";
import { pathOutcomes, type PathOutcome } from "./path-outcomes.ts";
import type { CompiledRule } from "./rule.ts";
import { configError, configWarning } from "./schema-issues.ts";
import { type Shape, shapeKey, shapesMeet } from "./segment-shape.ts";

/**
 * Attestations that differ in a pin belong to different customers and never get one SPIFFE ID, be it by two rules or
 * by two values of one rule's list, unless every rule concerned says `shared_id: true`. Decided here, before any
 * request: where two rules might give one ID and nothing proves that they do not, they are refused.
 *
 * All that rules can give is kept in a tree of path segments, so that a rule is compared only with those that share
 * the beginning of its path.
 */
export function checkSharedIds(rules: readonly CompiledRule[]): ConfigIssue[] {
  const root = newNode(0);
  const issues: ConfigIssue[] = [];
  // Rules that decide come first, so that a rule in audit mode never makes one of them an error.
  for (const rule of [
    ...rules.filter(({ audit }) => !audit),
    ...rules.filter(({ audit }) => audit),
  ]) {
    const path = ["rules", rule.index];
    const outcomes = pathOutcomes(rule);
    if (outcomes === undefined) {
      issues.push(
        configError(
          [...path, "evidence"],
          "has more combinations of pins than can be checked: split the rule, or join the pins",
        ),
      );
      continue;
    }
    const other = firstConflict(root, rule, outcomes);
    if (other !== undefined) issues.push(conflict(rule, other));
  }
  return issues;
}

interface Leaf {
  readonly pins: string;
  readonly rule: CompiledRule;
}

interface Node {
  readonly depth: number;
  readonly exact: Map<string, Node>;
  readonly open: Map<string, { readonly shape: Shape; readonly node: Node }>;
  /** By pins, one rule of each: what conflicts with it conflicts with the others. */
  readonly sole: Map<string, CompiledRule>;
  readonly shared: Map<string, CompiledRule>;
  /** The pins of all that lies below, or MIXED: whole branches of the same customer need no visit. */
  pins: string | undefined | typeof MIXED;
}

const MIXED = Symbol("more than one customer");

function newNode(depth: number): Node {
  return {
    depth,
    exact: new Map(),
    open: new Map(),
    sole: new Map(),
    shared: new Map(),
    pins: undefined,
  };
}

/** Compares each outcome with those already in the tree, other values of the same rule included, and adds it. */
function firstConflict(
  root: Node,
  rule: CompiledRule,
  outcomes: readonly PathOutcome[],
): CompiledRule | undefined {
  let found: CompiledRule | undefined;
  for (const { pins, path } of outcomes) {
    found ??= findConflict(root, { pins, rule }, path);
    insert(root, { pins, rule }, path);
  }
  return found;
}

function findConflict(node: Node, leaf: Leaf, path: readonly Shape[]): CompiledRule | undefined {
  if (node.pins === leaf.pins || node.pins === undefined) return undefined;
  const shape = path[node.depth];
  if (shape === undefined) {
    return (
      otherCustomer(node.sole, leaf) ??
      (leaf.rule.sharedId ? undefined : otherCustomer(node.shared, leaf))
    );
  }
  if (shape.exact) {
    const next = node.exact.get(shape.prefix);
    const found = next && findConflict(next, leaf, path);
    if (found !== undefined) return found;
  } else {
    for (const [text, next] of node.exact) {
      const found = shapesMeet(shape, { exact: true, prefix: text })
        ? findConflict(next, leaf, path)
        : undefined;
      if (found !== undefined) return found;
    }
  }
  for (const { shape: other, node: next } of node.open.values()) {
    const found = shapesMeet(shape, other) ? findConflict(next, leaf, path) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The first of at most two that are looked at: pins are the keys. */
function otherCustomer(
  rules: ReadonlyMap<string, CompiledRule>,
  leaf: Leaf,
): CompiledRule | undefined {
  for (const [pins, rule] of rules) if (pins !== leaf.pins) return rule;
  return undefined;
}

function insert(root: Node, leaf: Leaf, path: readonly Shape[]): void {
  let node = root;
  for (const shape of path) {
    notePins(node, leaf.pins);
    node = childFor(node, shape);
  }
  notePins(node, leaf.pins);
  const rules = leaf.rule.sharedId ? node.shared : node.sole;
  if (!rules.has(leaf.pins)) rules.set(leaf.pins, leaf.rule);
}

function notePins(node: Node, pins: string): void {
  if (node.pins === undefined) node.pins = pins;
  else if (node.pins !== pins) node.pins = MIXED;
}

function childFor(node: Node, shape: Shape): Node {
  if (shape.exact) {
    const known = node.exact.get(shape.prefix);
    if (known !== undefined) return known;
    const made = newNode(node.depth + 1);
    node.exact.set(shape.prefix, made);
    return made;
  }
  const key = shapeKey(shape);
  const known = node.open.get(key);
  if (known !== undefined) return known.node;
  const made = newNode(node.depth + 1);
  node.open.set(key, { shape, node: made });
  return made;
}

function conflict(rule: CompiledRule, other: CompiledRule): ConfigIssue {
  const path = ["rules", rule.index, "spiffe_id"];
  if (other === rule) {
    return (rule.audit ? configWarning : configError)(
      path,
      "gives one SPIFFE ID to evidence of different customers: put the pin into the path, make a rule for each, or say shared_id: true",
    );
  }
  return (rule.audit ? configWarning : configError)(
    path,
    `can give the same SPIFFE ID as rule ${JSON.stringify(other.name)} to evidence of another customer: change one of the paths, or say shared_id: true in both`,
  );
}
