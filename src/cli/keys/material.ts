import { ConfigError, type ConfigIssue } from "../../config-issue.ts";
import { spkiOf } from "../../encoding/public-key.ts";
import { encodePem } from "../../encoding/pem.ts";
import { encodeBase64 } from "../../encoding/base64.ts";
import { utf8Encode } from "../../encoding/bytes.ts";
import { openBackend } from "../../signer/backend.ts";
import { keySet, type KeysByUse, type TimedKeySet } from "../../signer/key-set.ts";
import type { KeyConfig, KeysConfig } from "../../signer/keys-schema.ts";
import { privateKeyReader } from "../../signer/key-material.ts";
import { readConfiguredKeys } from "../../signer/load-keys.ts";
import { allModes } from "../../signer/modes.ts";
import { openLocal } from "../../signer/local.ts";
import { CommandError } from "../errors.ts";
import { issueLine, locateAll } from "../config.ts";
import { platform } from "../key-file.ts";
import { printable } from "../output.ts";
import type { LoadedKeys } from "./load.ts";

export interface PublicKeySet {
  /** Those still to be published. */
  readonly keys: KeysByUse;
  readonly set: TimedKeySet;
}

/**
 * The keys as the bundle shows them: from the configuration alone. A local token key without `public_key` is the
 * exception, since only its private half tells the public one.
 * @param report warnings
 * @throws CommandError (2) with everything that is wrong
 */
export async function publicKeySet(
  loaded: LoadedKeys,
  now: number,
  report: (issue: ConfigIssue) => void = () => undefined,
): Promise<PublicKeySet> {
  const { config, read } = loaded;
  try {
    const { keys, timelines } = await readConfiguredKeys(await withPublicKeys(loaded, now), {
      platform,
      trustDomain: config.trustDomain,
      read,
      backends: {},
      modes: allModes,
      env: () => undefined,
      publicOnly: true,
      now,
      refreshHint: config.refreshHint,
      changedAt: config.changedAt,
      longestLife: config.policy.longestTtl,
      report,
    });
    return { keys, set: keySet(keys, timelines, config) };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw await keysError(loaded, error);
  }
}

/** Errors of keys with their places in the file that holds them. */
async function keysError(loaded: LoadedKeys, error: ConfigError): Promise<CommandError> {
  const issues = error.issues.map((issue) => ({
    ...issue,
    path: issue.path[0] === "keys" ? [...loaded.path, ...issue.path.slice(1)] : issue.path,
  }));
  const lines = (await locateAll(loaded.file, issues)).map(issueLine);
  return new CommandError(["the keys cannot be used", ...lines].join("\n"), 2, { cause: error });
}

async function withPublicKeys(loaded: LoadedKeys, now: number): Promise<KeysConfig> {
  const complete = async (
    use: "jwt" | "wit",
    entries: readonly KeyConfig[],
  ): Promise<KeyConfig[]> =>
    Promise.all(
      entries.map(async (entry, index) => {
        const gone = (loaded.timelines[use][index]?.removedAt ?? 0) <= now;
        if (entry.public_key !== undefined || entry.backend !== "local" || gone) return entry;
        return { ...entry, public_key: await publicHalf(entry, loaded) };
      }),
    );
  const { jwt, wit } = loaded.keys;
  return {
    ...loaded.keys,
    ...(jwt && { jwt: await complete("jwt", jwt) }),
    ...(wit && { wit: await complete("wit", wit) }),
  };
}

async function publicHalf(entry: KeyConfig, { readPrivate, read }: LoadedKeys): Promise<string> {
  const problems: string[] = [];
  const handle = await openBackend({ local: openLocal }, "local", entry, {
    platform,
    read,
    readPrivate: privateKeyReader(readPrivate),
    env: (name) => process.env[name],
    complain: (_field, message) => void problems.push(message),
  });
  if (handle?.publicKey === undefined)
    throw new CommandError(
      printable(
        `the public half of ${entry.id} is not known here (${problems[0] ?? "private_key is missing"}): write its public_key into the entry, so that the bundle can be told without the key`,
      ),
      2,
    );
  const pem = encodePem("PUBLIC KEY", spkiOf(handle.publicKey.info));
  return `data:;base64,${encodeBase64(utf8Encode(pem))}`;
}
