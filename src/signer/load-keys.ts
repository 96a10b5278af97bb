import { ConfigError, type ConfigIssue, type ReadResource } from "../config-issue.ts";
import type { Platform } from "../platform/platform.ts";
import type { TrustDomain } from "../spiffe/trust-domain.ts";
import { isSelfIssued, isSignedBy, type Certificate } from "../svid/certificate.ts";
import {
  checkSigningCertificate,
  type SigningCertificateRules,
} from "../svid/signing-certificate.ts";
import { byUse, type SvidUse } from "./algorithms.ts";
import { openBackend, type Backends } from "./backend.ts";
import { parseInstant } from "./instant.ts";
import { privateKeyReader, readPublicFiles } from "./key-material.ts";
import { keySet, type KeysByUse, type TimedKeySet, type Timelines } from "./key-set.ts";
import { modeOf, type KeyConfig, type KeysConfig } from "./keys-schema.ts";
import type { Modes } from "./mode.ts";
import { otherUses } from "./other-uses.ts";
import { readKey, readKeys, type KeySource, type Say } from "./read-keys.ts";
import { checkTimeline } from "./timeline-check.ts";
import { latestChange } from "./timeline-edits.ts";
import { resolveTimeline, type KeyLife, type TimelineEntry } from "./timeline.ts";

/** What it takes to read one key. */
interface KeyDeps {
  readonly platform: Platform;
  readonly trustDomain: TrustDomain;
  readonly read: ReadResource;
  /** For private keys; `read` if absent. */
  readonly readPrivate?: ReadResource;
  /** What this runtime has. */
  readonly backends: Backends;
  /** Likewise, beside `direct`. */
  readonly modes?: Modes;
  readonly env: (name: string) => unknown;
  readonly now: number;
  /** Seconds: the longest life that the rules give an SVID of each use. */
  readonly longestLife: Readonly<Record<SvidUse, number>>;
  /** Private keys are left where they are, and what only they could tell is not looked at: before they are at hand. */
  readonly publicOnly?: boolean;
}

export interface LoadKeysDeps extends KeyDeps {
  /** Seconds: `spiffe_refresh_hint`. */
  readonly refreshHint: number;
  /** Unix seconds: `bundle.changed_at`, 0 if there is none. */
  readonly changedAt: number;
  /** False: nobody is told that a list has no standby. For keys that were made here. */
  readonly expectStandby?: boolean;
  /** Warnings; errors are thrown, all at once. Paths begin with `keys`. */
  readonly report: (issue: ConfigIssue) => void;
}

type Instants = "published_at" | "active_from" | "retired_at" | "removed_at";

/** The instants of entries that passed `keysSchema`. */
export function timelineEntries(
  entries: readonly Pick<KeyConfig, "id" | Instants>[],
): readonly TimelineEntry[] {
  return entries.map(({ id, published_at, active_from, retired_at, removed_at }) => ({
    id,
    publishedAt: instantOf(published_at),
    ...(active_from !== undefined && {
      activeFrom: active_from === "standby" ? active_from : instantOf(active_from),
    }),
    ...(retired_at !== undefined && { retiredAt: instantOf(retired_at) }),
    ...(removed_at !== undefined && { removedAt: instantOf(removed_at) }),
  }));
}

function instantOf(text: string): number {
  const seconds = parseInstant(text);
  if (seconds === undefined) throw new TypeError("the schema lets no such instant through");
  return seconds;
}

/**
 * Reads every key that is still to be published, checks it, and makes the set of them.
 * @throws ConfigError with everything that is wrong
 */
export async function loadKeySet(config: KeysConfig, deps: LoadKeysDeps): Promise<TimedKeySet> {
  const { keys, timelines } = await readConfiguredKeys(config, deps);
  return keySet(keys, timelines, deps);
}

