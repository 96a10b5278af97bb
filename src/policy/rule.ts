import type { BindingKind } from "../attestation.ts";
import type { SpiffeId } from "../spiffe/spiffe-id.ts";
import type { Grants } from "./grants.ts";
import type { Matcher } from "./matcher.ts";
import type { ResolvedPin } from "./pins.ts";
import type { ClaimRef, Template } from "./template.ts";

/** A rule that every static check has passed. */
export interface CompiledRule {
  /** Its place in the document: the first that matches wins. */
  readonly index: number;
  readonly name: string;
  readonly audit: boolean;
  /** Sorted by name. */
  readonly factors: readonly CompiledFactor[];
  readonly joins: readonly Join[];
  readonly template: Template;
  /** The whole result, where the template has no variable. */
  readonly fixedId?: SpiffeId;
  readonly sharedId: boolean;
  readonly grants: Grants;
  /** Seconds since the instance began. */
  readonly maxInstanceAge?: number;
}

export interface CompiledFactor {
  readonly name: string;
  /** The pin and what it implies included. */
  readonly matchers: readonly Matcher[];
  readonly pin?: ResolvedPin;
  /** The least binding that the rule takes. */
  readonly least: BindingKind;
  /** `replay: once`: whoever uses the evidence first owns it. */
  readonly once: boolean;
  /** Seconds after the instance began within which a first claim is taken; absent: at any age. */
  readonly firstClaimWithin?: number;
  /** How many keys may own one piece of evidence. */
  readonly keysPerToken: number;
  readonly knowsAge: boolean;
  /** Factors that name the same instance by a join: where one is bound to the key, this one needs no claim. */
  readonly sameInstance: readonly number[];
  /** Says something of what another factor attests: never claimed. */
  readonly statement?: true;
}

/** Two claims that must be there and equal. */
export interface Join {
  readonly left: ClaimRef;
  readonly right: ClaimRef;
}

const STRENGTH: Readonly<Record<BindingKind, number>> = { none: 0, audience: 1, key: 2 };

export function isAtLeast(actual: BindingKind, least: BindingKind): boolean {
  return STRENGTH[actual] >= STRENGTH[least];
}

/**
 * Whether evidence under this rule can need a claim store: a bearer document is believed only from its first user.
 * Decided from the least that the rule takes, so that no request can turn out to need a store that is not there.
 */
export function mayNeedClaim(rule: CompiledRule, factor: CompiledFactor): boolean {
  if (factor.statement === true) return false;
  if (factor.sameInstance.some((index) => rule.factors[index]?.least === "key")) return false;
  return factor.least === "none" || (factor.once && factor.least !== "key");
}
