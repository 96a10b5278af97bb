import { ConfigError } from "../../config-issue.ts";
import { equalBytes, utf8Encode } from "../../encoding/bytes.ts";
import type { PublicKeyInfo } from "../../encoding/primitives.ts";
import { parseSpki, spkiOf } from "../../encoding/public-key.ts";
import { backends } from "../../runtimes/node/backends.ts";
import { signingAlgorithm, type SvidUse } from "../../signer/algorithms.ts";
import { openBackend, type KeyHandle } from "../../signer/backend.ts";
import { settingsOf } from "../../signer/definitions.ts";
import { privateKeyReader, readPublicFiles } from "../../signer/key-material.ts";
import { modeOf, type KeyConfig } from "../../signer/keys-schema.ts";
import { whyRefused } from "../../signer/load-keys.ts";
import { allModes } from "../../signer/modes.ts";
import type { KeyLife } from "../../signer/timeline.ts";
import { openWrapped } from "../../signer/wrapped.ts";
import { thumbprint } from "../../platform/thumbprint.ts";
import { SignerError, type Signer } from "../../signer/signer.ts";
import { verified } from "../../signer/verified.ts";
import { keyAdmin } from "../key-services/admins.ts";
import { KeyServiceError } from "../key-services/key-admin.ts";
import { platform } from "../key-file.ts";
import { allKeys, type LoadedKeys } from "./load.ts";

/**
 * What is signed to see that a key signs: it begins with an octet that no TBSCertificate (0x30) and no JOSE input (a
 * letter of base64url) begins with, and says what it is. Whoever gets hold of the signature has nothing.
 */
export const CHECK_MESSAGE: Uint8Array = utf8Encode(
  "\u0000svidmint key check: neither a certificate nor a token\u0000",
);

export interface KeyVerdict {
  readonly use: SvidUse;
  readonly id: string;
  readonly backend: string;
  /** `unknown`: it could not be asked. */
  readonly result: "good" | "wrong" | "unknown";
  readonly message: string;
}

/** Every key that is or will be in the bundle, one after the other. */
export async function* verifyKeys(
  loaded: LoadedKeys,
  options: { readonly now: number; readonly sign: boolean },
): AsyncGenerator<KeyVerdict> {
  for (const { use, index, entry } of allKeys(loaded.keys)) {
    const life = loaded.timelines[use][index];
    if (life === undefined || life.removedAt <= options.now) continue;
    const { id, backend } = entry;
    // oxlint-disable-next-line no-await-in-loop -- told as it goes on
    const verdict = await verdictOf(use, entry, loaded, options);
    const refused = verdict.result === "wrong" ? [] : await refusals(use, entry, life, loaded); // oxlint-disable-line no-await-in-loop -- likewise
    yield { use, id, backend, ...(refused.length > 0 ? wrong(refused.join("; ")) : verdict) };
  }
}

type Verdict = Pick<KeyVerdict, "result" | "message">;

async function verdictOf(
  use: SvidUse,
  entry: KeyConfig,
  loaded: LoadedKeys,
  { sign }: { readonly sign: boolean },
): Promise<Verdict> {
  const problems: string[] = [];
  const complain = (field: string, message: string): void =>
    void problems.push(`${field}: ${message}`);
  try {
    const files = await readPublicFiles(entry, loaded.read, complain);
    const expected = files.certificate?.info ?? files.publicKey;
    const handle = await open(entry, loaded, complain);
    if (problems.length > 0) return wrong(problems.join("; "));
    if (handle === undefined) return unknown("there is no private key here any more");
    if (handle.publicKey !== undefined) return compare(handle.publicKey.info, expected);
    if (expected === undefined) return wrong("neither a certificate nor public_key is configured");
    if (modeOf(entry, use).mode === "wrapped")
      return await unwrapped(use, entry, handle, expected, loaded);
    const asked = await askService(entry, expected);
    if (asked.result === "wrong" || !sign) return asked;
    return await trySignature(use, entry, handle, expected);
  } catch (error) {
    if (error instanceof KeyServiceError || error instanceof ConfigError)
      return unknown(error.message);
    throw error;
  }
}

