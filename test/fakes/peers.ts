import { serializeBundle, type Bundle } from "../../src/encoding/bundle.ts";
import { peerDocuments } from "../../src/federation/peer-documents.ts";
import type { HeldBundle, Peers, PeerState } from "../../src/federation/peer.ts";
import type { Platform } from "../../src/platform/platform.ts";
import type { PeerFacts } from "../../src/policy/context.ts";

type Bundles = ReadonlyMap<string, Bundle | undefined>;

/** Peers whose bundles are what the map holds at the moment; undefined of one of which nothing is held. */
export function peersOf(bundles: Bundles): Peers {
  const held = new WeakMap<Bundle, HeldBundle>();
  const peek = (name: string, now: number): HeldBundle | undefined => {
    const bundle = bundles.get(name);
    if (bundle === undefined) return undefined;
    const known = held.get(bundle) ?? {
      bundle,
      document: serializeBundle(bundle),
      heldSince: now,
      source: "configured",
    };
    held.set(bundle, known);
    return known;
  };
  const states = (now: number): PeerState[] =>
    [...bundles.keys()].toSorted().map((trustDomain) => {
      const one = peek(trustDomain, now);
      const state = { trustDomain, profile: "pinned", usable: one !== undefined } as const;
      return one === undefined ? state : { ...state, held: one };
    });
  return { has: (name) => bundles.has(name), peek, find: peek, states };
}

/** The same, handed out as an issuer does; of no map at all there is nothing to hand out. */
export function publishedPeers(
  bundles: Bundles | undefined,
  trustDomain: string,
  platform: Platform,
): Peers {
  const peers = peersOf(bundles ?? new Map());
  return bundles === undefined
    ? peers
    : { ...peers, documents: peerDocuments(peers, trustDomain, platform) };
}

/** What rules may say of them: each has an audience. */
export function factsOf(bundles: Bundles = new Map()): ReadonlyMap<string, PeerFacts> {
  return new Map([...bundles.keys()].map((name) => [name, { audience: `https://id.${name}` }]));
}
