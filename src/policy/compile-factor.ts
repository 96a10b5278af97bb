import type { FactorInfo } from "../attestation.ts";
import type { ConfigIssue } from "../config-issue.ts";
import { kindOf, knowsClaim, spellingOf, unknownClaim } from "./claim-ref.ts";
import { compileMatcher, makeMatcher, type Matcher } from "./matcher.ts";
import { resolvePin } from "./pins.ts";
import type { CompiledFactor, Join } from "./rule.ts";
import { isAtLeast } from "./rule.ts";
import { configError, configWarning } from "./schema-issues.ts";
import type { MatcherInput, RuleInput } from "./schema.ts";

/** 15 minutes after `pendingTime`: long enough to boot, too short for a copy that was found later. */
const FIRST_CLAIM_WITHIN = 900;

/** One piece of evidence of a rule: its matchers, its pin, and the settings that go by its name. */
export function compileFactor(
  input: RuleInput,
  factor: FactorInfo,
  at: number,
  factors: readonly FactorInfo[],
  joins: readonly Join[],
  path: readonly (string | number)[],
  issues: ConfigIssue[],
): CompiledFactor {
  const { name } = factor;
  const here = [...path, "evidence", name];
  const stated = new Map<string, MatcherInput>(Object.entries(input.evidence[name] ?? {}));
  const matchers: Matcher[] = [];
  for (const [claim, value] of stated) {
    if (!knowsClaim(factor, claim)) {
      issues.push(configError([...here, claim], unknownClaim(factor, claim)));
      continue;
    }
    const { matcher, problems } = compileMatcher(
      claim,
      value,
      kindOf(factor, claim),
      spellingOf([factor], claim),
    );
    for (const { index, message } of problems)
      issues.push(
        configError(index === undefined ? [...here, claim] : [...here, claim, index], message),
      );
    if (
      matcher.globs.some(
        ({ source }) => source.startsWith("^") || source.endsWith("$") || source.includes(".*"),
      )
    ) {
      issues.push(
        configWarning(
          [...here, claim],
          "looks like a regular expression, but only * has a meaning",
        ),
      );
    }
    matchers.push(matcher);
  }
  const { pin, implied, problems } = resolvePin(factor, stated);
  for (const { claim, index, message } of problems) {
    issues.push(
      configError(
        [...here, ...(claim === undefined ? [] : [claim]), ...(index === undefined ? [] : [index])],
        message,
      ),
    );
  }
  for (const [claim, value] of implied)
    matchers.push(makeMatcher(claim, new Set([value]), [], false));
  if (
    stated.size === 0 &&
    problems.length === 0 &&
    !joins.some(({ left, right }) => left.factor === at || right.factor === at)
  ) {
    issues.push(
      configWarning(
        here,
        `matches everything that \`evidence:\` admits of ${name}: state a claim to say less`,
      ),
    );
  }
  // A pin is one text: were a list admitted, one attestation could have two customers.
  const singles = matchers.map((matcher) =>
    matcher.claim === pin?.claim ? { ...matcher, many: false } : matcher,
  );
  const least = leastBinding(input, factor, path, issues);
  const once = input.replay !== undefined && Object.hasOwn(input.replay, name);
  if (once && least === "key")
    issues.push(
      configError(
        [...path, "replay", name],
        "does nothing: this rule takes only evidence that is bound to its key",
      ),
    );
  if (once && factor.statement === true)
    issues.push(configError([...path, "replay", name], `does nothing: ${name} belongs to nobody`));
  const understands = (setting: FactorInfo["settings"][number]) =>
    factor.settings.includes(setting);
  for (const setting of factor.required ?? []) {
    if (input[setting] === undefined)
      issues.push(configError(path, `state ${setting}: ${name} has no safe default`));
  }
  return {
    name,
    matchers: singles,
    ...(pin && { pin }),
    least,
    once,
    ...(understands("first_claim_within") && {
      firstClaimWithin: input.first_claim_within ?? FIRST_CLAIM_WITHIN,
    }),
    keysPerToken: understands("keys_per_token") ? (input.keys_per_token ?? 1) : 1,
    knowsAge: understands("max_instance_age"),
    sameInstance: sameInstance(at, factors, joins),
    ...(factor.statement === true && { statement: true }),
  };
}

function leastBinding(
  input: RuleInput,
  factor: FactorInfo,
  path: readonly (string | number)[],
  issues: ConfigIssue[],
): CompiledFactor["least"] {
  const { name, bindings, defaultBinding } = factor;
  if (input.binding === undefined || !Object.hasOwn(input.binding, name)) return defaultBinding;
  const least = input.binding[name] ?? defaultBinding;
  if (!bindings.some((binding) => isAtLeast(binding, least))) {
    issues.push(
      configError(
        [...path, "binding", name],
        `${name} is never bound so well: its best is ${bindings[0]}`,
      ),
    );
  } else if (!bindings.includes(least)) {
    issues.push(
      configError(
        [...path, "binding", name],
        `expected one that ${name} has: ${bindings.join(", ")}`,
      ),
    );
  }
  return least;
}

function sameInstance(
  at: number,
  factors: readonly FactorInfo[],
  joins: readonly Join[],
): readonly number[] {
  const names = ({ factor, claim }: Join["left"]) =>
    factors[factor]?.instanceClaims?.includes(claim) === true;
  return joins.flatMap(({ left, right }) => {
    if (!names(left) || !names(right)) return [];
    if (left.factor === at) return [right.factor];
    return right.factor === at ? [left.factor] : [];
  });
}
