import { dirname, resolve } from "node:path";
import { checkBeside } from "../issuer/beside.ts";
import { dataFolders } from "../runtimes/node/file-store.ts";
import {
  checkConfig,
  configurationError,
  locateAll,
  type CheckedConfig,
  type LocatedIssue,
} from "./config.ts";

/** One of them, in which nothing is wrong. */
type SoundConfig = Required<CheckedConfig> & { readonly path: string };

export interface CheckedSet {
  /** Of all: what is wrong with each by itself, then with one beside those before it. */
  readonly issues: readonly LocatedIssue[];
  /** In the order of the files, where there are no errors. */
  readonly sound?: readonly SoundConfig[];
}

/** The configurations of one deployment, each by itself and beside the others. @throws CommandError (2) */
export async function checkConfigs(
  paths: readonly string[],
  check: (path: string) => Promise<CheckedConfig> = (path) => checkConfig(path),
): Promise<CheckedSet> {
  const sound: SoundConfig[] = [];
  const issues: LocatedIssue[] = [];
  for (const path of paths) {
    const { config, document, issues: own } = await check(path); // oxlint-disable-line no-await-in-loop -- told in their order
    issues.push(...own);
    if (config !== undefined && document !== undefined)
      sound.push({ path, config, document, issues: own });
  }
  const neighbours = sound.map(({ path, config }) => ({
    file: path,
    config,
    folders: dataFolders(config, dirname(resolve(path))),
  }));
  for (const [index, one] of neighbours.entries()) {
    const found = neighbours.slice(0, index).flatMap((other) => checkBeside(one, other));
    issues.push(...(await locateAll(one.file, found))); // oxlint-disable-line no-await-in-loop -- told in their order
  }
  const usable =
    sound.length === paths.length && issues.every(({ severity }) => severity !== "error");
  return { issues, ...(usable && { sound }) };
}

/** As `checkConfigs`. @throws CommandError (2) with everything that is wrong */
export async function soundConfigs(
  ...[paths, check]: Parameters<typeof checkConfigs>
): Promise<Required<CheckedSet>> {
  const { issues, sound } = await checkConfigs(paths, check);
  if (sound === undefined) throw configurationError(issues);
  return { issues, sound };
}
