import type { Bundles } from "../attestors/attestor.ts";
import type { Bundle } from "../encoding/bundle.ts";
import type { Peers } from "../federation/peer.ts";
import type { Awaitable } from "../result.ts";
import type { KeySet, PublishedKeys } from "../signer/key-set.ts";
import type { KnownBundle } from "../svid/bundle-verifier.ts";

/** What the trust domain's own SVIDs are verified with at some moment: all of its keys. */
export function ownBundle({ x509, jwt, wit, witSequence, refreshHint }: PublishedKeys): Bundle {
  return {
    x509Authorities: x509,
    jwtAuthorities: jwt,
    witAuthorities: wit,
    sequence: BigInt(witSequence),
    refreshHint,
  };
}

/** The bundles that one configuration holds: those of its peers, and its own once its keys are read. */
export class HeldBundles implements Bundles {
  readonly #trustDomain: string;
  readonly #peers: Peers;
  #keys: Pick<KeySet, "published"> | undefined;
  #own: { readonly of: PublishedKeys; readonly bundle: Bundle } | undefined;

  constructor(trustDomain: string, peers: Peers) {
    this.#trustDomain = trustDomain;
    this.#peers = peers;
  }

  /** Attestors are made before the keys are read, so that what is wrong with either is told without the other. */
  bindOwn(keys: Pick<KeySet, "published">): void {
    this.#keys = keys;
  }

  has(trustDomain: string): boolean {
    return trustDomain === this.#trustDomain || this.#peers.has(trustDomain);
  }

  find(trustDomain: string, now: number): Awaitable<KnownBundle | undefined> {
    if (trustDomain !== this.#trustDomain) return this.#peers.find(trustDomain, now);
    const published = this.#keys?.published(now);
    if (published === undefined) return undefined;
    // The same object until a key comes or goes, as the published keys are: what is made of it can be kept.
    if (this.#own?.of !== published) this.#own = { of: published, bundle: ownBundle(published) };
    return this.#own;
  }
}
