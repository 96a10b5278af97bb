import type { ClaimKind, FactorInfo, Spelling } from "../attestation.ts";
import type { ClaimRef } from "./template.ts";

/** Finds the claim that `oidc.github.repository_id` means among the factors of a rule. @returns a message otherwise */
export function resolveClaim(name: string, factors: readonly FactorInfo[]): ClaimRef | string {
  const holders = factors.flatMap((factor, index) =>
    name.startsWith(`${factor.name}.`) ? [{ factor, index }] : [],
  );
  const [holder, another] = holders;
  if (holder === undefined) {
    const names = factors.map((factor) => `${factor.name}.…`).join(" or ");
    return `${JSON.stringify(name)} names no claim of this rule's evidence: expected ${names}`;
  }
  if (another !== undefined)
    return `${JSON.stringify(name)} could be a claim of ${holder.factor.name} or of ${another.factor.name}`;
  const claim = name.slice(holder.factor.name.length + 1);
  if (claim === "") return `${JSON.stringify(name)} ends without a claim`;
  return knowsClaim(holder.factor, claim)
    ? { factor: holder.index, claim }
    : unknownClaim(holder.factor, claim);
}

/** The kind of a claim; undefined where the evidence type does not say, be it that it admits any claim or none such. */
export function kindOf(factor: FactorInfo | undefined, claim: string): ClaimKind | undefined {
  return factor !== undefined && Object.hasOwn(factor.claims, claim)
    ? factor.claims[claim]
    : undefined;
}

/** How a claim is spelt by all who declare it; undefined where that differs, or where nobody says. */
export function spellingOf(factors: readonly FactorInfo[], claim: string): Spelling | undefined {
  const [first, ...others] = factors
    .filter((factor) => kindOf(factor, claim) !== undefined)
    .map(({ spelling }) => spelling?.[claim]);
  return others.every((other) => other === first) ? first : undefined;
}

/** Evidence that has such a name is refused, as is a compiled configuration: `parseJson` says why. */
function needsEscape(claim: string): boolean {
  return JSON.stringify(claim) !== `"${claim}"`;
}

export function knowsClaim(factor: FactorInfo, claim: string): boolean {
  if (needsEscape(claim)) return false;
  if (kindOf(factor, claim) !== undefined) return true;
  return factor.open === true && factor.withheld?.includes(claim) !== true;
}

export function unknownClaim(factor: FactorInfo, claim: string): string {
  if (factor.withheld?.includes(claim) === true)
    return `${factor.name} never passes ${claim} on to rules: it is judged before them`;
  if (needsEscape(claim))
    return `no evidence has a claim ${JSON.stringify(claim)}: a name that JSON can only escape is refused`;
  const known = Object.keys(factor.claims);
  const distance = (name: string): number => Math.abs(name.length - claim.length);
  const [near] = known
    .filter((name) => name.startsWith(claim) || claim.startsWith(name) || name.endsWith(claim))
    .toSorted((one, other) => distance(one) - distance(other));
  const hint = near === undefined ? `it has ${known.join(", ")}` : `perhaps ${near}`;
  return `${factor.name} has no claim ${JSON.stringify(claim)}: ${hint}`;
}
