import type { FactorInfo } from "../attestation.ts";
import type { ConfigIssue } from "../config-issue.ts";
import { kindOf, resolveClaim } from "./claim-ref.ts";
import type { Join } from "./rule.ts";
import { configError } from "./schema-issues.ts";
import type { RuleInput } from "./schema.ts";

/** Reads `join`: pairs of claims of different factors that name the same instance, digest or account. */
export function compileJoins(
  input: RuleInput,
  factors: readonly FactorInfo[],
  path: readonly (string | number)[],
): { joins: readonly Join[]; issues: ConfigIssue[] } {
  const joins: Join[] = [];
  const issues: ConfigIssue[] = [];
  if (factors.length > 1 && input.join === undefined) {
    issues.push(
      configError(
        path,
        `state join: without it, ${factors.map(({ name }) => name).join(" and ")} could be of different machines`,
      ),
    );
  }
  for (const [index, names] of (input.join ?? []).entries()) {
    const refs = names.map((name, side) => {
      const ref = resolveClaim(name, factors);
      const at = [...path, "join", index, side];
      if (typeof ref === "string") issues.push(configError(at, ref));
      else if (!factors[ref.factor]?.joinable.includes(ref.claim)) {
        const joinable = factors[ref.factor]?.joinable.join(", ");
        issues.push(
          configError(
            at,
            `does not name an instance, digest or account${joinable ? `: ${joinable} do` : ""}`,
          ),
        );
      } else return ref;
      return undefined;
    });
    const [left, right] = refs;
    if (left === undefined || right === undefined) continue;
    const kinds = [left, right].map((ref) => kindOf(factors[ref.factor], ref.claim) ?? "string");
    if (left.factor === right.factor)
      issues.push(configError([...path, "join", index], "joins one piece of evidence to itself"));
    else if (kinds[0] !== kinds[1])
      issues.push(
        configError([...path, "join", index], `a ${kinds[0]} never equals a ${kinds[1]}`),
      );
    else joins.push({ left, right });
  }
  return { joins, issues };
}

/** Names of the factors that no chain of joins ties to the first one. */
export function unjoined(
  factors: readonly FactorInfo[],
  joins: readonly Join[],
): readonly string[] {
  const reached = new Set([0]);
  for (let round = 0; round < factors.length; round++) {
    for (const { left, right } of joins) {
      if (reached.has(left.factor)) reached.add(right.factor);
      else if (reached.has(right.factor)) reached.add(left.factor);
    }
  }
  return factors.flatMap(({ name }, index) => (reached.has(index) ? [] : [name]));
}
