import type { ClaimKind, Claims, ClaimValue, Spelling } from "../attestation.ts";
import { compileGlob, type Glob, globCovers, globMatches, isGlob } from "./glob.ts";
import { quoteIt } from "./schema-issues.ts";
import type { MatcherInput } from "./schema.ts";

export type Scalar = string | number | boolean;

/** Matches one claim: it is one of the exact values, or fits one of the globs. */
export interface Matcher {
  readonly claim: string;
  readonly exact: ReadonlySet<Scalar>;
  /** All that it takes, where that is one exact value: nothing to hash. */
  readonly only?: Scalar;
  readonly globs: readonly Glob[];
  /** The claim is a list, of which one member has to match. */
  readonly many: boolean;
}

/**
 * Reads one matcher of a rule.
 * @param kind what the evidence type says of the claim; undefined where it admits any (plain `oidc`)
 * @param spelling as it says, too; undefined where any text can be there
 * @returns messages, each with its place in the list where the matcher is a list
 */
export function compileMatcher(
  claim: string,
  input: MatcherInput,
  kind: ClaimKind | undefined,
  spelling?: Spelling,
): { matcher: Matcher; problems: readonly { index?: number; message: string }[] } {
  const exact = new Set<Scalar>();
  const globs: Glob[] = [];
  const problems: { index?: number; message: string }[] = [];
  const list = Array.isArray(input) ? input : [input];
  const report = (index: number, message: string) =>
    problems.push(Array.isArray(input) ? { index, message } : { message });
  if (list.length === 0)
    problems.push({ message: "must not be empty: an empty list would match nothing" });
  for (const [index, value] of list.entries()) {
    const misspelt = misspelling(value, spelling);
    const wrong = misfit(value, kind) ?? (misspelt && `${misspelt}: this would match nothing`);
    if (wrong !== undefined) report(index, wrong);
    else if (typeof value === "string" && isGlob(value)) {
      const glob = compileGlob(value);
      if (typeof glob === "string") report(index, glob);
      else globs.push(glob);
    } else exact.add(value);
  }
  return {
    matcher: makeMatcher(claim, exact, globs, kind === undefined || kind === "strings"),
    problems,
  };
}

function misfit(value: Scalar, kind: ClaimKind | undefined): string | undefined {
  if (value === "")
    return "must not be empty: an absent claim matches nothing, and no claim is empty";
  if (kind === "string" || kind === "strings")
    return typeof value === "string" ? undefined : quoteIt(value);
  if (typeof value === "number" && !Number.isSafeInteger(value))
    return "only whole numbers up to 2^53 can be compared";
  if (kind !== undefined && typeof value !== kind)
    return `expected a ${kind}, found ${typeof value === "string" ? "text" : `a ${typeof value}`}`;
  return undefined;
}

const MISSPELT: Readonly<Record<Spelling, { strange: RegExp; message: string }>> = {
  lower: { strange: /[A-Z]/, message: "is always given in lower case" },
  hex: {
    strange: /[^0-9a-f*]|^(?:[0-9a-f]{2})*[0-9a-f]$/,
    message:
      "is always given as hex digits in lower case, two for each octet and nothing between them",
  },
};

/** @returns how it is given instead; undefined for a text that can be there, and for what is no text */
export function misspelling(value: ClaimValue, spelling: Spelling | undefined): string | undefined {
  if (spelling === undefined || typeof value !== "string") return undefined;
  const { strange, message } = MISSPELT[spelling];
  return strange.test(value) ? message : undefined;
}

export function makeMatcher(
  claim: string,
  exact: ReadonlySet<Scalar>,
  globs: readonly Glob[],
  many: boolean,
): Matcher {
  const [first] = exact;
  const single = exact.size === 1 && globs.length === 0 && first !== undefined;
  return { claim, exact, globs, many, ...(single && { only: first }) };
}

/** The claim itself, never what an object inherits: a claim named `constructor` is absent unless it was attested. */
export function claimOf(claims: Claims, name: string): ClaimValue | undefined {
  return Object.hasOwn(claims, name) ? claims[name] : undefined;
}

/** An empty text in a list is as absent as one that stands alone: `*` would take "no group" for a group. */
export function matchesClaims(matcher: Matcher, claims: Claims): boolean {
  const value = claimOf(claims, matcher.claim);
  if (value === undefined) return false;
  if (typeof value !== "object") return matchesScalar(matcher, value);
  return matcher.many && value.some((member) => member !== "" && matchesScalar(matcher, member));
}

export function matchesScalar({ only, exact, globs }: Matcher, value: Scalar): boolean {
  if (only !== undefined) return value === only;
  if (exact.has(value)) return true;
  if (typeof value !== "string") return false;
  for (const glob of globs) if (globMatches(glob, value)) return true;
  return false;
}

/** Whether everything that `inner` matches is surely matched by `outer` too. Errs towards no. */
export function covers(outer: Matcher, inner: Matcher): boolean {
  return (
    [...inner.exact].every((value) => matchesScalar(outer, value)) &&
    inner.globs.every((glob) => outer.globs.some((wider) => globCovers(wider, glob)))
  );
}
