import { readdirSync } from "node:fs";
import { open, readdir, readFile, unlink, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { StoreError } from "../store-error.ts";
import { decodeJournal, encodeBaseMark, encodeLine, type Change } from "./journal-format.ts";

const NAME = /^claims\.(\d{10})\.log$/;
const CHANGES_A_LINE = 1000;
const GROWTH = 3;
/** Below this a rewrite is not worth it. */
const MIN_REWRITE_BYTES = 1024 * 1024;

export type OpenFile = (path: string, flags: string, mode: number) => Promise<FileHandle>;

/**
 * An append-only log in numbered files, the highest of which counts. To take over, from a dead process or to drop
 * what is outlived, a process first creates the next number, exclusively, and only then reads the one before. A writer
 * looks for a higher number after each sync and before it answers. So whatever was answered is read by the successor,
 * and a writer that slept through its own replacement can answer nothing: correct without trusting any lock.
 */
export class Journal {
  readonly #directory: string;
  readonly #epoch: number;
  readonly #file: FileHandle;
  #limit: number;
  #line: number;
  #bytes: number;

  private constructor(
    directory: string,
    epoch: number,
    file: FileHandle,
    line: number,
    bytes: number,
  ) {
    this.#directory = directory;
    this.#epoch = epoch;
    this.#file = file;
    this.#line = line;
    this.#bytes = bytes;
    this.#limit = Math.max(MIN_REWRITE_BYTES, GROWTH * bytes);
  }

  /**
   * Takes over what lies in the directory.
   * @param base what of the changes that were read is still worth keeping
   * @throws StoreError `corrupt`; `locked` where another process does the same at this moment
   */
  static async open(
    directory: string,
    base: (changes: readonly Change[]) => Iterable<Change>,
    openFile: OpenFile = open,
  ): Promise<Journal> {
    const before = await epochs(directory);
    const read = async (): Promise<Iterable<Change>> => base(await readNewest(directory, before));
    return Journal.#begin(directory, before, read, openFile);
  }

  static async #begin(
    directory: string,
    before: readonly number[],
    base: () => Iterable<Change> | Promise<Iterable<Change>>,
    openFile: OpenFile,
  ): Promise<Journal> {
    const epoch = (before[0] ?? 0) + 1;
    const file = await createNext(directory, epoch, openFile);
    try {
      // Only now that the number is taken: nobody is answered any more by whoever wrote the file before.
      const { line, bytes } = await writeBase(file, epoch, await base());
      await syncDirectory(directory);
      const journal = new Journal(directory, epoch, file, line, bytes);
      // While an older file is there, nothing in this one was ever answered: either may be read.
      for (const old of before) await unlink(pathOf(directory, old)); // oxlint-disable-line no-await-in-loop -- one or two
      await syncDirectory(directory);
      journal.#mustCount();
      return journal;
    } catch (error) {
      await file.close().catch(() => undefined);
      // If the older file is gone already, this one is all there is.
      if ((await epochs(directory)).length > 1)
        await unlink(pathOf(directory, epoch)).catch(() => undefined);
      throw error;
    }
  }

  /** Grown to a multiple of what it held at first: `rewrite` is worth its while. */
  get outgrown(): boolean {
    return this.#bytes > this.#limit;
  }

  /** Whether this is still the file that counts. */
  isNewest(): boolean {
    return sortEpochs(readdirSync(this.#directory))[0] === this.#epoch;
  }

  /**
   * Writes, syncs, and makes sure that it still counts. Not to be called again before it is done.
   * @throws StoreError `lost`; whatever the file system throws
   */
  async append(changes: readonly Change[]): Promise<void> {
    this.#bytes += await writeAll(this.#file, encodeLine(this.#epoch, this.#line, changes));
    this.#line++;
    await this.#file.datasync();
    this.#mustCount();
  }

  #mustCount(): void {
    if (this.isNewest()) return;
    throw new StoreError("lost", `another process has taken over ${this.#directory}`);
  }

  /**
   * The same content in a new file; this one is done with. Where there is no room for it, this one goes on.
   * @throws whatever the file system throws, if neither can
   */
  async rewrite(content: Iterable<Change>, openFile: OpenFile = open): Promise<Journal> {
    try {
      const next = await Journal.#begin(this.#directory, [this.#epoch], () => content, openFile);
      await this.close();
      return next;
    } catch (error) {
      if (!this.isNewest()) throw error;
      this.#limit = GROWTH * this.#bytes;
      return this;
    }
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

/** The one step that decides between two processes. */
async function createNext(
  directory: string,
  epoch: number,
  openFile: OpenFile,
): Promise<FileHandle> {
  try {
    return await openFile(pathOf(directory, epoch), "ax", 0o600);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
    throw new StoreError("locked", `another process is opening ${directory}`, { cause: error });
  }
}

async function writeBase(
  file: FileHandle,
  epoch: number,
  base: Iterable<Change>,
): Promise<{ line: number; bytes: number }> {
  let [line, bytes] = [0, 0];
  let pending: Change[] = [];
  const flush = async (): Promise<void> => {
    if (pending.length === 0) return;
    bytes += await writeAll(file, encodeLine(epoch, line++, pending));
    pending = [];
  };
  for (const change of base) {
    if (pending.push(change) >= CHANGES_A_LINE) await flush(); // oxlint-disable-line no-await-in-loop -- lines have an order
  }
  await flush();
  bytes += await writeAll(file, encodeBaseMark(epoch, line++));
  await file.sync();
  return { line, bytes };
}

/** The newest that is whole: a newer one without its mark was never finished, and nobody was answered from it. */
async function readNewest(
  directory: string,
  before: readonly number[],
): Promise<readonly Change[]> {
  let damage: StoreError | undefined;
  for (const epoch of before) {
    const path = pathOf(directory, epoch);
    try {
      const { changes, complete } = decodeJournal(epoch, await readFile(path)); // oxlint-disable-line no-await-in-loop -- the first, as a rule
      if (complete) return changes;
      // The very first file may never have been finished; any other replaced one that would still be here.
      damage =
        epoch === 1 ? undefined : new StoreError("corrupt", `${path}: its beginning is damaged`);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      damage = new StoreError("corrupt", `${path}: ${error.message}`, { cause: error });
    }
  }
  if (damage === undefined) return [];
  const advice =
    "restore it from a backup, or move it away and know that what was claimed is free again";
  throw new StoreError("corrupt", `${damage.message}; ${advice}`, { cause: damage });
}

async function epochs(directory: string): Promise<readonly number[]> {
  return sortEpochs(await readdir(directory));
}

/** Highest first. */
function sortEpochs(names: readonly string[]): readonly number[] {
  return names
    .flatMap((name) => NAME.exec(name)?.[1] ?? [])
    .map(Number)
    .toSorted((a, b) => b - a);
}

function pathOf(directory: string, epoch: number): string {
  return join(directory, `claims.${String(epoch).padStart(10, "0")}.log`);
}

async function writeAll(file: FileHandle, text: string): Promise<number> {
  const bytes = Buffer.from(text, "utf8");
  let written = 0;
  while (written < bytes.length) {
    written += (await file.write(bytes, written)).bytesWritten; // oxlint-disable-line no-await-in-loop -- short writes
  }
  return bytes.length;
}

/** A new or removed name is as durable as its directory. */
async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
