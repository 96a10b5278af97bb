import type { PeerError, PeerErrorCode } from "./peer.ts";
import type { RefreshOutcome } from "./peer-bundle.ts";

/**
 * What is written down of a peer, once a change: `changed`, other keys, sequence or hint are believed from now on;
 * `failed`, refreshes begin to fail, or fail otherwise; `given_up`, what is held is too old to be used;
 * `refreshed`, it goes well again.
 */
export interface PeerEvent {
  readonly event: "peer";
  readonly peer: string;
  readonly result: "changed" | "refreshed" | "failed" | "given_up";
  /** In decimal: 64 bits and more. */
  readonly sequence?: string;
  readonly source?: "fetched" | "stored" | "configured";
  readonly reason?: PeerErrorCode;
  readonly detail?: string;
  /** Somebody should look: what failed is what an attack would look like, or the peer's workloads are refused now. */
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

/** @returns what tells `tell` of each outcome */
export function peerEvents(
  tell: (event: PeerEvent) => void,
): (peer: string, outcome: RefreshOutcome) => void {
  const latest = new Map<string, { readonly code?: PeerErrorCode; readonly usable: boolean }>();
  return (peer, { error, held, changed, usable }) => {
    const before = latest.get(peer);
    latest.set(peer, { ...(error && { code: error.code }), usable });
    if (changed && held !== undefined) {
      const { sequence } = held.bundle;
      const { source } = held;
      tell({
        event: "peer",
        peer,
        result: "changed",
        ...(sequence !== undefined && { sequence: String(sequence) }),
        source,
      });
    }
    if (before !== undefined && before.code !== undefined && error === undefined)
      tell({ event: "peer", peer, result: "refreshed" });
    if (error === undefined) return;
    if (before?.code !== error.code) tell(failed(peer, error));
    if (held !== undefined && !usable && before?.usable !== false)
      tell({ event: "peer", peer, result: "given_up", reason: error.code, alarm: true });
  };
}

function failed(peer: string, { code, detail }: PeerError): PeerEvent {
  return {
    event: "peer",
    peer,
    result: "failed",
    reason: code,
    ...(detail !== undefined && { detail }),
    ...(SUSPICIOUS.has(code) && { alarm: true }),
  };
}
