import { type Attestation, type FactorInfo, UNREAD } from "../attestation.ts";
import type { ConfigIssue } from "../config-issue.ts";
import { parseSpiffeId } from "../spiffe/spiffe-id.ts";
import { kindOf, knowsClaim, spellingOf } from "./claim-ref.ts";
import type { PolicyContext } from "./context.ts";
import { compileGlob, type Glob, globMatches, isGlob } from "./glob.ts";
import { claimOf, compileMatcher, makeMatcher, type Matcher, matchesScalar } from "./matcher.ts";
import { configError, configWarning } from "./schema-issues.ts";
import type { DenyInput } from "./schema.ts";

/** What is refused whatever the rules say. Tried on every attestation, then on the SPIFFE ID that would be given. */
export interface CompiledDeny {
  readonly ids: ReadonlySet<string>;
  readonly idGlobs: readonly Glob[];
  readonly claimKeys: ReadonlySet<string>;
  /** By the first exact value of each entry, so that ten thousand denied instances cost one look-up. */
  readonly indexed: ReadonlyMap<string, ReadonlyMap<string, readonly DenyClaims[]>>;
  readonly others: readonly DenyClaims[];
}

/** All of these on one attestation. */
interface DenyClaims {
  readonly evidence?: string;
  readonly matchers: readonly Matcher[];
}

const OWN_KEYS = ["spiffe_id", "claim_key", "evidence", "note"];

export function compileDeny(
  entries: readonly { index: number; input: DenyInput }[],
  factors: ReadonlyMap<string, FactorInfo>,
  context: PolicyContext,
): { deny: CompiledDeny; issues: ConfigIssue[] } {
  const issues: ConfigIssue[] = [];
  const ids = new Set<string>();
  const idGlobs: Glob[] = [];
  const claimKeys = new Set<string>();
  const indexed = new Map<string, Map<string, DenyClaims[]>>();
  const others: DenyClaims[] = [];
  for (const { index, input } of entries) {
    const path = ["deny", index];
    const claims = Object.keys(input).filter((key) => !OWN_KEYS.includes(key));
    const kinds = [
      input.spiffe_id !== undefined,
      input.claim_key !== undefined,
      claims.length > 0,
    ].filter(Boolean).length;
    if (kinds !== 1) {
      issues.push(
        configError(
          path,
          "expected one of spiffe_id, claim_key, or claims of the evidence, and not more than one",
        ),
      );
      continue;
    }
    if (input.evidence !== undefined && claims.length === 0)
      issues.push(configError([...path, "evidence"], "goes with claims only"));
    if (input.claim_key !== undefined) claimKeys.add(input.claim_key);
    if (input.spiffe_id !== undefined) {
      const id = readId(input.spiffe_id, context.trustDomain);
      if (typeof id === "object" && "message" in id)
        issues.push(configError([...path, "spiffe_id"], id.message));
      else if (typeof id === "string") ids.add(id);
      else idGlobs.push(id);
    }
    if (claims.length === 0) continue;
    const entry = compileClaims(input, claims, factors, context, path, issues);
    const key = entry.matchers.find(({ exact, globs }) => exact.size > 0 && globs.length === 0);
    if (key === undefined) others.push(entry);
    else {
      const values = indexed.get(key.claim) ?? new Map<string, DenyClaims[]>();
      indexed.set(key.claim, values);
      for (const value of key.exact)
        values.set(String(value), [...(values.get(String(value)) ?? []), entry]);
    }
  }
  return { deny: { ids, idGlobs, claimKeys, indexed, others }, issues };
}

function readId(text: string, trustDomain: string): string | Glob | { message: string } {
  const uri = text.startsWith("/") ? `spiffe://${trustDomain}${text}` : text;
  // A star stands where any legal character may, so that the rest is held to the same grammar.
  const parsed = parseSpiffeId(uri.replaceAll("*", "x"));
  if (!parsed.ok || parsed.value.path === "")
    return { message: "is no SPIFFE ID: expected /a/path of this trust domain, or spiffe://…" };
  if (!isGlob(uri)) return uri;
  const glob = compileGlob(uri);
  return typeof glob === "string" ? { message: glob } : glob;
}

