import type { SnapshotStore } from "../snapshots.ts";

/** Nobody's host: what is kept under it is no answer of any site. */
const BASE = "https://peers.svidmint.invalid/";
const SECONDS = 30 * 86_400;

/**
 * Peers' bundles in the data centre's cache (Cache API), for a Worker without a claim store. It may forget at any time,
 * each data centre has its own, and on `workers.dev` it keeps nothing.
 */
export const cacheStore: SnapshotStore = {
  async get(name) {
    const kept = await caches.default.match(urlOf(name));
    return kept && new Uint8Array(await kept.arrayBuffer());
  },
  async put(name, value) {
    const headers = { "cache-control": `max-age=${SECONDS}` };
    await caches.default.put(urlOf(name), new Response(value, { headers }));
  },
};

function urlOf(name: string): string {
  return BASE + encodeURIComponent(name);
}
