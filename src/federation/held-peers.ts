import type { Bundle } from "../encoding/bundle.ts";
import type { Awaitable } from "../result.ts";
import type { PeerBundle } from "./peer-bundle.ts";
import { peerEvents, type PeerEvent } from "./peer-events.ts";
import type {
  HeldBundle,
  PeerDocuments,
  PeerError,
  PeerErrorCode,
  PeerProfile,
  Peers,
  PeerState,
} from "./peer.ts";
import { snapshotsIn, type Snapshots, type SnapshotStore } from "./snapshots.ts";

export type Peer =
  | { readonly profile: "pinned"; readonly pinned: HeldBundle }
  | {
      readonly profile: Exclude<PeerProfile, "pinned">;
      readonly url: string;
      readonly source: PeerBundle;
    };

/** At once, so that a thousand peers are no thousand connections. */
const MAX_RUNNING = 16;

/** What is at hand only once an issuer is opened. */
export interface PeersContext {
  /** Ours. */
  readonly trustDomain: string;
  /** Where bundles outlive this process. */
  readonly store?: SnapshotStore | undefined;
  readonly tell: (event: PeerEvent) => void;
  readonly count: (peer: string, outcome: "refreshed" | PeerErrorCode) => void;
}

/** What the sources of bundles ask, though they may outlive the configuration that they were made for. */
export interface Home {
  inForce?: HeldPeers;
}

/** @see Peers */
export class HeldPeers implements Peers {
  readonly #peers: ReadonlyMap<string, Peer>;
  readonly #home: Home;
  documents?: PeerDocuments;
  #snapshots: Snapshots | undefined;
  #refreshed: (peer: string, outcome: PeerError | undefined) => void = () => undefined;

  constructor(peers: ReadonlyMap<string, Peer>, home: Home = {}) {
    this.#peers = peers;
    this.#home = home;
  }

  bind({ trustDomain, store, tell, count }: PeersContext): void {
    this.#home.inForce = this;
    this.#snapshots = store && snapshotsIn(store, trustDomain);
    const event = peerEvents(tell);
    this.#refreshed = (peer, outcome) => {
      count(peer, outcome?.code ?? "refreshed");
      event(peer, outcome);
    };
  }

  get snapshots(): Snapshots | undefined {
    return this.#snapshots;
  }

  refreshed(peer: string, outcome: PeerError | undefined): void {
    this.#refreshed(peer, outcome);
  }

  has(trustDomain: string): boolean {
    return this.#peers.has(trustDomain);
  }

  peek(trustDomain: string, now: number): HeldBundle | undefined {
    const peer = this.#peers.get(trustDomain);
    if (peer === undefined || peer.profile === "pinned") return peer?.pinned;
    void peer.source.refresh(now);
    return peer.source.usable(now);
  }

  find(trustDomain: string, now: number): Awaitable<HeldBundle | undefined> {
    const peer = this.#peers.get(trustDomain);
    if (peer === undefined || peer.profile === "pinned") return peer?.pinned;
    return peer.source.find(now);
  }

  /**
   * What an endpoint of that trust domain shows itself with is verified by the latest that is held, be it too old for
   * anything else: else a peer that was away for long could never come back. Waits where nothing is held yet.
   */
  async latest(trustDomain: string, now: number): Promise<Bundle | undefined> {
    const peer = this.#peers.get(trustDomain);
    if (peer === undefined || peer.profile === "pinned") return peer?.pinned.bundle;
    void peer.source.refresh(now);
    return (peer.source.held ?? (await peer.source.find(now)))?.bundle;
  }

  states(now: number): readonly PeerState[] {
    return [...this.#peers]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([trustDomain, peer]) => stateOf(trustDomain, peer, now));
  }

  /** Begins what is due, a few at a time. @returns when all of them have ended */
  async refreshAll(now: () => number): Promise<void> {
    const waiting = [...this.#peers.values()];
    const worker = async (): Promise<void> => {
      for (let peer = waiting.pop(); peer !== undefined; peer = waiting.pop())
        if (peer.profile !== "pinned") await peer.source.refresh(now()); // oxlint-disable-line no-await-in-loop -- one after another
    };
    await Promise.all(Array.from({ length: MAX_RUNNING }, worker));
  }
}

function stateOf(trustDomain: string, peer: Peer, now: number): PeerState {
  if (peer.profile === "pinned")
    return { trustDomain, profile: "pinned", held: peer.pinned, usable: true };
  const { held, error, dueAt } = peer.source;
  return {
    trustDomain,
    profile: peer.profile,
    url: peer.url,
    ...(held && { held, ageSeconds: Math.max(0, now - held.heldSince) }),
    usable: peer.source.usable(now) !== undefined,
    ...(dueAt > 0 && { nextRefreshAt: Math.ceil(dueAt) }),
    ...(error && { lastError: error }),
  };
}
