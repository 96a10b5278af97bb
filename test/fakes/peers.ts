import { serializeBundle, type Bundle } from "../../src/encoding/bundle.ts";
import type { HeldBundle, Peers, PeerState } from "../../src/federation/peer.ts";

/** Peers whose bundles are what the map holds at the moment; undefined of one of which nothing is held. */
export function peersOf(bundles: ReadonlyMap<string, Bundle | undefined>): Peers {
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
