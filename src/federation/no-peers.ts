import type { Peers } from "./peer.ts";

/** Of a configuration without `peers:`. */
export const NO_PEERS: Peers = {
  has: () => false,
  peek: () => undefined,
  find: () => undefined,
  states: () => [],
};