/** What the issuer says at its start: that it is the configured key does not make it one that may sign this. */
function refusals(
  use: SvidUse,
  entry: KeyConfig,
  life: KeyLife,
  { config, read, readPrivate }: LoadedKeys,
): Promise<readonly string[]> {
  return whyRefused(use, entry, life, {
    platform,
    trustDomain: config.trustDomain,
    read,
    readPrivate,
    backends,
    modes: allModes,
    env: (name) => process.env[name],
    now: platform.now(),
    longestLife: config.policy.longestTtl,
  });
}

function open(
  entry: KeyConfig,
  { read, readPrivate }: LoadedKeys,
  complain: (field: string, message: string) => void,
): Promise<KeyHandle | undefined> {
  return openBackend(backends, entry.backend, entry, {
    platform,
    read,
    readPrivate: privateKeyReader(readPrivate),
    env: (name) => process.env[name],
    complain,
  });
}

/** Has the service decrypt the data key, as the issuer does before its first signature. */
async function unwrapped(
  use: SvidUse,
  entry: KeyConfig,
  handle: KeyHandle,
  info: PublicKeyInfo,
  { config, read }: LoadedKeys,
): Promise<Verdict> {
  const chosen = signingAlgorithm(use, info, entry.algorithm);
  if (!chosen.ok) return wrong("the configured key is not of a kind that signs");
  const problems: string[] = [];
  const key = {
    id: entry.id,
    use,
    kid: await thumbprint(platform, info),
    info,
    chosen: chosen.value,
    settings: modeOf(entry, use),
    handle,
  };
  const { signer } = await openWrapped(key, {
    platform,
    trustDomain: config.trustDomain,
    longestLife: config.policy.longestTtl,
    read,
    env: (name) => process.env[name],
    complain: (field, message) => void problems.push(`${field}: ${message}`),
  });
  if (signer === undefined) return wrong(problems.join("; "));
  return signed(signer, "unwraps to the configured key");
}

/** By the public key that the service tells, where that may be asked. */
async function askService(entry: KeyConfig, expected: PublicKeyInfo): Promise<Verdict> {
  const admin = await keyAdmin(entry.backend);
  if (admin === undefined)
    return unknown(`${entry.backend} tells no public key here; --sign tries a signature`);
  try {
    const spki = parseSpki(await admin.publicKey(settingsOf(entry)));
    return spki.ok
      ? compare(spki.value, expected)
      : wrong(`${admin.name} has a key of another kind`);
  } catch (error) {
    if (!(error instanceof KeyServiceError) || !error.denied) throw error;
    return unknown(`${error.message}; --sign tries a signature instead`);
  }
}

async function trySignature(
  use: SvidUse,
  entry: KeyConfig,
  handle: KeyHandle,
  info: PublicKeyInfo,
): Promise<Verdict> {
  const chosen = signingAlgorithm(use, info, entry.algorithm);
  const key = await platform.importPublicKey(info);
  if (!chosen.ok || !key.ok) return wrong("the configured key is not of a kind that signs");
  const signer = handle.signer?.(entry.id, chosen.value, key.value);
  if (signer === undefined) return unknown("this mode does not sign where the key lies");
  return signed(
    verified(signer, platform),
    "signs, and the signature verifies under the configured key",
  );
}

async function signed(signer: Signer, words: string): Promise<Verdict> {
  try {
    await signer.sign(CHECK_MESSAGE);
    return good(words);
  } catch (error) {
    if (!(error instanceof SignerError)) throw error;
    return error.code === "unsound" ? wrong(error.message) : unknown(error.message);
  }
}

function compare(found: PublicKeyInfo, expected: PublicKeyInfo | undefined): Verdict {
  if (expected === undefined) return good("the key is there; no public half is configured");
  return equalBytes(spkiOf(found), spkiOf(expected))
    ? good("is the configured key")
    : wrong("is another key than the configuration says");
}

const good = (message: string): Verdict => ({ result: "good", message });
const wrong = (message: string): Verdict => ({ result: "wrong", message });
const unknown = (message: string): Verdict => ({ result: "unknown", message });
