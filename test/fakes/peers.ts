import { serializeBundle, type Bundle } from "../../src/encoding/bundle.ts";
import type { HeldBundle, Peers } from "../../src/federation/peer.ts";

/** Peers whose bundles are what the map holds at the moment. */
export function peersOf(bundles: ReadonlyMap<string, Bundle>): Peers {
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
  return { has: (name) => bundles.has(name), peek, find: peek, states: () => [] };
}
