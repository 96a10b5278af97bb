import type { Certificate } from "./certificate.ts";
import type { NameConstraints } from "./extensions.ts";
import type { GeneralName } from "./general-name.ts";
import { matchesName, wellFormedConstraint, type Match } from "./name-match.ts";

/** Comparisons left in one search. Names and constraints multiply, and both are chosen by whoever sends them. */
export interface ComparisonBudget {
  left: number;
}

/** The name constraints of a chain, collected from the anchor down (RFC 5280 §6.1.4 g, §6.1.3 b and c). */
export class NameConstraintState {
  readonly #constraints: NameConstraints[] = [];
  readonly #budget: ComparisonBudget;

  constructor(budget: ComparisonBudget) {
    this.#budget = budget;
  }

  /** @returns what is wrong, for the operator */
  add(constraints: NameConstraints): string | undefined {
    for (const base of [...constraints.permitted, ...constraints.excluded]) {
      if (--this.#budget.left < 0) return "too many name constraints";
      if (!wellFormedConstraint(base)) return `malformed name constraint of type ${base.type}`;
    }
    this.#constraints.push(constraints);
    return undefined;
  }

  /** Every name of the certificate against every constraint above it. @returns what is wrong, for the operator */
  check(certificate: Certificate): string | undefined {
    return this.#constraints.length === 0 ? undefined : this.checkNames(namesOf(certificate));
  }

  checkNames(names: readonly GeneralName[]): string | undefined {
    for (const name of names) {
      for (const constraints of this.#constraints) {
        const problem = this.#checkName(name, constraints);
        if (problem !== undefined) return problem;
      }
    }
    return undefined;
  }

  #checkName(name: GeneralName, constraints: NameConstraints): string | undefined {
    this.#budget.left -= constraints.permitted.length + constraints.excluded.length;
    if (this.#budget.left < 0) return "too many names under name constraints";
    for (const base of constraints.excluded)
      if (sameKind(base, name) && matchesName(base, name, "excluded") !== "no")
        return `name of type ${name.type} excluded`;
    let permitted: Match | undefined;
    for (const base of constraints.permitted) {
      if (!sameKind(base, name)) continue;
      permitted = matchesName(base, name, "permitted");
      if (permitted === "yes") break;
    }
    // A type that no permitted subtree has is not constrained; one that has a subtree needs to be in one.
    return permitted === undefined || permitted === "yes"
      ? undefined
      : `name of type ${name.type} not permitted`;
  }
}

function sameKind(base: GeneralName, name: GeneralName): boolean {
  if (base.type !== name.type) return false;
  return base.type !== "other" || name.type !== "other" || base.tag === name.tag;
}

/**
 * Subject, subject alternative names, and the subject's e-mail addresses. RFC 5280 asks for the last only where there
 * is no rfc822Name; constraining them always is the safer reading.
 */
function namesOf(certificate: Certificate): readonly GeneralName[] {
  const { subject, extensions } = certificate;
  const names: GeneralName[] = [...(extensions.subjectAltName?.names ?? [])];
  if (subject.rdns.length > 0) names.push({ type: "directory", value: subject });
  for (const value of subject.emails) names.push({ type: "email", value });
  return names;
}
