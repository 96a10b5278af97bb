import type { HeldPeers } from "../../federation/held-peers.ts";

const EVERY_MS = 1000;

/**
 * Looks once a second whether a peer's bundle is due, so that none waits for a request to ask for it. Holds no process
 * open. @returns what ends it, once what was believed is written down
 */
export function keepFresh(peers: HeldPeers, now: () => number): () => Promise<void> {
  // Looks may overlap: each begins only what has room, and one that hangs must not end the looking.
  const look = (): void => void peers.refreshAll(now);
  look();
  const timer = setInterval(look, EVERY_MS);
  timer.unref();
  return () => {
    clearInterval(timer);
    return peers.close();
  };
}
