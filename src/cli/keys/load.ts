import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { ReadResource } from "../../config-issue.ts";
import type { Config } from "../../issuer/config.ts";
import { byUse, SVID_USES, type SvidUse } from "../../signer/algorithms.ts";
import type { Timelines } from "../../signer/key-set.ts";
import { keysSchema, type KeyConfig, type KeysConfig } from "../../signer/keys-schema.ts";
import { timelineEntries } from "../../signer/load-keys.ts";
import { privateReader } from "../../signer/node/private-file.ts";
import { resolveTimeline, type TimelineRules } from "../../signer/timeline.ts";
import { DATA_FOLDER } from "../../runtimes/node/file-store.ts";
import { checkConfig, configurationError, readData, resourceReader } from "../config.ts";
import { CommandError, UsageError } from "../errors.ts";
import { printable } from "../output.ts";

export const CONFIG_OPTION = {
  config: {
    type: "string",
    valueHint: "FILE",
    default: "svidmint.yaml",
    description: "configuration",
  },
} as const;

export const USE_ARGUMENT = {
  use: {
    type: "positional",
    required: true,
    description: "what the key signs: x509, jwt or wit",
  },
} as const;

/** The keys of a configuration with their timelines; no private key is read. */
export interface LoadedKeys {
  readonly config: Config;
  readonly keys: KeysConfig;
  readonly timelines: Timelines;
  /** The file that holds the entries, and where in it: the configuration, or what `serve` made beside it. */
  readonly file: string;
  readonly path: readonly string[];
  /** What `file:` references are relative to. */
  readonly folder: string;
  readonly read: ReadResource;
  readonly readPrivate: ReadResource;
}

/** @throws CommandError (2) with everything that is wrong with the configuration, or where it has no keys */
export async function loadKeys(configPath: string): Promise<LoadedKeys> {
  const { config, issues } = await checkConfig(configPath);
  if (config === undefined) throw configurationError(issues);
  const folder = dirname(resolve(configPath));
  const own = join(folder, DATA_FOLDER, "keys.yaml");
  const read = resourceReader(configPath);
  const found =
    config.keys !== undefined
      ? { keys: config.keys, file: configPath, path: ["keys"] }
      : existsSync(own)
        ? { keys: await readData(own, keysSchema), file: own, path: [] }
        : undefined;
  if (found === undefined)
    throw new CommandError(
      `${printable(configPath)} has no keys: and none were made beside it: begin with svidmint keys create`,
      2,
    );
  return {
    config,
    ...found,
    timelines: timelinesOf(found.keys, config),
    folder,
    read,
    readPrivate: privateReader(read, folder),
  };
}

export function timelinesOf(keys: KeysConfig, config: RuledConfig): Timelines {
  return byUse((use) => resolveTimeline(timelineEntries(keys[use] ?? []), rulesOf(config, use)));
}

export type RuledConfig = Pick<Config, "refreshHint" | "policy">;

export function rulesOf({ refreshHint, policy }: RuledConfig, use: SvidUse): TimelineRules {
  return { refreshHint, longestLife: policy.longestTtl[use] };
}

/** @throws UsageError */
export function useArgument(text: string): SvidUse {
  const use = SVID_USES.find((one) => one === text);
  if (use === undefined) throw new UsageError("say what the key signs: x509, jwt or wit");
  return use;
}

interface NamedKey {
  readonly use: SvidUse;
  readonly index: number;
  readonly entry: KeyConfig;
}

/** Every entry, in the order of the file. */
export function allKeys(keys: KeysConfig): readonly NamedKey[] {
  return SVID_USES.flatMap((use) =>
    (keys[use] ?? []).map((entry: KeyConfig, index) => ({ use, index, entry })),
  );
}
