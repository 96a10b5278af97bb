import { randomBytes } from "node:crypto";
import { open, realpath, rename, stat, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { CommandError } from "./errors.ts";
import { printable } from "./output.ts";

/**
 * Puts new content in the place of a file at once: whoever reads it sees the old or the new one whole. On disk before
 * it has the name; mode as before, 0644 for a new file. What a symbolic link points at is replaced, not the link.
 * @param check is given the path of the draft, beside the file; what it throws leaves the file as it was
 * @throws CommandError (2)
 */
export async function replaceFile(
  path: string,
  content: string | Uint8Array,
  check?: (draft: string) => Promise<void>,
): Promise<void> {
  const target = await realpath(path).catch(() => path);
  const folder = dirname(target);
  const draft = join(folder, `.${basename(target)}.${randomBytes(6).toString("hex")}`);
  const mode = (await stat(target).catch(() => undefined))?.mode;
  try {
    await writeSynced(draft, content, (mode ?? 0o644) & 0o777);
    await check?.(draft);
    await rename(draft, target);
    await sync(folder);
  } catch (error) {
    await unlink(draft).catch(() => undefined);
    if (error instanceof CommandError) throw error;
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    if (code === "") throw error;
    throw new CommandError(`cannot write ${printable(path)}: ${code}`, 2, { cause: error });
  }
}

async function writeSynced(
  path: string,
  content: string | Uint8Array,
  mode: number,
): Promise<void> {
  const file = await open(path, "wx", mode);
  try {
    await file.chmod(mode);
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function sync(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