/** The keys of a configuration, checked. @throws ConfigError with everything that is wrong */
export async function readConfiguredKeys(
  config: KeysConfig,
  deps: LoadKeysDeps,
): Promise<{ readonly keys: KeysByUse; readonly timelines: Timelines }> {
  const issues: ConfigIssue[] = [];
  const lists = byUse((use): readonly KeyConfig[] => config[use] ?? []);
  const timelineOf = (use: SvidUse): readonly KeyLife[] => {
    const rules = {
      refreshHint: deps.refreshHint,
      longestLife: deps.longestLife[use],
      expectStandby: deps.expectStandby !== false,
    };
    const entries = timelineEntries(lists[use]);
    for (const issue of checkTimeline(entries, rules, deps.now)) {
      issues.push({ ...issue, path: ["keys", use, ...issue.path] });
    }
    return resolveTimeline(entries, rules);
  };
  const timelines = byUse(timelineOf);
  if (deps.changedAt > latestChange(deps.now, deps.refreshHint))
    issues.push({
      severity: "error",
      path: ["bundle", "changed_at"],
      message: "is still to come: until then no other change would raise spiffe_sequence",
    });
  const sources = byUse((use) => lists[use].map((entry) => configuredKey(entry, use, deps)));
  const keys = await readKeys(sources, timelines, deps, issues);
  issues.push(...(await otherUses(lists, timelines, keys, deps)));
  const errors = issues.filter((issue) => issue.severity === "error");
  if (errors.length > 0) throw new ConfigError(errors);
  for (const issue of issues) deps.report(issue);
  return { keys, timelines };
}

/** Why nothing can be signed with one key of the configuration, whatever the others are. Empty: it can. */
export async function whyRefused(
  use: SvidUse,
  entry: KeyConfig,
  life: KeyLife,
  deps: KeyDeps,
): Promise<readonly string[]> {
  const problems: string[] = [];
  await readKey(use, configuredKey(entry, use, deps), life, deps, (severity, field, message) => {
    if (severity === "error") problems.push(`${field}: ${message}`);
  });
  return problems;
}

function configuredKey(entry: KeyConfig, use: SvidUse, deps: KeyDeps): KeySource {
  const { platform, read, readPrivate = read, backends, env } = deps;
  const settings = modeOf(entry, use);
  const signs = settings.mode === "direct" ? "leaves" : "intermediates";
  return {
    id: entry.id,
    algorithm: entry.algorithm,
    settings,
    async open(complain) {
      const { certificate, publicKey } = await readPublicFiles(entry, read, complain);
      const handle =
        deps.publicOnly === true
          ? undefined
          : await openBackend(backends, entry.backend, entry, {
              platform,
              read,
              readPrivate: privateKeyReader(readPrivate),
              env,
              complain,
            });
      const opened = { ...(handle && { handle }), ...(publicKey && { publicKey }) };
      if (certificate === undefined) return opened;
      return {
        ...opened,
        certificate,
        judgeCertificate: (key, life, say) =>
          checkCertificate(certificate, { key, signs }, life, deps, say),
      };
    },
  };
}

/** A certificate that was retired may have expired since; one that is to sign is held to all of it. */
async function checkCertificate(
  certificate: Certificate,
  rules: Pick<SigningCertificateRules, "key" | "signs">,
  life: KeyLife,
  { platform, trustDomain, now }: KeyDeps,
  say: Say,
): Promise<void> {
  // A key that waits for its time is judged as of then.
  const judged = Math.max(now, Math.min(life.activeFrom, certificate.notAfter));
  const issues = checkSigningCertificate(certificate, { ...rules, trustDomain, now: judged });
  for (const { severity, message } of issues) {
    say(now < life.retiredAt ? severity : "warning", "certificate", message);
  }
  if (!isSelfIssued(certificate)) {
    say(
      "warning",
      "certificate",
      "is not self-signed, which some verifiers want of what a bundle holds",
    );
    return;
  }
  const imported = await platform.importPublicKey(certificate.info);
  if (!imported.ok || !(await isSignedBy(certificate, imported.value, platform))) {
    say("error", "certificate", "its own signature does not verify");
  }
}
