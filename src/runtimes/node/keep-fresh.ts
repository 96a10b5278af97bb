import type { HeldPeers } from "../../federation/held-peers.ts";

const EVERY_MS = 1000;

/**
 * Looks once a second whether a peer's bundle is due, so that none waits for a request to ask for it. Holds no process
 * open. @returns what ends it
 */
export function keepFresh(peers: HeldPeers, now: () => number): () => void {
  let running = false;
  const look = async (): Promise<void> => {
    if (running) return;
    running = true;
    try {
      await peers.refreshAll(now);
    } finally {
      running = false;
    }
  };
  void look();
  const timer = setInterval(() => void look(), EVERY_MS);
  timer.unref();
  return () => clearInterval(timer);
}
