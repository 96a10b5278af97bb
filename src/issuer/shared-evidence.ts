import type { FactorInfo } from "../attestation.ts";
import type { ConfigIssue } from "../config-issue.ts";
import type { Config } from "./config.ts";

type Believes = Pick<Config, "factors" | "sections" | "policy">;

/**
 * Evidence that is bound to nobody belongs to its first user, in each trust domain anew: whoever holds a copy could be
 * first in the other one. So two of one deployment take that of the same customer only where both say `shared: true`.
 * @param file the other's configuration. @returns paths are those of `one`
 */
export function checkSharedEvidence(
  one: Believes,
  other: Believes,
  file: string,
): readonly ConfigIssue[] {
  return one.factors.flatMap((factor): ConfigIssue[] => {
    const { name, type } = factor;
    const theirs = other.factors.find((candidate) => candidate.name === name);
    if (theirs === undefined || !takesUnbound(one, factor) || !takesUnbound(other, theirs))
      return [];
    if (saysShared(one, type) && saysShared(other, type)) return [];
    const believed = new Set(customers(theirs));
    const both = customers(factor).filter((customer) => believed.has(customer));
    if (both.length === 0) return [];
    const message = `${file} believes ${both.join(", ")}, too, and such evidence belongs to its first user, in each trust domain anew: leave it to one, or say shared: true in both`;
    return [{ path: ["evidence", type], message, severity: "error" }];
  });
}

/** By the default of the type, or by what a rule says. */
function takesUnbound({ policy }: Believes, factor: FactorInfo): boolean {
  if (!factor.bindings.includes("none") || factor.statement === true) return false;
  return (
    factor.defaultBinding === "none" ||
    policy.rules.some((rule) =>
      rule.factors.some(({ name, least }) => name === factor.name && least === "none"),
    )
  );
}

/** `account 111122223333` */
function customers({ pins }: FactorInfo): readonly string[] {
  return pins
    .filter(({ nobody }) => nobody !== true)
    .flatMap(({ claim, values = [] }) => values.map((value) => `${claim} ${value}`));
}

function saysShared({ sections }: Believes, type: string): boolean {
  const section: unknown = sections.get(type);
  return (
    typeof section === "object" &&
    section !== null &&
    "shared" in section &&
    section.shared === true
  );
}
