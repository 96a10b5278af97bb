import type { ConfigIssue, ReadResource } from "../config-issue.ts";
import { equalBytes, toHex } from "../encoding/bytes.ts";
import type { PublicKeyInfo } from "../encoding/primitives.ts";
import { spkiOf } from "../encoding/public-key.ts";
import type { Platform } from "../platform/platform.ts";
import { thumbprint } from "../platform/thumbprint.ts";
import { ok } from "../result.ts";
import type { TrustDomain } from "../spiffe/trust-domain.ts";
import { x509Issuer, type IssuingCertificate } from "../svid/x509-svid.ts";
import {
  byUse,
  signingAlgorithm,
  SVID_USES,
  type ChosenAlgorithm,
  type SvidUse,
} from "./algorithms.ts";
import { openListed, type Complain, type KeyHandle } from "./backend.ts";
import type { KeyMaterial, KeysByUse, Timelines } from "./key-set.ts";
import type { Modes, ModeSettings, OpenedMode } from "./mode.ts";
import type { SignatureAlgorithm, Signer } from "./signer.ts";
import type { KeyLife } from "./timeline.ts";
import { verified } from "./verified.ts";

export type Say = (severity: ConfigIssue["severity"], field: string, message: string) => void;

/** One key of the configuration, in whatever form that holds it. */
export interface KeySource {
  readonly id: string;
  readonly algorithm?: SignatureAlgorithm | undefined;
  readonly settings: ModeSettings;
  /** Reads all that there is of the key; what is wrong goes to `complain`, by the entry's field. */
  open(complain: Complain): Promise<OpenedKey>;
}

export interface OpenedKey {
  /** Absent where there is no private key any more, or it is not looked at. */
  readonly handle?: KeyHandle;
  readonly publicKey?: PublicKeyInfo;
  readonly certificate?: IssuingCertificate & { readonly info: PublicKeyInfo };
  /** What is to be said of the certificate once it is known which key is to use it, and when. */
  judgeCertificate?(key: PublicKeyInfo, life: KeyLife, say: Say): Promise<void> | void;
}

export interface ReadKeysDeps {
  readonly platform: Platform;
  readonly trustDomain: TrustDomain;
  readonly read: ReadResource;
  readonly env: (name: string) => unknown;
  /** What this runtime has beside `direct`. */
  readonly modes?: Modes;
  /** See `LoadKeysDeps`. */
  readonly longestLife: Readonly<Record<SvidUse, number>>;
  /** Unix seconds. */
  readonly now: number;
  /** See `LoadKeysDeps`. */
  readonly publicOnly?: boolean;
}

/** Every key that is still to be published. What is wrong goes to `issues`; a key with errors may be left out. */
export async function readKeys(
  sources: Readonly<Record<SvidUse, readonly KeySource[]>>,
  timelines: Timelines,
  deps: ReadKeysDeps,
  issues: ConfigIssue[],
): Promise<KeysByUse> {
  const keys: Record<SvidUse, KeyMaterial[]> = byUse(() => []);
  const usedBy = new Map<string, string>();
  for (const use of SVID_USES) {
    for (const [index, source] of sources[use].entries()) {
      const life = timelines[use][index];
      // What is removed is never needed again: its files may be gone, its instants still count.
      if (life === undefined || life.removedAt <= deps.now) continue;
      const say: Say = (severity, field, message) =>
        void issues.push({ severity, path: ["keys", use, index, field], message });
      const key = await readKey(use, source, life, deps, say); // oxlint-disable-line no-await-in-loop -- a handful, once
      if (key === undefined) continue;
      const spki = toHex(spkiOf(key.info));
      const other = usedBy.get(spki);
      if (other !== undefined)
        say("error", "id", `is the same key as ${other}: one key serves one use`);
      usedBy.set(spki, `${use} ${source.id}`);
      keys[use].push(key);
    }
  }
  return keys;
}

/** One key, checked for its use. What is wrong is said; warnings too. */
export async function readKey(
  use: SvidUse,
  source: KeySource,
  life: KeyLife,
  deps: ReadKeysDeps,
  say: Say,
): Promise<KeyMaterial | undefined> {
  const { platform, now, publicOnly = false } = deps;
  let complete = true;
  const error = (field: string, message: string): undefined => {
    complete = false;
    say("error", field, message);
  };
  const { handle, certificate, publicKey, ...opened } = await source.open(error);
  const info = handle?.publicKey?.info ?? certificate?.info ?? publicKey;
  if (!complete || (info === undefined && publicOnly)) return undefined;
  if (info === undefined)
    return error("private_key", "is needed, or public_key once the key is retired");
  if (handle === undefined && now < life.retiredAt && !publicOnly) {
    return error("private_key", "is needed until the key is retired");
  }
  if (publicKey !== undefined && !equalBytes(spkiOf(publicKey), spkiOf(info))) {
    return error("public_key", "is not that of the private key");
  }
  const chosen = signingAlgorithm(use, info, source.algorithm);
  if (!chosen.ok) {
    const field = source.algorithm === undefined ? "private_key" : "algorithm";
    return error(field, chosen.error.detail ?? chosen.error.reason);
  }
  await opened.judgeCertificate?.(info, life, say);
  const kid = await thumbprint(platform, info);
  const issuer =
    certificate?.extensions.subjectKeyId && x509Issuer(certificate, chosen.value.scheme);
  const { id, settings } = source;
  const bare = handle && (await signerOf(id, handle, chosen.value, info, platform));
  const signer = bare && verified(bare, platform);
  let made: OpenedMode = { signer };
  if (settings.mode === "direct") {
    if (handle !== undefined && signer === undefined)
      return error("algorithm", `the backend has no ${chosen.value.algorithm}`);
    const direct = signer && issuer && ok({ signer, issuer, chainPem: "" });
    if (direct) made = { authority: { key: () => direct } };
  } else {
    const key = { id, use, kid, info, settings, chosen: chosen.value, handle, signer, issuer };
    const listed = await openListed(deps.modes ?? {}, "mode", settings.mode, key, {
      ...deps,
      complain: error,
    });
    made = listed ?? {};
  }
  const { algorithm } = chosen.value;
  return { life, info, thumbprint: kid, algorithm, issuer, ...made };
}

async function signerOf(
  id: string,
  handle: KeyHandle,
  chosen: ChosenAlgorithm,
  info: PublicKeyInfo,
  platform: Platform,
): Promise<Signer | undefined> {
  if (handle.publicKey !== undefined) return handle.signer?.(id, chosen, handle.publicKey);
  const imported = await platform.importPublicKey(info);
  return imported.ok ? handle.signer?.(id, chosen, imported.value) : undefined;
}
