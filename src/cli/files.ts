import { constants } from "node:fs";
import { chmod, mkdir, open, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { CommandError } from "./errors.ts";
import { printable } from "./output.ts";

/** Bytes; far above anything that is handed in on purpose, so that a wrong file name does not fill the memory. */
const MAX_INPUT_BYTES = 4 * 1024 * 1024;

/**
 * A file, or standard input for `-` and for no name.
 * @throws CommandError (2) where there is none, or it is too big
 */
export async function readInput(
  path: string | undefined,
  maxBytes = MAX_INPUT_BYTES,
): Promise<Uint8Array> {
  const bytes = await readUpTo(path, maxBytes);
  if (bytes === undefined) {
    throw new CommandError(
      `${named(path)} is longer than ${maxBytes} bytes, which nothing this command takes is`,
      2,
    );
  }
  return bytes;
}

/**
 * As `readInput`, for what is judged by its size too.
 * @returns undefined where it is too big
 */
export function readUpTo(
  path: string | undefined,
  maxBytes: number,
): Promise<Uint8Array | undefined> {
  return path === undefined || path === "-" ? readStdin(maxBytes) : readWhole(path, maxBytes);
}

async function readStdin(maxBytes: number): Promise<Uint8Array | undefined> {
  if (process.stdin.isTTY) throw new CommandError("name a file, or pipe the input in", 2);
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of process.stdin as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length > maxBytes) return undefined;
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks));
}

async function readWhole(path: string, maxBytes: number): Promise<Uint8Array | undefined> {
  let file;
  try {
    file = await open(path, "r");
  } catch (error) {
    throw cannot("read", path, error);
  }
  try {
    // Read to one byte beyond the limit, not to `stat`'s word: a device or pipe has no size.
    const buffer = Buffer.alloc(
      Math.min(maxBytes + 1, Math.max((await file.stat()).size + 1, 65_536)),
    );
    let length = 0;
    let grown = buffer;
    for (;;) {
      const { bytesRead } = await file.read(grown, length, grown.length - length, null);
      if (bytesRead === 0) return new Uint8Array(grown.subarray(0, length));
      length += bytesRead;
      if (length > maxBytes) return undefined;
      if (length === grown.length) {
        grown = Buffer.concat([grown], Math.min(maxBytes + 1, grown.length * 2));
      }
    }
  } catch (error) {
    throw cannot("read", path, error);
  } finally {
    await file.close();
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch {
    return false;
  }
}

interface WriteOptions {
  /** 0600, in a folder that is made 0700: for private keys. */
  readonly private?: boolean;
  readonly force?: boolean;
}

/**
 * Writes a new file; an existing one only with `force`.
 * @throws CommandError where it is there already or cannot be written
 */
async function writeNew(path: string, content: string, options: WriteOptions = {}): Promise<void> {
  const mode = options.private === true ? 0o600 : 0o644;
  const overwrite = options.force === true ? constants.O_TRUNC : constants.O_EXCL;
  try {
    await mkdir(dirname(path), { recursive: true, mode: options.private === true ? 0o700 : 0o755 });
    const file = await open(
      path,
      constants.O_WRONLY | constants.O_CREAT | overwrite | constants.O_NOFOLLOW,
      mode,
    );
    try {
      // Before the first byte: a file that was there keeps its old mode otherwise.
      if (options.private === true) await file.chmod(mode);
      await file.writeFile(content);
    } finally {
      await file.close();
    }
  } catch (error) {
    if (codeOf(error) === "EEXIST") {
      throw isThere(path, error);
    }
    throw cannot("write", path, error);
  }
}

export interface NewFile {
  readonly path: string;
  readonly content: string;
  readonly private?: boolean;
}

/**
 * Several files that belong together. All are looked for before the first is written, so that a refusal leaves
 * nothing half done. @throws CommandError where one is there already or cannot be written
 */
export async function writeAllNew(files: readonly NewFile[], force: boolean): Promise<void> {
  if (!force) await refuseExisting(files.map(({ path }) => path));
  for (const file of files) await writeNew(file.path, file.content, { ...file, force });
}

/** Before something is done that cannot be undone. @throws CommandError where one is there already */
export async function refuseExisting(paths: readonly string[]): Promise<void> {
  for (const path of paths) if (await exists(path)) throw isThere(path); // oxlint-disable-line no-await-in-loop -- a few
}

function isThere(path: string, cause?: unknown): CommandError {
  return new CommandError(`${printable(path)} is there already; use --force to overwrite it`, 1, {
    cause,
  });
}

/** Makes a folder that nobody else may look into. @throws CommandError (2) */
export async function makePrivate(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await chmod(folder, 0o700);
  } catch (error) {
    throw cannot("make", folder, error);
  }
}

function cannot(verb: string, path: string, error: unknown): CommandError {
  const why: Record<string, string> = {
    ENOENT: "there is no such file",
    EACCES: "permission denied",
    EISDIR: "it is a folder",
    EEXIST: "something else has that name",
    ENOTDIR: "a part of the path is not a folder",
    ELOOP: "it is a symbolic link",
    ENOSPC: "the disk is full",
    EROFS: "the file system is read-only",
  };
  const code = codeOf(error) ?? "unknown error";
  return new CommandError(`cannot ${verb} ${printable(path)}: ${why[code] ?? code}`, 2, {
    cause: error,
  });
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string"
    ? error.code
    : undefined;
}

function named(path: string | undefined): string {
  return path === undefined || path === "-" ? "standard input" : printable(path);
}
