import { ConfigError, type ConfigIssue, type ReadResource } from "../config-issue.ts";
import { decodeBase64 } from "../encoding/base64.ts";
import { utf8Decode } from "../encoding/bytes.ts";
import { decodePem } from "../encoding/pem.ts";
import { parseSpki } from "../encoding/public-key.ts";
import type { Platform, PrivateKey } from "../platform/platform.ts";
import { byUse, type SvidUse } from "./algorithms.ts";
import { keySet, type KeySet } from "./key-set.ts";
import type { LoadKeysDeps } from "./load-keys.ts";
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
  /** `env:` and a name. */
  readonly privateKey?: string;
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
  "now" | "refreshHint" | "changedAt" | "longestLife"
> {
  readonly platform: Platform;
  readonly read: ReadResource;
}

/** The set of keys that `storeKeys` wrote down, with the private ones. @throws ConfigError with everything that is wrong */
export async function openStoredKeys(stored: StoredKeys, deps: StoredKeysDeps): Promise<KeySet> {
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
    open: (complain) => openKey(key, deps, complain),
  });
  const sources = byUse((use) => stored[use].map(source));
  const issues: ConfigIssue[] = [];
  const keys = await readKeys(sources, timelines, deps, issues);
  const errors = issues.filter(({ severity }) => severity === "error");
  if (errors.length > 0) throw new ConfigError(errors);
  return keySet(keys, timelines, deps);
}

type Complain = (field: string, message: string) => void;

async function openKey(
  { privateKey, publicKey, certificate }: StoredKey,
  deps: StoredKeysDeps,
  complain: Complain,
): Promise<OpenedKey> {
  const info = publicKey === undefined ? undefined : parseSpki(bytesOf(publicKey));
  if (info?.ok === false) complain("public_key", "not a usable public key");
  const opened = {
    ...(privateKey !== undefined && (await openPrivateKey(privateKey, deps, complain))),
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

async function openPrivateKey(
  reference: string,
  { platform, read }: StoredKeysDeps,
  complain: Complain,
): Promise<{ privateKey?: PrivateKey }> {
  try {
    const blocks = decodePem(utf8Decode(await read(reference)) ?? "", "PRIVATE KEY", { max: 1 });
    const [pkcs8] = blocks.ok ? blocks.value : [];
    const imported = pkcs8 && (await platform.importPrivateKey(pkcs8));
    if (imported?.ok === true) return { privateKey: imported.value };
    complain("private_key", 'must hold one pem block "PRIVATE KEY" (PKCS #8) and nothing else');
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    for (const { message } of error.issues) complain("private_key", message);
  }
  return {};
}

function bytesOf(base64: string): Uint8Array {
  const bytes = decodeBase64(base64);
  if (!bytes.ok) throw new TypeError("a compiled configuration holds canonical base64");
  return bytes.value;
}
