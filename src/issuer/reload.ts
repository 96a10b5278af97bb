import { ConfigError, type ConfigIssue } from "../config-issue.ts";
import { Kept, type Keep } from "../kept.ts";
import { byUse, SVID_USES, type SvidUse } from "../signer/algorithms.ts";
import { checkKeyEdits, type KeyPlan } from "../signer/key-edits.ts";
import { keptBackends, keptModes } from "../signer/kept-keys.ts";
import { timelineEntries } from "../signer/load-keys.ts";
import { auditLine, auditTime, type AuditSink } from "./audit.ts";
import type { Config } from "./config.ts";
import { judgeKeys } from "./judge-keys.ts";
import { createIssuer, type Issuer } from "./issuer.ts";
import { createMetrics } from "./metrics.ts";
import { peerGauges } from "./peer-gauges.ts";
import { peersContext } from "./peers-context.ts";
import { openConfig, type LoadDeps, type OpenedConfig } from "./load.ts";

/** An issuer whose configuration may be replaced while it serves. */
export interface Reloadable {
  readonly issuer: Issuer;
  /**
   * Reads a configuration and goes by it from the next request on; those under way keep theirs. One at a time.
   * @throws what `read` throws; ConfigError with everything that is wrong. Then nothing has changed
   */
  readonly reload: (read: (keep: Keep) => Promise<Config>) => Promise<void>;
}

export interface ReloadDeps extends LoadDeps {
  /** Told of each configuration that requests go by, the first one included. */
  readonly inForce?: (opened: OpenedConfig) => void;
}

/** @param kept what `config` was read with */
export async function openReloadable(
  config: Config,
  deps: ReloadDeps,
  kept: Kept,
): Promise<Reloadable> {
  const opener = (of: Kept): LoadDeps => ({
    ...deps,
    backends: keptBackends(deps.backends, of.keep),
    ...(deps.modes && { modes: keptModes(deps.modes, of.keep) }),
  });
  let current = await openConfig(config, opener(kept));
  let held = kept;
  const { audit, log, platform, peerStore } = deps;
  const metrics = createMetrics();
  const past = new Map<string, readonly [SvidUse, string]>();
  const enter = (opened: OpenedConfig): void => {
    for (const use of SVID_USES)
      for (const [id, known] of opened.keys.names[use]) past.set(known, [use, id]);
    const { config: entered, snapshot } = opened;
    entered.heldPeers.bind(peersContext({ ...snapshot, audit, metrics, peerStore }));
    peerGauges(metrics, entered.heldPeers, () => platform.now());
    deps.inForce?.(opened);
  };
  enter(current);
  const issuer = createIssuer(() => current.snapshot, { audit, metrics, ...(log && { log }) });
  const replace = async (read: (keep: Keep) => Promise<Config>): Promise<void> => {
    const next = new Kept(held);
    const asked = await read(next.keep);
    const open = opener(next);
    const fixed = fixedParts(current.config, asked);
    if (fixed.length > 0) refuse([...fixed, ...(await wrongKeys(asked, open))]);
    const opened = await openConfig(asked, open, current.snapshot.store);
    refuse(checkKeyEdits({ ...planOf(current), past }, planOf(opened), platform.now()));
    await recorded(audit, auditLine(eventOf(opened, platform.now())));
    enter(opened);
    current = opened;
    held = next;
    held.settle();
  };
  const counted = async (read: (keep: Keep) => Promise<Config>): Promise<void> => {
    let outcome = "refused";
    try {
      await replace(read);
      outcome = "loaded";
    } finally {
      metrics.count("svidmint_config_reloads_total", { outcome });
    }
  };
  let last: Promise<void> = Promise.resolve();
  return {
    issuer,
    reload: (read) => {
      const next = last.then(() => counted(read));
      last = next.catch(() => undefined);
      return next;
    },
  };
}

/** Told with what cannot change, for which nothing of it is opened. */
function wrongKeys(
  { keys, trustDomain, refreshHint, changedAt, policy }: Config,
  deps: LoadDeps,
): Promise<readonly ConfigIssue[]> {
  return judgeKeys(keys, true, {
    ...deps,
    trustDomain,
    refreshHint,
    changedAt,
    longestLife: policy.longestTtl,
    now: deps.platform.now(),
  });
}

/** Whoever sent the signal is to know what is full or stuck. */
async function recorded(audit: AuditSink, line: string): Promise<void> {
  try {
    await audit.write(line);
  } catch (cause) {
    const why = cause instanceof Error ? `: ${cause.message}` : "";
    throw new Error(`the audit log does not take the line that has to be there first${why}`, {
      cause,
    });
  }
}

function refuse(issues: readonly ConfigIssue[]): void {
  const errors = issues.filter(({ severity }) => severity === "error");
  if (errors.length > 0) throw new ConfigError(errors);
}

/** What was opened once and for all when the process began. */
const FIXED = [
  ["trust_domain", "trustDomain"],
  ["issuer", "issuer"],
  ["claims", "claims"],
  ["audit", "audit"],
] as const;

function fixedParts(before: Config, after: Config): readonly ConfigIssue[] {
  return FIXED.filter(
    ([, name]) => JSON.stringify(before[name]) !== JSON.stringify(after[name]),
  ).map(([field]) => ({
    path: [field],
    message: "cannot change while the issuer serves: restart it",
    severity: "error",
  }));
}

function planOf({ config, keys }: OpenedConfig): KeyPlan {
  const { refreshHint, changedAt, policy } = config;
  const entries = byUse((use) => timelineEntries(config.keys?.[use] ?? []));
  return { entries, longestLife: policy.longestTtl, refreshHint, changedAt, keys };
}

function eventOf({ config, keys }: OpenedConfig, now: number): Parameters<typeof auditLine>[0] {
  const { sequence, witSequence } = keys.published(now);
  return {
    event: "configuration",
    time: auditTime(now),
    trust_domain: config.trustDomain,
    spiffe_sequence: sequence,
    wit_spiffe_sequence: witSequence,
  };
}
