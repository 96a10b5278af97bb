import type { PeerError, PeerErrorCode } from "./peer.ts";

/** What is written down of a peer: when its refreshes begin to fail, fail otherwise, or go well again. */
export interface PeerEvent {
  readonly event: "peer";
  readonly peer: string;
  readonly result: "refreshed" | "failed";
  readonly reason?: PeerErrorCode;
  readonly detail?: string;
  /** Somebody should look: what failed is what an attack would look like. */
  readonly alarm?: true;
}

/** No fault of a network or a server. */
const SUSPICIOUS: ReadonlySet<PeerErrorCode> = new Set([
  "address",
  "redirect",
  "endpoint_identity",
  "foreign",
  "rolled_back",
]);

/** @returns what is told of each outcome to `tell`, once a change */
export function peerEvents(
  tell: (event: PeerEvent) => void,
): (peer: string, outcome: PeerError | undefined) => void {
  const latest = new Map<string, PeerErrorCode | undefined>();
  return (peer, outcome) => {
    const known = latest.has(peer);
    if (known ? latest.get(peer) === outcome?.code : outcome === undefined) {
      latest.set(peer, outcome?.code);
      return;
    }
    latest.set(peer, outcome?.code);
    if (outcome === undefined) return tell({ event: "peer", peer, result: "refreshed" });
    const { code, detail } = outcome;
    tell({
      event: "peer",
      peer,
      result: "failed",
      reason: code,
      ...(detail !== undefined && { detail }),
      ...(SUSPICIOUS.has(code) && { alarm: true }),
    });
  };
}
