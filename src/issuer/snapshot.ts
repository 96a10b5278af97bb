import type { Attestor } from "../attestors/attestor.ts";
import type { Peers } from "../federation/peer.ts";
import type { Platform } from "../platform/platform.ts";
import type { CompiledPolicy } from "../policy/policy.ts";
import type { Awaitable } from "../result.ts";
import type { KeySet } from "../signer/key-set.ts";
import type { ClaimStore } from "../stores/claim-store.ts";
import type { PublicDocuments } from "./documents.ts";

/** Configuration and keys as one request sees them, from its first check to its signature: immutable. */
export interface Snapshot {
  readonly platform: Platform;
  readonly trustDomain: string;
  /** The issuer URL: `iss` of JWT-SVIDs, base of audiences. */
  readonly issuer: string;
  /** `<issuer>/v1/svids`: what a DPoP proof names. */
  readonly endpoint: string;
  readonly attestors: ReadonlyMap<string, Attestor>;
  readonly policy: CompiledPolicy;
  readonly keys: KeySet;
  readonly peers: Peers;
  /** @param now Unix seconds */
  readonly documents: (now: number) => Awaitable<PublicDocuments>;
  /** Where first use is decided; absent where no rule can need it. */
  readonly store?: ClaimStore;
}
