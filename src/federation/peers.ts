import { ConfigError, type ConfigIssue, type ReadResource } from "../config-issue.ts";
import { parseBundle, type Bundle } from "../encoding/bundle.ts";
import { isTrustDomain } from "../spiffe/trust-domain.ts";
import type { PeersConfig } from "./peers-schema.ts";

export interface ReadPeersDeps {
  /** Ours, which is nobody's peer. */
  readonly trustDomain: string;
  readonly read: ReadResource;
  /** Paths begin with the peer's name. */
  readonly report: (issue: ConfigIssue) => void;
}

/**
 * The bundles that `peers:` pins, each under the trust domain that the configuration gives it: two are never merged,
 * and nothing in a bundle can say whose it is.
 */
export async function readPeers(
  peers: PeersConfig,
  { trustDomain, read, report }: ReadPeersDeps,
): Promise<ReadonlyMap<string, Bundle>> {
  const bundles = new Map<string, Bundle>();
  for (const [name, peer] of Object.entries(peers)) {
    const say = (path: ConfigIssue["path"], message: string, severity: ConfigIssue["severity"]) =>
      report({ path: [name, ...path], message, severity });
    if (!isTrustDomain(name))
      say([], "is not a trust domain: expected a-z, 0-9, dot, hyphen and underscore", "error");
    else if (name === trustDomain) say([], "is this trust domain itself, not a peer", "error");
    const bundle = await readBundle(peer.bundle, read); // oxlint-disable-line no-await-in-loop -- a handful, once
    if (typeof bundle === "string") {
      say(["bundle"], bundle, "error");
      continue;
    }
    if (isEmpty(bundle))
      say(["bundle"], "has no keys: nothing of this peer is believed", "warning");
    bundles.set(name, bundle);
  }
  return bundles;
}

/** @returns what is wrong with it, where it is no bundle */
async function readBundle(reference: string, read: ReadResource): Promise<Bundle | string> {
  try {
    const bundle = parseBundle(await read(reference));
    if (bundle.ok) return bundle.value;
    return `is no SPIFFE bundle: ${bundle.error.detail ?? bundle.error.reason}`;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.issues.map(({ message }) => message).join("; ");
  }
}

function isEmpty({ x509Authorities, jwtAuthorities, witAuthorities }: Bundle): boolean {
  return x509Authorities.length + jwtAuthorities.length + witAuthorities.length === 0;
}
