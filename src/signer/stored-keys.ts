import { ConfigError, type ConfigIssue, type ReadResource } from "../config-issue.ts";
import { decodeBase64 } from "../encoding/base64.ts";
import { parseSpki } from "../encoding/public-key.ts";
import type { Platform } from "../platform/platform.ts";
import { byUse, type SvidUse } from "./algorithms.ts";
import { openBackend, type Backends, type Complain } from "./backend.ts";
import { keySet, type TimedKeySet } from "./key-set.ts";
import type { LoadKeysDeps } from "./load-keys.ts";
import type { Modes, ModeSettings } from "./mode.ts";
import { readKeys, type KeySource, type OpenedKey } from "./read-keys.ts";
import type { SignatureAlgorithm } from "./signer.ts";
import { resolveTimeline, type TimelineEntry } from "./timeline.ts";

/**
 * A key of a compiled configuration, plain JSON. What its certificate says was checked and taken out of it when the
 * configuration was compiled, so that no certificate has to be read where it is used. Bytes are base64.
 */
export interface StoredKey {
  readonly timeline: TimelineEntry;
  readonly algorithm?: SignatureAlgorithm;
  readonly backend: string;
  /** `wrapped_key` is carried along. */
  readonly mode: ModeSettings;
  /** What the `OpenBackend` takes; references in it are `env:` and a name. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** SubjectPublicKeyInfo; absent where only the private key tells. */
  readonly publicKey?: string;
  readonly certificate?: {
    readonly raw: string;
    readonly subject: string;
    readonly subjectKeyId: string;
    readonly notBefore: number;
    readonly notAfter: number;
  };
}

export type StoredKeys = Readonly<Record<SvidUse, readonly StoredKey[]>>;

export interface StoredKeysDeps extends Pick<
  LoadKeysDeps,
  "now" | "refreshHint" | "changedAt" | "longestLife" | "trustDomain"
> {
  readonly platform: Platform;
  readonly read: ReadResource;
  /** What this deployment has. */
  readonly backends: Backends;
  readonly modes?: Modes;
  readonly env: (name: string) => unknown;
}

/** The set of keys that `storeKeys` wrote down, with the private ones. @throws ConfigError with everything that is wrong */
export async function openStoredKeys(
  stored: StoredKeys,
  deps: StoredKeysDeps,
): Promise<TimedKeySet> {
  const { refreshHint, longestLife } = deps;
  const lives = (use: SvidUse) =>
    resolveTimeline(
      stored[use].map(({ timeline }) => timeline),
      { refreshHint, longestLife: longestLife[use] },
    );
  const timelines = byUse(lives);
  const source = (key: StoredKey): KeySource => ({
    id: key.timeline.id,
    algorithm: key.algorithm,
    settings: key.mode,
    open: (complain) => openKey(key, deps, complain),
  });
  const sources = byUse((use) => stored[use].map(source));
  const issues: ConfigIssue[] = [];
  const keys = await readKeys(sources, timelines, deps, issues);
  const errors = issues.filter(({ severity }) => severity === "error");
  if (errors.length > 0) throw new ConfigError(errors);
  return keySet(keys, timelines, deps);
}

async function openKey(
  { backend, settings, publicKey, certificate }: StoredKey,
  deps: StoredKeysDeps,
  complain: Complain,
): Promise<OpenedKey> {
  const info = publicKey === undefined ? undefined : parseSpki(bytesOf(publicKey));
  if (info?.ok === false) complain("public_key", "not a usable public key");
  const handle = await openBackend(deps.backends, backend, settings, {
    ...deps,
    readPrivate: deps.read,
    complain,
  });
  const opened = {
    ...(handle && { handle }),
    ...(info?.ok === true && { publicKey: info.value }),
  };
  if (certificate === undefined || info?.ok !== true) return opened;
  const { raw, subject, subjectKeyId, notBefore, notAfter } = certificate;
  return {
    ...opened,
    certificate: {
      raw: bytesOf(raw),
      subject: { raw: bytesOf(subject) },
      extensions: { subjectKeyId: bytesOf(subjectKeyId) },
      notBefore,
      notAfter,
      info: info.value,
    },
    // Time has passed since it was compiled; that it is for this key is what `public_key` is compared for.
    judgeCertificate(_key, life, say) {
      const judged = Math.max(deps.now, Math.min(life.activeFrom, notAfter));
      const severity = deps.now < life.retiredAt ? "error" : "warning";
      if (judged < notBefore) say(severity, "certificate", "the certificate is not yet valid");
      if (judged > notAfter) say(severity, "certificate", "the certificate has expired");
    },
  };
}

function bytesOf(base64: string): Uint8Array {
  const bytes = decodeBase64(base64);
  if (!bytes.ok) throw new TypeError("a compiled configuration holds canonical base64");
  return bytes.value;
}
