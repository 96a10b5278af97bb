import type { TrustDomain } from "../spiffe/trust-domain.ts";
import type { CompiledDeny } from "./deny.ts";
import type { CompiledRule } from "./rule.ts";
import type { RuleIndex } from "./rule-index.ts";

/** Immutable; a request keeps nothing in it. */
export interface CompiledPolicy {
  readonly trustDomain: TrustDomain;
  /** In the order of the document. */
  readonly rules: readonly CompiledRule[];
  /** By `groupKey` of the evidence that the rules name. */
  readonly groups: ReadonlyMap<string, RuleGroup>;
  readonly deny: CompiledDeny;
  /** Seconds, the longest that any rule gives; 0 where none does. Audit rules count: they may be switched on. */
  readonly longestTtl: { readonly x509: number; readonly jwt: number; readonly wit: number };
  readonly needsClaimStore: boolean;
}

export interface RuleGroup {
  readonly enforce: RuleIndex;
  readonly audit: RuleIndex | undefined;
}

/** Rules are tried only against exactly the pieces of evidence that they name. @param parts sorted by name */
export function groupKey(parts: readonly { readonly name: string }[]): string {
  const [first] = parts;
  // No name holds a line end.
  return parts.length === 1 && first !== undefined
    ? first.name
    : parts.map(({ name }) => name).join("\n");
}
