import type { Peers } from "./peer.ts";

/** Characters of all documents of one answer. What is beyond them is to be had at `/bundles/…`. */
export const MAX_FEDERATED = 1024 * 1024;

/**
 * The members of an answer that speak of peers, as JSON text: `federated_bundles`, each document to the letter as it
 * is held, and `missing_bundles` where nothing is held of a peer that may be used, or there was no more room.
 * @param names of trust domains, in their order: nothing in them needs escaping
 */
export function answerMembers(
  peers: Pick<Peers, "peek">,
  names: readonly string[],
  now: number,
): string {
  const bundles: string[] = [];
  const missing: string[] = [];
  let room = MAX_FEDERATED;
  for (const name of names) {
    const document = peers.peek(name, now)?.document;
    if (document === undefined || document.length > room) missing.push(JSON.stringify(name));
    else {
      room -= document.length;
      bundles.push(`${JSON.stringify(name)}:${document}`);
    }
  }
  const absent = missing.length === 0 ? "" : `,"missing_bundles":[${missing.join(",")}]`;
  return `"federated_bundles":{${bundles.join(",")}}${absent}`;
}
