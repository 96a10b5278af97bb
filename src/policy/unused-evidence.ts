import type { FactorInfo } from "../attestation.ts";
import type { ConfigIssue } from "../config-issue.ts";
import type { CompiledRule } from "./rule.ts";
import { configWarning } from "./schema-issues.ts";

/** Warns of evidence that is believed without a rule that uses it: left over, or a rule that was forgotten. */
export function unusedEvidence(
  rules: readonly CompiledRule[],
  factors: readonly FactorInfo[],
): ConfigIssue[] {
  if (rules.length === 0)
    return [configWarning(["rules"], "there are none: nobody gets an identity")];
  const used = new Map<string, Set<string>>();
  for (const { factors: parts } of rules) {
    for (const { name, pin } of parts) {
      const pins = used.get(name) ?? new Set();
      used.set(name, pins);
      for (const value of pin?.values ?? []) pins.add(`${pin?.claim}\n${value}`);
    }
  }
  return factors.flatMap((factor): ConfigIssue[] => {
    const path = [
      "evidence",
      factor.type,
      ...(factor.name === factor.type ? [] : [factor.name.slice(factor.type.length + 1)]),
    ];
    const pins = used.get(factor.name);
    if (pins === undefined) return [configWarning(path, "no rule uses it")];
    const idle = factor.pins.flatMap(({ claim, values }) =>
      (values ?? []).filter((value) => !pins.has(`${claim}\n${value}`)),
    );
    if (idle.length === 0) return [];
    const shown = idle.slice(0, 5).join(", ");
    return [
      configWarning(
        path,
        `no rule uses ${shown}${idle.length > 5 ? ` and ${idle.length - 5} more` : ""}`,
      ),
    ];
  });
}
