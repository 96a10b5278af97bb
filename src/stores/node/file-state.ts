import type { ClaimEntry } from "../claim-rules.ts";
import { CLAIM_GRACE_SECONDS, ONCE_GRACE_SECONDS } from "../retention.ts";
import { StoreError } from "../store-error.ts";
import { Journal, type OpenFile } from "./journal.ts";
import type { Change } from "./journal-format.ts";

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: StoreError) => void;
}

/**
 * The store's content in memory, with the journal that makes it last. After a write that failed, memory is ahead of
 * the disk: the state is dead then, and whoever goes on reads a new one.
 */
export class FileState {
  readonly #claims = new Map<string, ClaimEntry>();
  readonly #seen = new Map<string, number>();
  readonly #snapshots = new Map<string, string>();
  readonly #openFile: OpenFile;
  #journal: Journal | undefined;
  #dead: StoreError | undefined;
  #changes: Change[] = [];
  #waiters: Waiter[] = [];
  #draining = false;
  #drained: Promise<void> = Promise.resolve();

  private constructor(openFile: OpenFile) {
    this.#openFile = openFile;
  }

  /** @throws StoreError */
  static async load(directory: string, openFile: OpenFile): Promise<FileState> {
    const state = new FileState(openFile);
    try {
      state.#journal = await Journal.open(
        directory,
        (changes) => {
          for (const change of changes) state.#remember(change);
          state.#forget();
          return state.#content();
        },
        openFile,
      );
    } catch (error) {
      throw storeError(error);
    }
    return state;
  }

  /** Why nothing can be done with it any more. */
  get dead(): StoreError | undefined {
    return this.#dead;
  }

  claim(key: string): ClaimEntry | undefined {
    return this.#claims.get(key);
  }

  seenUntil(key: string): number | undefined {
    return this.#seen.get(key);
  }

  snapshot(name: string): string | undefined {
    return this.#snapshots.get(name);
  }

  claims(): Iterable<readonly [string, ClaimEntry]> {
    return this.#claims;
  }

  /** Takes effect in memory at once, so that the next question sees it; `commit` makes it last. */
  change(change: Change): void {
    this.#remember(change);
    this.#changes.push(change);
  }

  /**
   * Resolves when everything decided so far is on disk. An answer that changed nothing waits too: it may rest on a
   * claim that is still on its way there. All that wait at one time share one sync.
   * @throws StoreError
   */
  commit(): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#dead !== undefined) {
        reject(this.#dead);
        return;
      }
      this.#waiters.push({ resolve, reject });
      if (this.#draining) return;
      this.#draining = true;
      this.#drained = this.#drain();
    });
  }

  async close(): Promise<void> {
    await this.#drained;
    this.#dead ??= new StoreError("unavailable", "the claim store is closed");
    await this.#journal?.close();
    this.#journal = undefined;
  }

  async #drain(): Promise<void> {
    try {
      while (this.#waiters.length > 0) {
        const [waiters, changes] = [this.#waiters, this.#changes];
        this.#waiters = [];
        this.#changes = [];
        try {
          await this.#write(changes); // oxlint-disable-line no-await-in-loop -- one sync after another
        } catch (error) {
          await this.#die(storeError(error), waiters); // oxlint-disable-line no-await-in-loop -- leaves the loop
          return;
        }
        for (const { resolve } of waiters) resolve();
      }
    } finally {
      // At once, not in a later turn: who comes in between would wait for a drain that is over.
      this.#draining = false;
    }
  }

  async #write(changes: readonly Change[]): Promise<void> {
    if (this.#journal === undefined || changes.length === 0) return;
    await this.#journal.append(changes);
    if (!this.#journal.outgrown) return;
    this.#forget();
    this.#journal = await this.#journal.rewrite(this.#content(), this.#openFile);
  }

  /** What was decided on top of a failed write counts for nothing either. */
  async #die(fault: StoreError, waiters: readonly Waiter[]): Promise<void> {
    this.#dead = fault;
    const journal = this.#journal;
    this.#journal = undefined;
    for (const { reject } of [...waiters, ...this.#waiters]) reject(fault);
    this.#waiters = [];
    await journal?.close().catch(() => undefined);
  }

  #remember(change: Change): void {
    const [kind, key, content] = change;
    if (kind === "once") this.#seen.set(key, content);
    else if (kind === "snapshot") this.#snapshots.set(key, content);
    else if (content === null) this.#claims.delete(key);
    else this.#claims.set(key, content);
  }

  #forget(): void {
    const now = Date.now() / 1000;
    for (const [key, { expiresAt }] of this.#claims) {
      if (expiresAt + CLAIM_GRACE_SECONDS < now) this.#claims.delete(key);
    }
    for (const [key, until] of this.#seen) {
      if (until + ONCE_GRACE_SECONDS < now) this.#seen.delete(key);
    }
  }

  *#content(): Iterable<Change> {
    for (const [key, entry] of this.#claims) yield ["claim", key, entry];
    for (const [key, until] of this.#seen) yield ["once", key, until];
    for (const [name, text] of this.#snapshots) yield ["snapshot", name, text];
  }
}

/** What the file system refuses, in the words of a store. */
export function storeError(error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  const code = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
  return new StoreError("unavailable", `the claim store cannot be written: ${code}`, {
    cause: error,
  });
}
