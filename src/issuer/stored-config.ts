import type { OpenAttestor, Attestor } from "../attestors/attestor.ts";
import { ConfigError, type ConfigIssue, type ReadResource } from "../config-issue.ts";
import { toHex, utf8Encode } from "../encoding/bytes.ts";
import type { PeersConfig } from "../federation/peers-schema.ts";
import type { SnapshotStore } from "../federation/snapshots.ts";
import type { OpenPeers } from "../federation/open-peers.ts";
import { NO_PEERS } from "../federation/no-peers.ts";
import type { HeldPeers } from "../federation/held-peers.ts";
import { Kept } from "../kept.ts";
import type { Platform } from "../platform/platform.ts";
import { restorePolicy } from "../policy/stored.ts";
import type { Backends } from "../signer/backend.ts";
import type { Modes } from "../signer/mode.ts";
import type { TrustDomain } from "../spiffe/trust-domain.ts";
import { openStoredKeys, type StoredKeys } from "../signer/stored-keys.ts";
import type { ClaimsSection } from "../stores/definition.ts";
import type { Domain } from "./apart.ts";
import { assembleIssuer } from "./assemble.ts";
import type { AuditSink } from "./audit.ts";
import { HeldBundles } from "./bundles.ts";
import type { Issuer } from "./issuer.ts";
import type { Metrics } from "./metrics.ts";
import { openClaimStore, type StoreOpeners } from "./open-store.ts";
import { peersContext } from "./peers-context.ts";

/** Grows when what is stored, or what it means, changes: another version's is refused. */
export const STORED_FORMAT = 5;

/** What `svidmint policy compile --for workers` writes: a configuration that was checked, so that a runtime need not. */
export interface StoredDocument {
  readonly svidmint_compiled: typeof STORED_FORMAT;
  /** See `digestOf`: an edit by hand would pass no check, so it is to go through the compiler again. No protection against who may write here. */
  readonly sha256: string;
  readonly config: StoredConfig;
}

export interface StoredConfig {
  readonly issuer: string;
  /** What the `OpenAttestor` of each type takes. */
  readonly evidence: Readonly<Record<string, unknown>>;
  /** Every bundle a `data:` reference. */
  readonly peers?: PeersConfig;
  /** See `storePolicy`. */
  readonly policy: unknown;
  readonly keys: StoredKeys;
  readonly claims?: ClaimsSection;
  /** Seconds. */
  readonly refreshHint: number;
  /** Unix seconds. */
  readonly changedAt: number;
}

export interface OpenStoredDeps {
  readonly platform: Platform;
  readonly attestors: Readonly<Record<string, OpenAttestor>>;
  readonly stores: StoreOpeners;
  readonly backends: Backends;
  /** Beside `direct`. */
  readonly modes?: Modes;
  /** Where bundles of peers are kept, in place of the claim store. */
  readonly peerStore?: SnapshotStore | undefined;
  /** Needed where the configuration has peers. */
  readonly openPeers?: OpenPeers | undefined;
  /** Bindings of the runtime, by name. */
  readonly env: (name: string) => unknown;
  readonly read: ReadResource;
  readonly audit: AuditSink;
  /** Absent: nothing is counted. */
  readonly metrics?: Metrics;
  /** Judges it beside others of the same deployment. @throws ConfigError */
  readonly admit?: (domain: Omit<Domain, "file">) => void;
}

/** From a compiled configuration to an issuer that serves. @throws ConfigError with everything that is wrong */
export async function openStored(document: unknown, deps: OpenStoredDeps): Promise<Issuer> {
  const { platform, read } = deps;
  const config = await unpack(document, platform);
  const policy = restorePolicy(config.policy);
  const { issuer, refreshHint, changedAt } = config;
  const { trustDomain, longestTtl: longestLife } = policy;
  const issues: ConfigIssue[] = [];
  const peers = await openPeers(config.peers, trustDomain, deps, issues);
  const bundles = new HeldBundles(trustDomain, peers ?? NO_PEERS);
  const attestors = new Map<string, Attestor>();
  const { keep } = new Kept();
  for (const [type, settings] of Object.entries(config.evidence)) {
    const open = Object.hasOwn(deps.attestors, type) ? deps.attestors[type] : undefined;
    if (open === undefined)
      throw wrong(`the entry of this deployment does not list evidence type ${type}`, "evidence");
    const report = (issue: ConfigIssue): void =>
      void issues.push({ ...issue, path: ["evidence", type, ...issue.path] });
    attestors.set(
      type,
      await open(settings, { platform, trustDomain, issuer, bundles, read, report, keep }), // oxlint-disable-line no-await-in-loop -- a handful, once
    );
  }
  const errors = issues.filter(({ severity }) => severity === "error");
  if (errors.length > 0) throw new ConfigError(errors);
  const keys = await openStoredKeys(config.keys, {
    ...deps,
    trustDomain,
    now: platform.now(),
    refreshHint,
    changedAt,
    longestLife,
  });
  deps.admit?.({ trustDomain, issuer, keys });
  bundles.bindOwn(keys);
  const report = (issue: ConfigIssue): void => void issues.push(issue);
  const store =
    config.claims &&
    (await openClaimStore(config.claims, deps.stores, {
      ...deps,
      trustDomain,
      report,
    }));
  peers?.bind(peersContext({ ...deps, trustDomain, store }));
  const parts = {
    platform,
    trustDomain,
    issuer,
    attestors,
    policy,
    keys,
    peers: peers ?? NO_PEERS,
    ...(store && { store }),
  };
  return assembleIssuer(parts, deps);
}

async function openPeers(
  peers: PeersConfig | undefined,
  trustDomain: TrustDomain,
  deps: OpenStoredDeps,
  issues: ConfigIssue[],
): Promise<HeldPeers | undefined> {
  if (peers === undefined || Object.keys(peers).length === 0) return undefined;
  if (deps.openPeers === undefined)
    throw wrong("the entry of this deployment does not list federation", "peers");
  const report = (issue: ConfigIssue): void =>
    void issues.push({ ...issue, path: ["peers", ...issue.path] });
  return deps.openPeers(peers, { ...deps, trustDomain, report });
}

async function unpack(
  document: unknown,
  platform: Pick<Platform, "digest">,
): Promise<StoredConfig> {
  if (!isStored(document))
    throw wrong(
      "expected what `svidmint policy compile --for workers` writes: this runtime reads nothing else",
    );
  if (document.svidmint_compiled !== STORED_FORMAT)
    throw wrong(
      "was compiled by another version of svidmint: compile it with the version that serves it",
    );
  if (document.sha256 !== (await digestOf(document.config, platform)))
    throw wrong("was changed after it was compiled: change its source, and compile that");
  return document.config;
}

function isStored(document: unknown): document is StoredDocument {
  return (
    typeof document === "object" &&
    document !== null &&
    "svidmint_compiled" in document &&
    "config" in document
  );
}

/** Lower-case hex SHA-256 of a configuration, whatever order its members have: a platform's settings may not keep it. */
export async function digestOf(
  config: unknown,
  platform: Pick<Platform, "digest">,
): Promise<string> {
  const text = JSON.stringify(config, (_key, value: unknown) =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? Object.fromEntries(
          Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1)),
        )
      : value,
  );
  return toHex(await platform.digest("SHA-256", utf8Encode(text)));
}

function wrong(message: string, path = "compiled configuration"): ConfigError {
  return new ConfigError([{ path: [path], message, severity: "error" }]);
}
