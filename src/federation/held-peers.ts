import type { Bundle } from "../encoding/bundle.ts";
import type { Awaitable } from "../result.ts";
import type { PeerBundle, RefreshOutcome } from "./peer-bundle.ts";
import { peerEvents, type PeerEvent } from "./peer-events.ts";
import type {
  HeldBundle,
  PeerDocuments,
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

/** At once, so that a thousand peers are no thousand connections. Evidence that waits for its peer comes on top. */
const MAX_RUNNING = 16;

/** What is at hand only once an issuer is opened. */
export interface PeersContext {
  /** Ours. */
  readonly trustDomain: string;
  /** Where bundles outlive this process. */
  readonly store?: SnapshotStore | undefined;
  readonly tell: (event: PeerEvent) => void;
  readonly count: (peer: string, outcome: "refreshed" | PeerErrorCode) => void;
  /** The store failed, or did not answer in time. */
  readonly storeFailed?: () => void;
}

/** What the sources of bundles ask, though they may outlive the configuration that they were made for. */
export interface Home {
  inForce?: HeldPeers;
}

/** @see Peers */
export class HeldPeers implements Peers {
  readonly #peers: ReadonlyMap<string, Peer>;
  readonly #sources: readonly PeerBundle[];
  readonly #home: Home;
  documents?: PeerDocuments;
  #snapshots: Snapshots | undefined;
  #storeFailed: () => void = () => undefined;
  #closed = false;
  #refreshed: (peer: string, outcome: RefreshOutcome) => void = () => undefined;

  constructor(peers: ReadonlyMap<string, Peer>, home: Home = {}) {
    this.#peers = peers;
    this.#sources = [...peers.values()].flatMap((peer) =>
      peer.profile === "pinned" ? [] : [peer.source],
    );
    this.#home = home;
    // Until another is bound, as none is where somebody only looks at a configuration: endpoints are known by these.
    home.inForce ??= this;
  }

  bind({ trustDomain, store, tell, count, storeFailed = () => undefined }: PeersContext): void {
    this.#home.inForce = this;
    this.#snapshots = store && snapshotsIn(store, trustDomain);
    this.#storeFailed = storeFailed;
    const event = peerEvents(tell);
    this.#refreshed = (peer, outcome) => {
      count(peer, outcome.error?.code ?? "refreshed");
      event(peer, outcome);
    };
  }

  get snapshots(): Snapshots | undefined {
    return this.#snapshots;
  }

  storeFailed(): void {
    this.#storeFailed();
  }

  refreshed(peer: string, outcome: RefreshOutcome): void {
    this.#refreshed(peer, outcome);
  }

  has(trustDomain: string): boolean {
    return this.#peers.has(trustDomain);
  }

  peek(trustDomain: string, now: number): HeldBundle | undefined {
    const peer = this.#peers.get(trustDomain);
    if (peer === undefined || peer.profile === "pinned") return peer?.pinned;
    const { source } = peer;
    if (source.isDue(now) && this.#free(now) > 0) void source.refresh(now);
    return source.usable(now);
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

  /** Of that peer alone, where that is due. */
  async refresh(trustDomain: string, now: number): Promise<void> {
    const peer = this.#peers.get(trustDomain);
    if (peer !== undefined && peer.profile !== "pinned") await peer.source.refresh(now);
  }

  states(now: number): readonly PeerState[] {
    return [...this.#peers]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([trustDomain, peer]) => stateOf(trustDomain, peer, now));
  }

  /**
   * Begins what is due, what waits longest first, as far as there is room; each that ends makes room for the next, so
   * that none waits for one that hangs. @returns when nothing is due any more that there is room for
   */
  async refreshAll(now: () => number): Promise<void> {
    const at = now();
    // A loop each, since where peers are always due it need not end: nothing may grow with it.
    const line = async (first: PeerBundle): Promise<void> => {
      let next: PeerBundle | undefined = first;
      let begun = first.refresh(at);
      while (next !== undefined) {
        await begun; // oxlint-disable-line no-await-in-loop -- one after another is what it is for
        [next] = this.#due(now());
        begun = next?.refresh(now());
      }
    };
    await Promise.all(this.#due(at).map(line));
  }

  #due(now: number): readonly PeerBundle[] {
    return this.#sources
      .filter((source) => source.isDue(now))
      .toSorted((a, b) => Number(a.dueAt > b.dueAt) - Number(a.dueAt < b.dueAt))
      .slice(0, this.#free(now));
  }

  /** Nothing is fetched any more; what is held stays. @returns when what was believed is written down */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.allSettled(this.#sources.map((source) => source.kept()));
  }

  #free(now: number): number {
    if (this.#closed) return 0;
    // Those that evidence waits for may be more.
    return Math.max(
      0,
      MAX_RUNNING - this.#sources.filter((source) => source.isRunning(now)).length,
    );
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
    ...(Number.isFinite(dueAt) && { nextRefreshAt: Math.ceil(dueAt) }),
    ...(error && { lastError: error }),
  };
}
