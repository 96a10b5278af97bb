import { globShape, anyShape, exactShape, type Shape } from "./segment-shape.ts";
import type { CompiledRule } from "./rule.ts";
import { segmentValue, type ClaimRef } from "./template.ts";

/** One combination of a rule's pins, and the paths that it can lead to. */
export interface PathOutcome {
  /** Names the pins: equal for two attestations exactly when they do not differ in a pin. */
  readonly pins: string;
  readonly path: readonly Shape[];
}

/** More pin combinations than that are not looked into: the rule is refused. */
const MAX_COMBINATIONS = 10_000;
/** More paths than that for one combination, and its lists are taken for "anything", which is safe but coarser. */
const MAX_PATHS = 256;

/**
 * Everything that a rule can give, by pins. It may hold paths that no request leads to, but misses none.
 * @returns undefined where there are too many combinations of pins
 */
export function pathOutcomes(rule: CompiledRule): readonly PathOutcome[] | undefined {
  const classes = joinClasses(rule);
  const outcomes: PathOutcome[] = [];
  const combinations = pinCombinations(rule, classes);
  for (const combination of combinations ?? []) {
    const options = rule.template.segments.map((segment): readonly Shape[] => {
      if (typeof segment === "string") return [exactShape(segment)];
      const { prefix, suffix } = segment;
      const name = classOf(classes, segment);
      const pinned = combination.values.get(name);
      if (pinned !== undefined) return [exactShape(prefix + pinned + suffix)];
      return valueShapes(rule, segment, classes).map((shape) => widen(prefix, shape, suffix));
    });
    const count = options.reduce((total, shapes) => total * shapes.length, 1);
    const bounded =
      count <= MAX_PATHS
        ? options
        : options.map((shapes, at) => (shapes.length === 1 ? shapes : [anythingAt(rule, at)]));
    for (const path of product(bounded)) outcomes.push({ pins: combination.pins, path });
  }
  return combinations && outcomes;
}

interface Combination {
  readonly pins: string;
  /** The value of each class of joined claims that a pin decides. */
  readonly values: ReadonlyMap<string, string>;
}

function pinCombinations(rule: CompiledRule, classes: Classes): readonly Combination[] | undefined {
  let combinations: Combination[] = [{ pins: "", values: new Map() }];
  for (const [factor, { name, pin }] of rule.factors.entries()) {
    if (pin === undefined) continue;
    if (pin.values === undefined) {
      combinations = combinations.map(({ pins, values }) => ({ pins: `${pins}\n${name}`, values }));
      continue;
    }
    const key = classOf(classes, { factor, claim: pin.claim });
    const next: Combination[] = [];
    for (const { pins, values } of combinations) {
      const decided = values.get(key); // by a pin that a join makes equal to this one
      for (const value of decided === undefined
        ? pin.values
        : pin.values.filter((other) => other === decided)) {
        next.push({
          pins: `${pins}\n${name}\t${pin.claim}\t${JSON.stringify(value)}`,
          values: new Map(values).set(key, value),
        });
        if (next.length > MAX_COMBINATIONS) return undefined;
      }
    }
    combinations = next;
  }
  return combinations;
}

/** The claims that joins make equal, by the name of one of them. */
type Classes = ReadonlyMap<string, string>;

function refKey({ factor, claim }: ClaimRef): string {
  return `${factor}\t${claim}`;
}

function classOf(classes: Classes, ref: ClaimRef): string {
  const key = refKey(ref);
  return classes.get(key) ?? key;
}

function joinClasses({ joins }: CompiledRule): Classes {
  const classes = new Map<string, string>();
  for (const { left, right } of joins) {
    const [to, from] = [classOf(classes, left), classOf(classes, right)];
    for (const key of [refKey(left), refKey(right)]) if (!classes.has(key)) classes.set(key, to);
    for (const [key, name] of classes) if (name === from) classes.set(key, to);
  }
  return classes;
}

/** What the rule's matchers leave of a claim, without the template's literal ends. */
function valueShapes(rule: CompiledRule, ref: ClaimRef, classes: Classes): readonly Shape[] {
  const name = classOf(classes, ref);
  for (const [factor, { matchers }] of rule.factors.entries()) {
    for (const matcher of matchers) {
      if (classOf(classes, { factor, claim: matcher.claim }) !== name) continue;
      const exact = [...matcher.exact].flatMap((value) => {
        const text = segmentValue(value, typeof value === "number");
        return text === undefined ? [] : [exactShape(text)];
      });
      return [...exact, ...matcher.globs.map((glob) => globShape("", glob, ""))];
    }
  }
  return [anyShape("", "")];
}

function widen(prefix: string, shape: Shape, suffix: string): Shape {
  return shape.exact
    ? exactShape(prefix + shape.prefix + suffix)
    : { ...shape, prefix: prefix + shape.prefix, suffix: shape.suffix + suffix };
}

function anythingAt(rule: CompiledRule, at: number): Shape {
  const segment = rule.template.segments[at];
  return typeof segment === "object"
    ? anyShape(segment.prefix, segment.suffix)
    : exactShape(segment ?? "");
}

function product(options: readonly (readonly Shape[])[]): readonly (readonly Shape[])[] {
  return options.reduce<readonly (readonly Shape[])[]>(
    (paths, shapes) => paths.flatMap((path) => shapes.map((shape) => [...path, shape])),
    [[]],
  );
}
