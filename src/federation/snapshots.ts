import { decodeBase64, encodeBase64 } from "../encoding/base64.ts";
import { utf8Encode } from "../encoding/bytes.ts";
import { parseJsonObject, type JsonObject } from "../encoding/json.ts";

/** What of a peer outlives this process. */
interface StoredBundle {
  /** Of the endpoint that it came from: that of another says nothing of this one. */
  readonly url: string;
  /** Unix seconds at which the peer last said so. */
  readonly heldSince: number;
  readonly bytes: Uint8Array;
}

export interface PeerRecord {
  readonly stored?: StoredBundle;
  /** Unix seconds at which an operator last said that the peer may start anew. */
  readonly resetAt?: number;
}

/** Where bundles are kept beyond the life of an instance. All of it rejects as the store does. */
export interface Snapshots {
  /** What cannot be read as one of ours is as if it were not there. */
  read(peer: string): Promise<PeerRecord>;
  /** Leaves an operator's word standing: other instances are still to hear it. */
  write(peer: string, bundle: StoredBundle): Promise<void>;
}

/** The part of a claim store, of a cache or of a folder that it takes. */
export interface SnapshotStore {
  get(name: string): Promise<Uint8Array | undefined>;
  put(name: string, value: Uint8Array): Promise<void>;
}

const VERSION = 1;

function snapshotName(trustDomain: string, peer: string): string {
  return `peer:${trustDomain}:${peer}`;
}

/** @param trustDomain ours: another's in the same store has its own */
export function snapshotsIn(store: SnapshotStore, trustDomain: string): Snapshots {
  const read = async (peer: string): Promise<PeerRecord> => {
    const bytes = await store.get(snapshotName(trustDomain, peer));
    const parsed = bytes && parseJsonObject(bytes);
    return parsed?.ok === true && parsed.value["svidmint_peer"] === VERSION
      ? recordOf(parsed.value)
      : {};
  };
  return {
    read,
    async write(peer, { url, heldSince, bytes }) {
      const { resetAt } = await read(peer);
      const document = encodeBase64(bytes);
      const record = { url, held_since: heldSince, document, reset_at: resetAt };
      await store.put(snapshotName(trustDomain, peer), encoded(record));
    },
  };
}

/**
 * An operator's word that a peer starts anew: what was last believed of it is no longer the least that is believed of
 * it from now on. Running instances ask for it when they next refuse the peer as rolled back.
 * @param at Unix seconds. @throws what the store throws
 */
export function resetPeer(
  store: Pick<SnapshotStore, "put">,
  trustDomain: string,
  peer: string,
  at: number,
): Promise<void> {
  return store.put(snapshotName(trustDomain, peer), encoded({ reset_at: at }));
}

function encoded(members: object): Uint8Array {
  return utf8Encode(JSON.stringify({ svidmint_peer: VERSION, ...members }));
}

function recordOf({ url, held_since, document, reset_at }: JsonObject): PeerRecord {
  const bytes = typeof document === "string" ? decodeBase64(document) : undefined;
  return {
    ...(typeof url === "string" &&
      typeof held_since === "number" &&
      bytes?.ok === true && { stored: { url, heldSince: held_since, bytes: bytes.value } }),
    ...(typeof reset_at === "number" && { resetAt: reset_at }),
  };
}
