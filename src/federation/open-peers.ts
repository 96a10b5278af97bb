import { ConfigError, type ConfigIssue, type ReadResource } from "../config-issue.ts";
import type { Bundle } from "../encoding/bundle.ts";
import type { Keep } from "../kept.ts";
import type { Platform } from "../platform/platform.ts";
import type { Awaitable } from "../result.ts";
import { parseSpiffeId } from "../spiffe/spiffe-id.ts";
import { isTrustDomain } from "../spiffe/trust-domain.ts";
import { believe } from "./believe.ts";
import { PeerBundle, type PeerBundleOptions } from "./peer-bundle.ts";
import { HeldPeers, type Home, type Peer } from "./held-peers.ts";
import { peerDocuments } from "./peer-documents.ts";
import type { FetchBundle, HeldBundle } from "./peer.ts";
import type { PeerConfig, PeersConfig } from "./peers-schema.ts";

/** What fetches bundles: of each profile, for one peer. A runtime lists the profiles that it has. */
export type Endpoints = Readonly<
  Partial<
    Record<"https_web" | "https_spiffe", (peer: EndpointConfig, platform: Platform) => FetchBundle>
  >
>;

export interface EndpointConfig {
  readonly url: string;
  readonly allowPrivate: boolean;
  /** Profile `https_spiffe`: whom the endpoint has to be … */
  readonly endpointId?: string | undefined;
  /** … and the latest bundle held of that trust domain: what the endpoint's certificate is verified with. */
  readonly endpointBundle?: (trustDomain: string, now: number) => Awaitable<Bundle | undefined>;
}

interface OpenPeersDeps {
  /** Ours, which is nobody's peer. */
  readonly trustDomain: string;
  readonly platform: Platform;
  readonly read: ReadResource;
  /** For what was fetched; absent where configurations do not follow one upon another. */
  readonly keep?: Keep | undefined;
  /** Paths begin with the peer's name. */
  readonly report: (issue: ConfigIssue) => void;
}

const MAX_AGE = 86_400;

/** Opens what `peers:` says: calls nobody. */
export type OpenPeers = (config: PeersConfig, deps: OpenPeersDeps) => Promise<HeldPeers>;

/** Federation by the profiles that a runtime has. */
export function federation(endpoints: Endpoints): OpenPeers {
  return (config, deps) => openPeers(config, endpoints, deps);
}

/** The peers of a configuration, each under the trust domain that it names: a bundle does not say whose it is. */
async function openPeers(
  config: PeersConfig,
  endpoints: Endpoints,
  deps: OpenPeersDeps,
): Promise<HeldPeers> {
  const peers = new Map<string, Peer>();
  const home = kept(deps, "peers", (): Home => ({}));
  for (const [name, peer] of Object.entries(config)) {
    const say = (path: ConfigIssue["path"], message: string, severity: ConfigIssue["severity"]) =>
      deps.report({ path: [name, ...path], message, severity });
    if (!isTrustDomain(name))
      say([], "is not a trust domain: expected a-z, 0-9, dot, hyphen and underscore", "error");
    else if (name === deps.trustDomain) say([], "is this trust domain itself, not a peer", "error");
    const initial = await configured(name, peer, deps, say); // oxlint-disable-line no-await-in-loop -- a handful, once
    if (peer.endpoint_spiffe_id !== undefined)
      checkEndpointOwner(name, peer.endpoint_spiffe_id, config, say);
    const fetched = fetchedPeer(name, peer, initial, endpoints, deps, home, say);
    if (fetched !== undefined) peers.set(name, fetched);
    else if (initial !== undefined && peer.url === undefined)
      peers.set(name, { profile: "pinned", pinned: initial });
  }
  const held = new HeldPeers(peers, home);
  if (peers.size > 0) held.documents = peerDocuments(held, deps.trustDomain, deps.platform);
  return held;
}

function kept<T>({ keep }: OpenPeersDeps, key: string, make: () => T): T {
  return keep === undefined ? make() : keep(key, make);
}

type Say = (path: ConfigIssue["path"], message: string, severity: ConfigIssue["severity"]) => void;

/** Whose keys an endpoint of profile `https_spiffe` is verified with: the peer's own, or those of another one. */
function checkEndpointOwner(name: string, endpointId: string, config: PeersConfig, say: Say): void {
  const id = parseSpiffeId(endpointId);
  if (!id.ok) return; // told by the schema
  const { trustDomain } = id.value;
  if (trustDomain === name && config[name]?.bundle === undefined)
    say(["bundle"], "is required: the first connection is verified with it", "error");
  if (trustDomain !== name && !Object.hasOwn(config, trustDomain))
    say(
      ["endpoint_spiffe_id"],
      `is of ${trustDomain}, whose keys are not known: add it to peers, or name an ID of ${name}`,
      "error",
    );
}

function fetchedPeer(
  name: string,
  { url, profile, endpoint_spiffe_id: endpointId, max_age, ...peer }: PeerConfig,
  initial: HeldBundle | undefined,
  endpoints: Endpoints,
  deps: OpenPeersDeps,
  home: Home,
  say: Say,
): Peer | undefined {
  if (url === undefined || profile === undefined) return undefined;
  const endpoint = endpoints[profile];
  if (endpoint === undefined) {
    say(["profile"], `this runtime does not fetch bundles by ${profile}`, "error");
    return undefined;
  }
  if (url.startsWith("http:"))
    say(["url"], "is plain http, for trials on this machine only", "warning");
  const allowPrivate = peer.allow_private_addresses === true;
  const options: PeerBundleOptions = {
    trustDomain: name,
    url,
    initial,
    minSequence: peer.min_sequence,
    maxAge: max_age ?? MAX_AGE,
    platform: deps.platform,
    fetchBundle: endpoint(
      {
        url,
        allowPrivate,
        endpointId,
        endpointBundle: (trustDomain, now) => home.inForce?.latest(trustDomain, now),
      },
      deps.platform,
    ),
    snapshots: () => home.inForce?.snapshots,
    refreshed: (outcome) => home.inForce?.refreshed(name, outcome),
    storeFailed: () => home.inForce?.storeFailed(),
  };
  // Another bundle in the configuration is another beginning. What says nothing of the bundle is none.
  const facts = JSON.stringify([
    name,
    { ...peer, audience: undefined, url, profile, endpointId, max_age },
    initial?.document,
  ]);
  const source = kept(deps, `peer ${facts}`, () => new PeerBundle(options));
  return { profile, url, source };
}

async function configured(
  name: string,
  { bundle: reference, min_sequence: floor }: PeerConfig,
  { read, platform }: OpenPeersDeps,
  say: Say,
): Promise<HeldBundle | undefined> {
  if (reference === undefined) return undefined;
  const error = (message: string): undefined => {
    say(["bundle"], message, "error");
  };
  let bytes: Uint8Array;
  try {
    bytes = await read(reference);
  } catch (fault) {
    if (!(fault instanceof ConfigError)) throw fault;
    return error(fault.issues.map(({ message }) => message).join("; "));
  }
  const believed = believe(bytes, name, floor === undefined ? {} : { floor: BigInt(floor) });
  if (!believed.ok) {
    const { code, detail = code } = believed.error;
    return error(code === "malformed" ? `is no SPIFFE bundle: ${detail}` : detail);
  }
  const { bundle } = believed.value;
  if (
    bundle.x509Authorities.length + bundle.jwtAuthorities.length + bundle.witAuthorities.length ===
    0
  )
    say(["bundle"], "has no keys: nothing of this peer is believed", "warning");
  return { ...believed.value, heldSince: platform.now(), source: "configured" };
}
