import type { FactorInfo } from "../attestation.ts";
import type { ConfigIssue } from "../config-issue.ts";
import { compileRule } from "./compile-rule.ts";
import type { PolicyContext } from "./context.ts";
import { compileDeny } from "./deny.ts";
import { groupRules } from "./groups.ts";
import type { CompiledPolicy } from "./policy.ts";
import { type CompiledRule, mayNeedClaim } from "./rule.ts";
import { configError, forbiddenKeys, isMap, schemaIssues } from "./schema-issues.ts";
import { denyEntrySchema, type DenyInput, ruleSchema } from "./schema.ts";
import { checkShadows } from "./shadow.ts";
import { checkSharedIds } from "./shared-id.ts";
import { unusedEvidence } from "./unused-evidence.ts";

/** The sections of the document that make the policy, as they were parsed: nothing about them is known yet. */
export interface PolicyDocument {
  readonly rules?: unknown;
  readonly deny?: unknown;
}

/**
 * Checks and compiles the policy. Pure; finds everything that is wrong at once.
 * @returns the policy where there are no errors; warnings do not stand in its way
 */
export function compilePolicy(
  document: PolicyDocument,
  factors: readonly FactorInfo[],
  context: PolicyContext,
): { policy?: CompiledPolicy; issues: ConfigIssue[] } {
  const known = new Map(factors.map((factor) => [factor.name, factor]));
  const issues = [
    ...forbiddenKeys(document.rules, ["rules"]),
    ...forbiddenKeys(document.deny, ["deny"]),
  ];
  const rules: CompiledRule[] = [];
  const names = new Map<unknown, number>();
  for (const [index, entry] of listOf(document, "rules", issues).entries()) {
    const name = isMap(entry) ? entry["name"] : undefined;
    const earlier = names.get(name);
    if (name !== undefined && earlier !== undefined)
      issues.push(
        configError(
          ["rules", index, "name"],
          `rule ${earlier} has this name: logs could not tell them apart`,
        ),
      );
    else names.set(name, index);
    const parsed = ruleSchema.safeParse(entry);
    if (!parsed.success) {
      const wrong = schemaIssues(parsed.error, entry, ["rules", index]);
      issues.push(...wrong, ...checkRest(entry, index, wrong, known, context));
      continue;
    }
    const { rule, issues: own } = compileRule(parsed.data, index, known, context);
    issues.push(...own);
    if (rule !== undefined) rules.push(rule);
  }
  const entries: { index: number; input: DenyInput }[] = [];
  for (const [index, entry] of listOf(document, "deny", issues).entries()) {
    const parsed = denyEntrySchema.safeParse(entry);
    if (parsed.success) entries.push({ index, input: parsed.data });
    else {
      const wrong = schemaIssues(parsed.error, entry, ["deny", index]);
      const rest = denyEntrySchema.safeParse(withoutWrong(entry, wrong));
      const more = rest.success
        ? compileDeny([{ index, input: rest.data }], known, context)
        : { issues: [] };
      issues.push(...wrong, ...more.issues.filter(ofMember));
    }
  }
  const { deny, issues: denyIssues } = compileDeny(entries, known, context);
  issues.push(...denyIssues, ...checkSharedIds(rules));
  if (issues.some(({ severity }) => severity === "error")) return { issues };
  const groups = groupRules(rules);
  issues.push(...checkShadows(groups, rules), ...unusedEvidence(rules, factors));
  const longest = (kind: "x509" | "jwt" | "wit") =>
    rules.reduce((ttl, { grants }) => Math.max(ttl, grants[kind]?.ttl ?? 0), 0);
  const policy: CompiledPolicy = {
    trustDomain: context.trustDomain,
    rules,
    groups,
    deny,
    longestTtl: { x509: longest("x509"), jwt: longest("jwt"), wit: longest("wit") },
    needsClaimStore: rules.some((rule) =>
      rule.factors.some((factor) => mayNeedClaim(rule, factor)),
    ),
  };
  return { policy, issues };
}

/** What else is wrong with a rule whose form is wrong: tried without the members that are, so that nothing waits. */
function checkRest(
  entry: unknown,
  index: number,
  wrong: readonly ConfigIssue[],
  known: ReadonlyMap<string, FactorInfo>,
  context: PolicyContext,
): readonly ConfigIssue[] {
  const rest = ruleSchema.safeParse(withoutWrong(entry, wrong));
  return rest.success ? compileRule(rest.data, index, known, context).issues.filter(ofMember) : [];
}

function withoutWrong(entry: unknown, wrong: readonly ConfigIssue[]): unknown {
  const members = new Set(wrong.map(({ path }) => path[2]));
  return isMap(entry)
    ? Object.fromEntries(Object.entries(entry).filter(([key]) => !members.has(key)))
    : entry;
}

/** What concerns an entry as a whole may be wrong only for want of what was left out. */
function ofMember({ path }: ConfigIssue): boolean {
  return path.length > 2;
}

/** A section that is there without a list in it is an error: what it held may have been lost on the way. */
function listOf(
  { rules, deny }: PolicyDocument,
  name: keyof PolicyDocument,
  issues: ConfigIssue[],
): readonly unknown[] {
  const value = name === "rules" ? rules : deny;
  if (Array.isArray(value)) return value;
  if (value !== undefined) issues.push(configError([name], "expected a list: `[]` for none"));
  else if (name === "rules") issues.push(configError([name], "required: `[]` for none"));
  return [];
}

export type { CompiledPolicy } from "./policy.ts";
