import { ConfigError, type ConfigIssue } from "../config-issue.ts";
import type { Backends } from "../signer/backend.ts";
import type { TimedKeySet } from "../signer/key-set.ts";
import { loadKeySet } from "../signer/load-keys.ts";
import type { Modes } from "../signer/mode.ts";
import type { ReadResource } from "../config-issue.ts";
import type { ClaimStore } from "../stores/claim-store.ts";
import { assembleSnapshot } from "./assemble.ts";
import type { AuditSink } from "./audit.ts";
import type { SnapshotStore } from "../federation/snapshots.ts";
import { loadConfig, type Config, type ConfigDeps } from "./config.ts";
import { createIssuer, type Issuer } from "./issuer.ts";
import { createMetrics } from "./metrics.ts";
import { missingKeys } from "./missing-keys.ts";
import { openClaimStore, type StoreOpeners } from "./open-store.ts";
import { peerGauges } from "./peer-gauges.ts";
import { peersContext } from "./peers-context.ts";
import type { Snapshot } from "./snapshot.ts";

export interface LoadDeps extends ConfigDeps {
  readonly audit: AuditSink;
  readonly stores: StoreOpeners;
  readonly backends: Backends;
  /** Beside `direct`. */
  readonly modes?: Modes;
  /** Variables, for stores and key services whose credentials lie there. */
  readonly env: (name: string) => unknown;
  /** Told of the store that was opened, so that it can be closed. */
  readonly opened?: (store: ClaimStore) => void;
  /** Where bundles of peers are kept, in place of the claim store. */
  readonly peerStore?: SnapshotStore | undefined;
  /** Reads private keys; `read` if absent. */
  readonly readPrivate?: ReadResource;
  readonly warn?: (issue: ConfigIssue) => void;
  /** Judges it beside others of the same process, once its keys are read. @throws ConfigError */
  readonly admit?: (opened: Pick<OpenedConfig, "config" | "keys">) => void;
  readonly log?: (line: string) => void;
}

/** A log that is asked for and not written would be missed when it is needed. */
const ONE_SINK =
  "this runtime writes the audit log to standard output and nowhere else: leave it out";

/**
 * From a configuration document to an issuer that serves, and that writes to the one audit sink of its runtime.
 * @throws ConfigError with everything that is wrong
 */
export async function loadIssuer(document: unknown, deps: LoadDeps): Promise<Issuer> {
  const { config, issues } = await loadConfig(document, { ...deps, keys: deps });
  if (config === undefined)
    throw new ConfigError(issues.filter(({ severity }) => severity === "error"));
  if (config.audit !== undefined && config.audit.sink !== "stdout")
    throw new ConfigError([{ path: ["audit", "sink"], message: ONE_SINK, severity: "error" }]);
  issues.forEach((issue) => deps.warn?.(issue));
  const { snapshot } = await openConfig(config, deps);
  const { audit, log, peerStore } = deps;
  const metrics = createMetrics();
  config.heldPeers.bind(peersContext({ ...snapshot, audit, metrics, peerStore }));
  peerGauges(metrics, config.heldPeers, () => deps.platform.now());
  return createIssuer(() => snapshot, { audit, metrics, ...(log && { log }) });
}

/** A configuration whose keys are read and whose store is open. */
export interface OpenedConfig {
  readonly config: Config;
  readonly keys: TimedKeySet;
  readonly snapshot: Snapshot;
}

/**
 * @param store the one that `claims:` names, where it is open already
 * @throws ConfigError with everything that is wrong
 */
export async function openConfig(
  config: Config,
  deps: LoadDeps,
  store?: ClaimStore,
): Promise<OpenedConfig> {
  const { platform, read, readPrivate } = deps;
  const { trustDomain, issuer, attestors, policy, refreshHint, changedAt } = config;
  if (config.keys === undefined)
    throw new ConfigError([
      {
        path: ["keys"],
        message: "required: keys are made only by svidmint serve on one machine",
        severity: "error",
      },
    ]);
  // Local keys were made after the configuration was checked, perhaps by a version that knew fewer uses.
  const missing = missingKeys(policy, config.keys);
  if (missing.length > 0) throw new ConfigError(missing);
  const keys = await loadKeySet(config.keys, {
    platform,
    trustDomain,
    read,
    ...(readPrivate && { readPrivate }),
    backends: deps.backends,
    ...(deps.modes && { modes: deps.modes }),
    env: deps.env,
    now: platform.now(),
    refreshHint,
    changedAt,
    longestLife: policy.longestTtl,
    report: (issue) => deps.warn?.(issue),
  });
  deps.admit?.({ config, keys });
  config.bundles.bindOwn(keys);
  const opened = store ?? (await openStore(config, deps));
  const snapshot = assembleSnapshot({
    platform,
    trustDomain,
    issuer,
    attestors,
    policy,
    keys,
    peers: config.heldPeers,
    ...(opened && { store: opened }),
  });
  return { config, keys, snapshot };
}

async function openStore(
  { claims, trustDomain }: Config,
  { platform, read, readPrivate, stores, env, warn, opened }: LoadDeps,
): Promise<ClaimStore | undefined> {
  if (claims === undefined) return undefined;
  const store = await openClaimStore(claims, stores, {
    platform,
    trustDomain,
    read: readPrivate ?? read,
    readMounted: read,
    env,
    report: (issue) => warn?.(issue),
  });
  opened?.(store);
  return store;
}
