import type { FactorInfo, RuleSetting } from "../attestation.ts";
import type { ConfigIssue } from "../config-issue.ts";
import { spiffeIdOf } from "../spiffe/spiffe-id.ts";
import { kindOf, resolveClaim } from "./claim-ref.ts";
import { compileFactor } from "./compile-factor.ts";
import { isBroken, type PolicyContext } from "./context.ts";
import { compileGrants } from "./grants.ts";
import { compileJoins, unjoined } from "./joins.ts";
import { namesNobody } from "./pins.ts";
import { type CompiledFactor, type CompiledRule, mayNeedClaim } from "./rule.ts";
import { configError } from "./schema-issues.ts";
import type { RuleInput } from "./schema.ts";
import { parseTemplate, segmentValue, type Template } from "./template.ts";

const MAX_FACTORS = 4;

/**
 * Every check that one rule can fail alone.
 * @returns the rule where nothing but warnings came up
 */
export function compileRule(
  input: RuleInput,
  index: number,
  known: ReadonlyMap<string, FactorInfo>,
  context: PolicyContext,
): { rule?: CompiledRule; issues: ConfigIssue[] } {
  const path = ["rules", index];
  const issues: ConfigIssue[] = [];
  const tell = (template: ReturnType<typeof parseTemplate>): template is Template => {
    if ("segments" in template) return true;
    issues.push(...template.map((message) => configError([...path, "spiffe_id"], message)));
    return false;
  };
  const names = Object.keys(input.evidence).toSorted();
  const factors: FactorInfo[] = [];
  for (const name of names) {
    const factor = known.get(name);
    if (factor !== undefined) factors.push(factor);
    else if (!isBroken(context, name)) {
      issues.push(configError([...path, "evidence", name], unknownFactor(name, known)));
    }
  }
  if (names.length === 0)
    issues.push(
      configError([...path, "evidence"], "must not be empty: a rule says what it believes"),
    );
  if (names.length > MAX_FACTORS)
    issues.push(configError([...path, "evidence"], `at most ${MAX_FACTORS} pieces of evidence`));
  issues.push(...strayNames(input, path));
  const { grants, issues: grantIssues } = compileGrants(input, context, path);
  issues.push(...grantIssues);
  // With a factor unknown, what follows would only repeat that, but for a path that is none whatever its claims are.
  if (factors.length < names.length || names.length === 0) {
    tell(parseTemplate(input.spiffe_id, () => ({ factor: 0, claim: "", numeric: false })));
    return { issues };
  }

  const { joins, issues: joinIssues } = compileJoins(input, factors, path);
  issues.push(...joinIssues);
  const compiled = factors.map((factor, at) =>
    compileFactor(input, factor, at, factors, joins, path, issues),
  );
  for (const setting of SETTINGS) {
    if (
      input[setting] !== undefined &&
      !factors.some(({ settings }) => settings.includes(setting))
    ) {
      issues.push(configError([...path, setting], `none of ${names.join(", ")} understands it`));
    }
  }
  issues.push(...ownIdentityAlone(factors, compiled, context, path));
  const lonely = unjoined(factors, joins);
  if (factors.every((factor) => namesNobody(factor, input.evidence[factor.name] ?? {}))) {
    issues.push(
      configError(
        [...path, "evidence"],
        `${names.join(", ")} names no customer: join it to evidence that does`,
      ),
    );
  } else if (lonely.length > 0 && joinIssues.length === 0) {
    issues.push(
      configError(
        [...path, "join"],
        `nothing ties ${lonely.join(" and ")} to the rest: name two claims that must be equal`,
      ),
    );
  }
  const template = parseTemplate(input.spiffe_id, (name) => {
    const ref = resolveClaim(name, factors);
    if (typeof ref === "string") return ref;
    const kind = kindOf(factors[ref.factor], ref.claim);
    if (kind === "strings" || kind === "boolean")
      return `${name} is ${kind === "strings" ? "a list" : "true or false"}, which no path can hold`;
    return { ...ref, numeric: kind === "number" };
  });
  if (!tell(template)) return { issues };
  const fixed = template.segments.every((segment) => typeof segment === "string");
  const id = fixed ? spiffeIdOf(context.trustDomain, template.source) : undefined;
  if (id?.ok === false)
    issues.push(configError([...path, "spiffe_id"], "the SPIFFE ID would be too long"));
  const rule: CompiledRule = {
    index,
    name: input.name,
    audit: input.mode === "audit",
    factors: compiled,
    joins,
    template,
    ...(id?.ok === true && { fixedId: id.value }),
    sharedId: input.shared_id ?? false,
    grants,
    ...(input.max_instance_age !== undefined && { maxInstanceAge: input.max_instance_age }),
  };
  for (const name of neverLegal(rule)) {
    issues.push(
      configError(
        [...path, "spiffe_id"],
        `${name} has a value in this rule that is not one legal path segment, so it would always be refused`,
      ),
    );
  }
  for (const factor of compiled) {
    if (context.claimStore || !mayNeedClaim(rule, factor)) continue;
    issues.push(
      configError(
        [...path, "evidence", factor.name],
        "is believed from its first user only, which needs a claim store: state `claims:`",
      ),
    );
  }
  return issues.some(({ severity }) => severity === "error") ? { issues } : { rule, issues };
}

/** An SVID of ours as the only factor could renew itself for ever, whatever became of what it once stood on. */
function ownIdentityAlone(
  [factor, another]: readonly FactorInfo[],
  [compiled]: readonly CompiledFactor[],
  { trustDomain }: PolicyContext,
  path: readonly (string | number)[],
): readonly ConfigIssue[] {
  if (factor?.identityOf === undefined || another !== undefined) return [];
  const { claim, values } = compiled?.pin ?? {};
  if (claim !== factor.identityOf || values?.includes(trustDomain) !== true) return [];
  const message =
    "an SVID of this trust domain is never the only factor: it could renew itself for ever";
  return [configError([...path, "evidence", factor.name], message)];
}

/** Claims of the template to which the rule gives an exact value that no path can hold. */
function neverLegal({ template, factors }: CompiledRule): readonly string[] {
  return template.segments.flatMap((segment) => {
    if (typeof segment === "string") return [];
    const factor = factors[segment.factor];
    const illegal = factor?.matchers.some(
      ({ claim, exact }) =>
        claim === segment.claim &&
        [...exact].some((value) => segmentValue(value, segment.numeric) === undefined),
    );
    return illegal === true ? [`${factor?.name}.${segment.claim}`] : [];
  });
}

const SETTINGS: readonly RuleSetting[] = [
  "first_claim_within",
  "max_instance_age",
  "keys_per_token",
];

function strayNames(input: RuleInput, path: readonly (string | number)[]): ConfigIssue[] {
  const issues: ConfigIssue[] = [];
  for (const section of ["binding", "replay"] as const) {
    for (const name of Object.keys(input[section] ?? {})) {
      if (Object.hasOwn(input.evidence, name)) continue;
      issues.push(configError([...path, section, name], "is not evidence of this rule"));
    }
  }
  return issues;
}

function unknownFactor(name: string, known: ReadonlyMap<string, FactorInfo>): string {
  const near = [...known.keys()].filter((other) => other.startsWith(`${name}.`));
  if (near.length > 0) return `say which entry: ${near.join(" or ")}`;
  return known.size === 0
    ? "is not configured under `evidence:`, which is empty"
    : `is not configured under \`evidence:\`, which has ${[...known.keys()].join(", ")}`;
}
