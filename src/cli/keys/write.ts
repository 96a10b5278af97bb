import { utf8Decode } from "../../encoding/bytes.ts";
import type { SvidUse } from "../../signer/algorithms.ts";
import { keysSchema, type KeysConfig } from "../../signer/keys-schema.ts";
import { checkConfig, configurationError, readData } from "../config.ts";
import { CommandError } from "../errors.ts";
import { readInput } from "../files.ts";
import { printable } from "../output.ts";
import { replaceFile } from "../replace-file.ts";
import { editKeys, type KeyEdit } from "./edit.ts";
import { timelinesOf, type LoadedKeys } from "./load.ts";
import { editProblems, listProblems } from "./problems.ts";

/**
 * Changes the file that holds the keys, in one step, once what comes out was read again and found good.
 * @param more is given the keys as they would be
 * @throws CommandError (2) with everything that is wrong; the file is then as it was
 */
export async function writeEdit(
  loaded: LoadedKeys,
  use: SvidUse,
  edit: KeyEdit,
  now: number,
  more?: (changed: LoadedKeys) => Promise<unknown>,
): Promise<void> {
  const text = utf8Decode(await readInput(loaded.file));
  if (text === undefined) throw new CommandError(`${printable(loaded.file)} is not UTF-8 text`, 2);
  await replaceFile(loaded.file, editKeys(text, loaded.path, use, edit), async (draft) => {
    const keys = await keysIn(draft, loaded);
    const changed = { ...loaded, keys, timelines: timelinesOf(keys, loaded.config) };
    const problems = [...listProblems(changed, now), ...editProblems(loaded, changed, now)];
    if (problems.length > 0) throw new CommandError(problems.join("\n"), 2);
    await more?.(changed);
  });
}

async function keysIn(draft: string, { path }: LoadedKeys): Promise<KeysConfig> {
  if (path.length === 0) return readData(draft, keysSchema);
  const { config, issues } = await checkConfig(draft);
  if (config?.keys === undefined) throw configurationError(issues);
  return config.keys;
}
