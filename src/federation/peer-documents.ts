import { serializeBundleMap, type Bundle } from "../encoding/bundle.ts";
import type { Platform } from "../platform/platform.ts";
import { cacheSeconds, sealDocument, type PublicDocument } from "../platform/public-document.ts";
import { answerMembers } from "./answer-members.ts";
import { hintOf } from "./pace.ts";
import type { HeldBundle, OwnDocuments, PeerDocuments, Peers } from "./peer.ts";

type Sealed = Pick<PublicDocument, "body" | "etag">;

export function peerDocuments(
  peers: Pick<Peers, "has" | "peek" | "states">,
  trustDomain: string,
  platform: Pick<Platform, "digest">,
): PeerDocuments {
  const sealed = new WeakMap<Bundle, Sealed>();
  let latest: { readonly of: readonly Bundle[]; readonly map: Sealed } | undefined;

  async function one({ bundle, document, ...held }: HeldBundle, now: number) {
    const known = sealed.get(bundle) ?? (await sealDocument(platform, document));
    sealed.set(bundle, known);
    return { ...known, maxAgeSeconds: freshFor({ bundle, ...held }, now) };
  }

  /** SPIFFE Trust Domain and Bundle §4.3: our own bundle, and those of peers that may be handed out. */
  async function map({ bundle, known }: OwnDocuments, now: number): Promise<PublicDocument> {
    const members = new Map([[trustDomain, known]]);
    let { maxAgeSeconds } = bundle;
    for (const { trustDomain: name } of peers.states(now)) {
      const held = peers.peek(name, now);
      if (held === undefined || name === trustDomain) continue;
      members.set(name, held.bundle);
      maxAgeSeconds = Math.min(maxAgeSeconds, freshFor(held, now));
    }
    const of = [...members.values()];
    if (latest?.of.length !== of.length || of.some((each, index) => latest?.of[index] !== each))
      latest = { of, map: await sealDocument(platform, serializeBundleMap(members)) };
    return { ...bundle, ...latest.map, maxAgeSeconds };
  }

  return {
    has: (tail) =>
      tail === "" ||
      (tail.startsWith("/") && (tail.slice(1) === trustDomain || peers.has(tail.slice(1)))),
    async find(tail, own, now) {
      if (tail === "") return map(own, now);
      const name = tail.slice(1);
      if (name === trustDomain) return own.bundle;
      const held = peers.peek(name, now);
      return held && one(held, now);
    },
    members: (names, now) => answerMembers(peers, names, now),
  };
}

/** No longer than it may be used, be it in a cache, and as often as we ask for it: not as seldom as any hint says. */
function freshFor(
  { bundle, heldSince, maxAge = Infinity }: Omit<HeldBundle, "document">,
  now: number,
): number {
  const left = Math.floor(heldSince + maxAge - now);
  return Math.max(0, Math.min(cacheSeconds(hintOf(bundle)), left));
}
