import { decodeBase64, encodeBase64 } from "../encoding/base64.ts";
import { utf8Encode } from "../encoding/bytes.ts";
import { parseJsonObject } from "../encoding/json.ts";

/** What of a peer outlives this process. */
interface StoredBundle {
  /** Of the endpoint that it came from: that of another says nothing of this one. */
  readonly url: string;
  /** Unix seconds. */
  readonly heldSince: number;
  readonly document: string;
}

/** Where bundles are kept beyond the life of an instance; none of it throws. */
export interface Snapshots {
  read(
    peer: string,
  ): Promise<
    { readonly url: string; readonly heldSince: number; readonly bytes: Uint8Array } | undefined
  >;
  write(peer: string, bundle: StoredBundle): Promise<void>;
  /** Unix seconds at which an operator last said that the peer may start anew. */
  resetAt(peer: string): Promise<number | undefined>;
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
export function snapshotsIn(
  store: SnapshotStore,
  trustDomain: string,
  fault: (error: unknown) => void = () => undefined,
): Snapshots {
  const record = async (peer: string) => {
    try {
      const bytes = await store.get(snapshotName(trustDomain, peer));
      const parsed = bytes && parseJsonObject(bytes);
      return parsed?.ok === true && parsed.value["svidmint_peer"] === VERSION
        ? parsed.value
        : undefined;
    } catch (error) {
      fault(error);
      return undefined;
    }
  };
  return {
    async read(peer) {
      const { url, held_since: heldSince, document } = (await record(peer)) ?? {};
      if (typeof url !== "string" || typeof document !== "string") return undefined;
      const bytes = decodeBase64(document);
      if (typeof heldSince !== "number" || !bytes.ok) return undefined;
      return { url, heldSince, bytes: bytes.value };
    },
    async write(peer, { url, heldSince, document }) {
      try {
        const text = JSON.stringify({
          svidmint_peer: VERSION,
          url,
          held_since: heldSince,
          document: encodeBase64(utf8Encode(document)),
        });
        await store.put(snapshotName(trustDomain, peer), utf8Encode(text));
      } catch (error) {
        fault(error);
      }
    },
    async resetAt(peer) {
      const at = (await record(peer))?.["reset_at"];
      return typeof at === "number" ? at : undefined;
    },
  };
}

/**
 * An operator's word that a peer starts anew: what was last believed of it is no longer the least that is believed of
 * it from now on. Running instances ask for it when they next refuse the peer as rolled back.
 * @param at Unix seconds. @throws what the store throws
 */
export async function resetPeer(
  store: Pick<SnapshotStore, "put">,
  trustDomain: string,
  peer: string,
  at: number,
): Promise<void> {
  const text = JSON.stringify({ svidmint_peer: VERSION, reset_at: at });
  await store.put(snapshotName(trustDomain, peer), utf8Encode(text));
}
