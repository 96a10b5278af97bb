import { utf8Encode } from "../../../src/encoding/bytes.ts";
import type { FetchBundle, HeldBundle } from "../../../src/federation/peer.ts";
import { PeerBundle, type RefreshOutcome } from "../../../src/federation/peer-bundle.ts";
import { snapshotsIn, type SnapshotStore } from "../../../src/federation/snapshots.ts";
import { tokenKey } from "../../fakes/token-issuer.ts";

export const NOW = 1_800_000_000;
export const URL_OF_PEER = "https://peer.example/bundle";

const { jwk } = await tokenKey("ES256", "k");

/** A bundle whose JWT keys have these ids. */
export function documentOf({
  sequence,
  hint,
  kids = ["a"],
}: { sequence?: bigint | number; hint?: number; kids?: string[] } = {}): string {
  const { alg: _, ...key } = jwk;
  const keys = JSON.stringify(kids.map((kid) => ({ ...key, kid, use: "jwt-svid" })));
  const more =
    (sequence === undefined ? "" : `,"spiffe_sequence":${sequence}`) +
    (hint === undefined ? "" : `,"spiffe_refresh_hint":${hint}`);
  return `{"keys":${keys}${more}}`;
}

type Answer = Awaited<ReturnType<FetchBundle>>;

/** One peer whose answers, clock and dice belong to the test. */
export interface PeerWorld {
  now: number;
  /** What the endpoint answers; "hang": nothing, ever. */
  answer: Answer | "hang" | (() => Promise<Answer>);
  /** What was asked, ETag or "-". */
  readonly asked: string[];
  readonly outcomes: RefreshOutcome[];
  storeFailures: number;
  readonly peer: PeerBundle;
  serve(document: string, etag?: string): void;
  /** Refreshes if due. @returns the code of the outcome, "refreshed", or "-" where none was due */
  refresh(): Promise<string>;
  kids(): string[] | undefined;
}

export function peerWorld({
  store,
  initial,
  minSequence,
  maxAge = 86_400,
  dice = 0,
}: {
  store?: SnapshotStore | undefined;
  initial?: HeldBundle;
  minSequence?: number;
  maxAge?: number;
  dice?: number;
} = {}): PeerWorld {
  const snapshots = store && snapshotsIn(store, "prod.example");
  const world: PeerWorld = {
    now: NOW,
    answer: served(documentOf()),
    asked: [],
    outcomes: [],
    storeFailures: 0,
    serve(document, etag) {
      world.answer = served(document, etag);
    },
    async refresh() {
      const before = world.outcomes.length;
      const refresh = world.peer.refresh(world.now);
      if (refresh === undefined) return "-";
      await refresh;
      const outcome = world.outcomes[before];
      return outcome === undefined ? "nothing" : (outcome.error?.code ?? "refreshed");
    },
    kids: () => world.peer.usable(world.now)?.bundle.jwtAuthorities.map(({ kid }) => kid),
    peer: new PeerBundle({
      trustDomain: "peer.example",
      url: URL_OF_PEER,
      initial,
      minSequence,
      maxAge,
      platform: { random: (length) => new Uint8Array(length).fill(dice) },
      fetchBundle: ({ etag = "-" }) => {
        world.asked.push(etag);
        const { answer } = world;
        if (answer === "hang") return new Promise<never>(() => undefined);
        return typeof answer === "function" ? answer() : Promise.resolve(answer);
      },
      snapshots: () => snapshots,
      refreshed: (outcome) => void world.outcomes.push(outcome),
      storeFailed: () => void world.storeFailures++,
    }),
  };
  return world;
}

export function served(document: string, etag?: string): Answer {
  const bytes = utf8Encode(document);
  return { ok: true, value: { status: 200, bytes, ...(etag !== undefined && { etag }) } };
}

export const UNCHANGED: Answer = { ok: true, value: { status: 304 } };
export const DOWN: Answer = { ok: false, error: { code: "network" } };

/** A store of snapshots. */
export function memory(): SnapshotStore & { readonly held: Map<string, Uint8Array>; puts: number } {
  const held = new Map<string, Uint8Array>();
  const store = {
    held,
    puts: 0,
    get: async (name: string) => held.get(name),
    async put(name: string, value: Uint8Array) {
      store.puts++;
      held.set(name, value);
    },
  };
  return store;
}

/** What another instance, or an earlier life of this one, has left behind. */
export async function stored(document: string, store = memory()) {
  const world = peerWorld({ store });
  world.serve(document);
  if ((await world.refresh()) !== "refreshed") throw new Error("not stored");
  return store;
}
