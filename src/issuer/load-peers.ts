import type { Bundles } from "../attestors/attestor.ts";
import type { ConfigIssue, ReadResource } from "../config-issue.ts";
import type { HeldPeers } from "../federation/held-peers.ts";
import { offlinePeers } from "../federation/offline.ts";
import type { OpenPeers } from "../federation/open-peers.ts";
import { peersSchema, type PeersConfig } from "../federation/peers-schema.ts";
import type { Keep } from "../kept.ts";
import type { Platform } from "../platform/platform.ts";
import { isMap } from "../policy/schema-issues.ts";
import type { TrustDomain } from "../spiffe/trust-domain.ts";
import { soundPart, wholeOf } from "./sound-part.ts";

interface PeersDeps {
  readonly platform: Platform;
  readonly read: ReadResource;
  readonly openPeers?: OpenPeers;
  readonly keep?: Keep;
}

const STAND_INS = { "*": { url: "https://peer.invalid/bundle", profile: "https_web" } };

/**
 * The peers of a configuration. What is wrong with one does not hide what is wrong with another.
 * @param config undefined where the form of the section is wrong
 * @param written the section as it stands
 */
export async function loadPeers(
  config: PeersConfig | undefined,
  written: unknown,
  trustDomain: TrustDomain,
  { openPeers = offlinePeers, platform, read, keep }: PeersDeps,
  issues: ConfigIssue[],
): Promise<HeldPeers> {
  const part = config === undefined ? soundPart(peersSchema, written, STAND_INS) : wholeOf(config);
  return openPeers(part?.value ?? {}, {
    trustDomain,
    platform,
    read,
    ...(keep && { keep }),
    report(issue) {
      const place = part?.placeOf(issue.path);
      if (place !== undefined) issues.push({ ...issue, path: ["peers", ...place] });
    },
  });
}

/** Evidence is not to be blamed for a peer that cannot be opened, which is told of under its own name. */
export function bundlesNamed(written: unknown, bundles: Bundles): Bundles {
  return {
    has: (name) => bundles.has(name) || (isMap(written) && Object.hasOwn(written, name)),
    find: (name, now) => bundles.find(name, now),
  };
}
