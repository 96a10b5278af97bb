import type { ConfigIssue } from "../config-issue.ts";
import { configError, isMap, schemaIssues } from "../policy/schema-issues.ts";
import type { ClaimsSection, StoreContext } from "../stores/definition.ts";
import { storeDefinitions } from "../stores/definitions.ts";

/** In place of a section that names no store, which is told already. */
const UNNAMED: ClaimsSection = { store: "" };

/** As much of `claims:` as can be judged where its form may be wrong. */
export function storeNamedIn(claims: unknown): ClaimsSection {
  return namesStore(claims) ? claims : UNNAMED;
}

function namesStore(claims: unknown): claims is ClaimsSection {
  return isMap(claims) && typeof claims["store"] === "string";
}

/**
 * @param context absent where the rest of the configuration does not tell it
 * @returns the section as its store reads it, where it could be read
 */
export function loadClaims(
  claims: ClaimsSection,
  context: StoreContext | undefined,
  issues: ConfigIssue[],
): ClaimsSection | undefined {
  if (claims === UNNAMED) return undefined;
  const definition = storeDefinitions.find(({ store }) => store === claims.store);
  if (definition === undefined) {
    const known = storeDefinitions.map(({ store }) => store).join(", ");
    issues.push(configError(["claims", "store"], `no such claim store: there are ${known}`));
    return undefined;
  }
  const parsed = definition.config().safeParse(claims);
  if (!parsed.success) {
    issues.push(...schemaIssues(parsed.error, claims, ["claims"]));
    return undefined;
  }
  const found = context === undefined ? [] : (definition.check?.(parsed.data, context) ?? []);
  issues.push(...found.map((one) => ({ ...one, path: ["claims", ...one.path] })));
  return { ...claims, ...Object(parsed.data) };
}
