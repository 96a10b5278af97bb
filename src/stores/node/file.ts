import { mkdir, open, stat } from "node:fs/promises";
import { join } from "node:path";
import {
  assigned,
  banned,
  decideClaim,
  decideRelease,
  recordOf,
  type Step,
} from "../claim-rules.ts";
import type { ClaimStore } from "../claim-store.ts";
import { StoreError } from "../store-error.ts";
import { FileState, storeError } from "./file-state.ts";
import type { OpenFile } from "./journal.ts";
import { acquireLock, type Lock, type LockOptions } from "./lock.ts";

/** After a fault, the journal is read again at most so often, in milliseconds. */
const RETRY_MS = 1000;
const GROUP_OR_OTHERS_WRITE = 0o022;

export interface FileStoreOptions {
  /** Made with mode 0700 if it is not there. Nobody else may write in it. */
  readonly directory: string;
  readonly lock?: LockOptions;
  /** For tests: a file system that fails. */
  readonly openFile?: OpenFile;
}

export type FileStore = ClaimStore & Required<Pick<ClaimStore, "list" | "close">>;

/**
 * A claim store for one Node process: in memory, and in a journal that is synced before anything is answered.
 * @throws StoreError `locked` where another process has it, `corrupt` where it cannot be believed
 */
export async function openFileStore(options: FileStoreOptions): Promise<FileStore> {
  const { directory, openFile = open } = options;
  const lock = await takeFolder(options).catch((error: unknown) => {
    throw storeError(error);
  });
  const load = (): Promise<FileState> => FileState.load(directory, openFile);
  const first = await load().catch(async (error: unknown) => {
    await lock.release();
    throw error;
  });
  return fileStore(first, load, () => lock.release());
}

async function takeFolder({ directory, lock }: FileStoreOptions): Promise<Lock> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  if (((await stat(directory)).mode & GROUP_OR_OTHERS_WRITE) !== 0) {
    throw new StoreError("unavailable", `others may write in ${directory}: set its mode to 0700`);
  }
  return acquireLock(join(directory, "claims.lock"), lock);
}

function fileStore(
  first: FileState,
  load: () => Promise<FileState>,
  released: () => Promise<void>,
): FileStore {
  let state: FileState | undefined = first;
  let loading: Promise<FileState> | undefined;
  let fault: StoreError | undefined;
  let retryAt = 0;

  /** The state of this moment; after a fault that may pass, one that is read anew. @throws StoreError */
  async function ready(): Promise<FileState> {
    if (state !== undefined && state.dead === undefined) return state;
    fault = state?.dead ?? fault;
    state = undefined;
    if (loading !== undefined) return loading;
    if (fault !== undefined && (!fault.retryable || performance.now() < retryAt)) throw fault;
    retryAt = performance.now() + RETRY_MS;
    loading = load().finally(() => {
      loading = undefined;
    });
    try {
      state = await loading;
      return state;
    } catch (error) {
      if (error instanceof StoreError) fault = error;
      throw error;
    }
  }

  async function apply<T>(key: string, decide: (there: FileState) => Step<T>): Promise<T> {
    const there = await ready();
    const { answer, change } = decide(there);
    if (change !== undefined) there.change(["claim", key, change.next ?? null]);
    await there.commit();
    return answer;
  }

  return {
    claim: (request) =>
      apply(request.key, (there) => decideClaim(there.claim(request.key), request)),
    release: (key, options) => apply(key, (there) => decideRelease(there.claim(key), options)),
    assign: (key, owner, now, ttlSeconds) =>
      apply(key, (there) => ({
        answer: undefined,
        change: { next: assigned(there.claim(key), owner, now, ttlSeconds) },
      })),
    ban: (key, now) =>
      apply(key, (there) => ({
        answer: undefined,
        change: { next: banned(there.claim(key), now) },
      })),
    show: (key) =>
      apply(key, (there) => {
        const entry = there.claim(key);
        return { answer: entry && recordOf(entry) };
      }),
    list: () =>
      apply("", (there) => ({
        answer: Array.from(there.claims(), ([key, entry]) => ({ key, ...recordOf(entry) })),
      })),
    async once(key, now, ttlSeconds) {
      const there = await ready();
      const until = there.seenUntil(key);
      const isNew = until === undefined || now >= until;
      if (isNew) there.change(["once", key, now + ttlSeconds]);
      await there.commit();
      return isNew ? "new" : "seen";
    },
    async get(name) {
      const text = (await ready()).snapshot(name);
      return text === undefined ? undefined : new Uint8Array(Buffer.from(text, "base64"));
    },
    async put(name, value) {
      const there = await ready();
      there.change(["snapshot", name, Buffer.from(value).toString("base64")]);
      await there.commit();
    },
    async close() {
      const there = state ?? (await loading?.catch(() => undefined));
      fault = new StoreError("lost", "the claim store is closed");
      state = undefined;
      await there?.close();
      await released();
    },
  };
}
