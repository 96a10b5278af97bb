import { ConfigError, type ConfigIssue } from "../config-issue.ts";
import type { Backends } from "../signer/backend.ts";
import { loadKeySet } from "../signer/load-keys.ts";
import type { Modes } from "../signer/mode.ts";
import type { ReadResource } from "../config-issue.ts";
import type { ClaimStore } from "../stores/claim-store.ts";
import { assembleIssuer } from "./assemble.ts";
import type { AuditSink } from "./audit.ts";
import { loadConfig, type Config, type ConfigDeps } from "./config.ts";
import type { Issuer } from "./issuer.ts";
import { createMetrics } from "./metrics.ts";
import { missingKeys } from "./missing-keys.ts";
import { openClaimStore, type StoreOpeners } from "./open-store.ts";
import { peersContext } from "./peers-context.ts";

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
  /** Reads private keys; `read` if absent. */
  readonly readPrivate?: ReadResource;
  readonly warn?: (issue: ConfigIssue) => void;
  readonly log?: (line: string) => void;
}

/** From a configuration document to an issuer that serves. @throws ConfigError with everything that is wrong */
export async function loadIssuer(document: unknown, deps: LoadDeps): Promise<Issuer> {
  const { config, issues } = await loadConfig(document, deps);
  if (config === undefined)
    throw new ConfigError(issues.filter(({ severity }) => severity === "error"));
  issues.forEach((issue) => deps.warn?.(issue));
  return openIssuer(config, deps);
}

/** As `loadIssuer`, of a configuration that is read already. */
export async function openIssuer(config: Config, deps: LoadDeps): Promise<Issuer> {
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
  config.bundles.bindOwn(keys);
  const store =
    config.claims &&
    (await openClaimStore(config.claims, deps.stores, {
      platform,
      trustDomain,
      read: readPrivate ?? read,
      readMounted: read,
      env: deps.env,
      report: (issue) => deps.warn?.(issue),
    }));
  if (store !== undefined) deps.opened?.(store);
  const parts = {
    platform,
    trustDomain,
    issuer,
    attestors,
    policy,
    keys,
    peers: config.heldPeers,
    ...(store && { store }),
  };
  const { audit, log } = deps;
  const metrics = createMetrics();
  config.heldPeers.bind(peersContext({ trustDomain, platform, audit, metrics, store }));
  return assembleIssuer(parts, { audit, metrics, ...(log && { log }) });
}