function compileClaims(
  input: DenyInput,
  claims: readonly string[],
  factors: ReadonlyMap<string, FactorInfo>,
  context: PolicyContext,
  path: readonly (string | number)[],
  issues: ConfigIssue[],
): DenyClaims {
  const { evidence } = input;
  const concerned = [...factors.values()].filter(
    ({ name, type }) => evidence === undefined || name === evidence || type === evidence,
  );
  const broken = (context.broken ?? []).some(
    (name) =>
      evidence === undefined ||
      evidence === name ||
      evidence.startsWith(`${name}.`) ||
      name.startsWith(`${evidence}.`),
  );
  if (concerned.length === 0 && !broken && evidence !== undefined) {
    issues.push(
      configError(
        [...path, "evidence"],
        "is not configured under `evidence:`, so this denies nothing",
      ),
    );
  }
  const matchers = claims.flatMap((claim) => {
    const value = input[claim];
    if (value === undefined) return [];
    const holder = concerned.find((factor) => kindOf(factor, claim) !== undefined);
    if (holder === undefined && !broken && concerned.length > 0) {
      const open = concerned.find((factor) => knowsClaim(factor, claim));
      if (open === undefined)
        issues.push(
          configError(
            [...path, claim],
            "is a claim of none of the evidence concerned, so this denies nothing",
          ),
        );
      else if (evidence === undefined)
        issues.push(
          configWarning(
            [...path, claim],
            `is denied only where a token of ${open.name} or its like has it: state \`evidence:\` if that is meant`,
          ),
        );
    }
    const evasive = concerned.find(({ unproved }) => unproved?.includes(claim) === true);
    if (evasive !== undefined)
      issues.push(
        configWarning(
          [...path, claim],
          `one form of ${evasive.name} does not prove it and would pass: deny by what every form has`,
        ),
      );
    const { matcher, problems } = compileMatcher(
      claim,
      value,
      holder === undefined ? undefined : kindOf(holder, claim),
      spellingOf(concerned, claim),
    );
    for (const { index, message } of problems)
      issues.push(configError([...path, claim, ...(index === undefined ? [] : [index])], message));
    // Compared as text and in lists too: what is denied as "123" is denied as 123.
    return [makeMatcher(claim, new Set([...matcher.exact].map(String)), matcher.globs, true)];
  });
  return { ...(evidence !== undefined && { evidence }), matchers };
}

export function isDeniedId(deny: CompiledDeny, uri: string): boolean {
  return deny.ids.has(uri) || deny.idGlobs.some((glob) => globMatches(glob, uri));
}

/** SPIFFE IDs that the evidence itself carries are denied like those that we would give. */
export function isDenied(deny: CompiledDeny, fact: Attestation): boolean {
  if (deny.claimKeys.has(fact.claimKey)) return true;
  for (const [claim, values] of deny.indexed) {
    const value = claimOf(fact.claims, claim);
    for (const text of value === UNREAD ? values.keys() : texts(value)) {
      if (values.get(text)?.some((entry) => holds(entry, fact)) === true) return true;
    }
  }
  if (deny.others.some((entry) => holds(entry, fact))) return true;
  if (deny.ids.size + deny.idGlobs.length === 0) return false;
  return Object.values(fact.claims).some((claim) =>
    texts(claim).some((text) => text.startsWith("spiffe://") && isDeniedId(deny, text)),
  );
}

function holds({ evidence, matchers }: DenyClaims, { name, type, claims }: Attestation): boolean {
  if (evidence !== undefined && evidence !== name && evidence !== type) return false;
  return matchers.every((matcher) => {
    const value = claimOf(claims, matcher.claim);
    return value === UNREAD || texts(value).some((text) => matchesScalar(matcher, text));
  });
}

function texts(value: Attestation["claims"][string] | undefined): readonly string[] {
  if (value === undefined) return [];
  return typeof value === "object" ? value : [String(value)];
}
