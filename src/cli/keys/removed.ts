import { spkiOf } from "../../encoding/public-key.ts";
import { toHex } from "../../encoding/bytes.ts";
import type { Bundle } from "../../encoding/bundle.ts";
import { readPublicFiles } from "../../signer/key-material.ts";
import { allKeys, type LoadedKeys } from "./load.ts";
import type { Bundles } from "./compare.ts";
import { publishedKeys } from "./published.ts";

/**
 * Whether entries that are past their `removed_at` account for every key that a live bundle has and the computed one
 * has not. An entry whose files are gone may be any key.
 */
export async function explainsAbsence(
  live: Bundles,
  computed: Required<Bundles>,
  { keys, timelines, read }: LoadedKeys,
  now: number,
): Promise<boolean> {
  const kept = keysOf(computed["/bundle/wit"].bundle);
  const gone = new Set(
    Object.values(live)
      .flatMap(({ bundle }) => [...keysOf(bundle)])
      .filter((key) => !kept.has(key)),
  );
  let unknown = 0;
  for (const { use, index, entry } of allKeys(keys)) {
    if ((timelines[use][index]?.removedAt ?? Infinity) > now) continue;
    // oxlint-disable-next-line no-await-in-loop -- a handful, once
    const { publicKey, certificate } = await readPublicFiles(entry, read, () => undefined);
    const info = certificate?.info ?? publicKey;
    if (info === undefined) unknown++;
    else gone.delete(toHex(spkiOf(info)));
  }
  return gone.size <= unknown;
}

function keysOf(bundle: Bundle): ReadonlySet<string> {
  return new Set(publishedKeys(bundle).map(toHex));
}
