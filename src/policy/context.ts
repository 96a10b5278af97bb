import type { TrustDomain } from "../spiffe/trust-domain.ts";

/** What the policy has to know of the rest of the configuration. */
export interface PolicyContext {
  readonly trustDomain: TrustDomain;
  readonly issuer: string;
  /** Whether `claims:` names a store. */
  readonly claimStore: boolean;
  /** What is under `peers:`, by trust domain; undefined where that section is wrong: rules are not blamed for it. */
  readonly peers: ReadonlyMap<string, PeerFacts> | undefined;
  /** Evidence types whose section is wrong, and entries that are: rules that use them are not blamed for it. */
  readonly broken?: readonly string[];
}

export interface PeerFacts {
  /** Its issuer URL: what its tokens have to be for. */
  readonly audience?: string | undefined;
}

/** Whether a name is, or is an entry of, a type whose section is wrong. */
export function isBroken({ broken }: PolicyContext, name: string): boolean {
  return broken?.some((type) => name === type || name.startsWith(`${type}.`)) === true;
}
