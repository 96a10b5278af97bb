import { ConfigError, type ConfigIssue, type ReadResource } from "../config-issue.ts";
import { equalBytes, toHex } from "../encoding/bytes.ts";
import type { PublicKeyInfo } from "../encoding/primitives.ts";
import { spkiOf } from "../encoding/public-key.ts";
import type { Platform } from "../platform/platform.ts";
import { thumbprint } from "../platform/thumbprint.ts";
import type { TrustDomain } from "../spiffe/trust-domain.ts";
import { isSelfIssued, isSignedBy, type Certificate } from "../svid/certificate.ts";
import { checkSigningCertificate } from "../svid/signing-certificate.ts";
import { x509Issuer } from "../svid/x509-svid.ts";
import { signingAlgorithm, type SvidUse } from "./algorithms.ts";
import { parseInstant } from "./instant.ts";
import { readKeyFiles } from "./key-material.ts";
import { keySet, type KeyMaterial, type TimedKeySet } from "./key-set.ts";
import type { KeysConfig, JwtKeyConfig, X509KeyConfig } from "./keys-schema.ts";
import { localSigner } from "./local.ts";
import { checkTimeline } from "./timeline-check.ts";
import { resolveTimeline, type KeyLife, type TimelineEntry } from "./timeline.ts";
import { verified } from "./verified.ts";

export interface LoadKeysDeps {
  readonly platform: Platform;
  readonly trustDomain: TrustDomain;
  readonly read: ReadResource;
  /** For private keys; `read` if absent. */
  readonly readPrivate?: ReadResource;
  readonly now: number;
  /** Seconds: `spiffe_refresh_hint`. */
  readonly refreshHint: number;
  /** Unix seconds: `bundle.changed_at`, 0 if there is none. */
  readonly changedAt: number;
  /** Seconds: the longest life that the rules give an SVID of each use. */
  readonly longestLife: Readonly<Record<SvidUse, number>>;
  /** False: nobody is told that a list has no standby. For keys that were made here. */
  readonly expectStandby?: boolean;
  /** Warnings; errors are thrown, all at once. Paths begin with `keys`. */
  readonly report: (issue: ConfigIssue) => void;
}

type KeyConfig = X509KeyConfig | JwtKeyConfig;
const USES: readonly SvidUse[] = ["x509", "jwt"];

/** The instants of entries that passed `keysSchema`. */
function timelineEntries(entries: readonly KeyConfig[]): readonly TimelineEntry[] {
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
  const issues: ConfigIssue[] = [];
  const keys: Record<SvidUse, KeyMaterial[]> = { x509: [], jwt: [] };
  const timelines: Record<SvidUse, readonly KeyLife[]> = { x509: [], jwt: [] };
  const usedBy = new Map<string, string>();
  for (const use of USES) {
    const entries = config[use] ?? [];
    const timeline = timelineEntries(entries);
    const rules = {
      refreshHint: deps.refreshHint,
      longestLife: deps.longestLife[use],
      expectStandby: deps.expectStandby !== false,
    };
    timelines[use] = resolveTimeline(timeline, rules);
    for (const issue of checkTimeline(timeline, rules, deps.now)) {
      issues.push({ ...issue, path: ["keys", use, ...issue.path] });
    }
    for (const [index, entry] of entries.entries()) {
      const life = timelines[use][index];
      // What is removed is never needed again: its files may be gone, its instants still count.
      if (life === undefined || life.removedAt <= deps.now) continue;
      const say: Say = (severity, field, message) =>
        void issues.push({ severity, path: ["keys", use, index, field], message });
      const key = await loadKey(use, entry, life, deps, say); // oxlint-disable-line no-await-in-loop -- a handful, once
      if (key === undefined) continue;
      const spki = toHex(spkiOf(key.info));
      const other = usedBy.get(spki);
      if (other !== undefined)
        say("error", "id", `is the same key as ${other}: one key serves one use`);
      usedBy.set(spki, `${use} ${entry.id}`);
      keys[use].push(key);
    }
  }
  const errors = issues.filter((issue) => issue.severity === "error");
  if (errors.length > 0) throw new ConfigError(errors);
  for (const issue of issues) deps.report(issue);
  return keySet(keys, timelines, deps);
}

type Say = (severity: ConfigIssue["severity"], field: string, message: string) => void;

async function loadKey(
  use: SvidUse,
  entry: KeyConfig,
  life: KeyLife,
  deps: LoadKeysDeps,
  say: Say,
): Promise<KeyMaterial | undefined> {
  const { platform, read, readPrivate = read } = deps;
  let complete = true;
  const error = (field: string, message: string): undefined => {
    complete = false;
    say("error", field, message);
  };
  const files = await readKeyFiles(entry, { platform, read, readPrivate }, error);
  const { privateKey, certificate } = files;
  const info = privateKey?.publicKey.info ?? certificate?.info ?? files.publicKey;
  if (!complete) return undefined;
  if (info === undefined)
    return error("private_key", "is needed, or public_key once the key is retired");
  if (privateKey === undefined && deps.now < life.retiredAt) {
    return error("private_key", "is needed until the key is retired");
  }
  if (files.publicKey !== undefined && !sameKey(files.publicKey, info)) {
    return error("public_key", "is not that of the private key");
  }
  const chosen = signingAlgorithm(use, info, entry.algorithm);
  if (!chosen.ok) {
    const field = entry.algorithm === undefined ? "private_key" : "algorithm";
    return error(field, chosen.error.detail ?? chosen.error.reason);
  }
  if (certificate !== undefined) await checkCertificate(certificate, info, life, deps, say);
  return {
    life,
    info,
    thumbprint: await thumbprint(platform, info),
    algorithm: chosen.value.algorithm,
    ...(privateKey && {
      signer: verified(localSigner(entry.id, privateKey, chosen.value, platform), platform),
    }),
    ...(certificate?.extensions.subjectKeyId && {
      issuer: x509Issuer(certificate, chosen.value.scheme),
    }),
  };
}

function sameKey(a: PublicKeyInfo, b: PublicKeyInfo): boolean {
  return equalBytes(spkiOf(a), spkiOf(b));
}

/** A certificate that was retired may have expired since; one that is to sign is held to all of it. */
async function checkCertificate(
  certificate: Certificate,
  key: PublicKeyInfo,
  life: KeyLife,
  { platform, trustDomain, now }: LoadKeysDeps,
  say: Say,
): Promise<void> {
  // A key that waits for its time is judged as of then.
  const judged = Math.max(now, Math.min(life.activeFrom, certificate.notAfter));
  const issues = checkSigningCertificate(certificate, {
    trustDomain,
    now: judged,
    key,
    signs: "leaves",
  });
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
