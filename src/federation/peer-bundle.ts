import { utf8Encode } from "../encoding/bytes.ts";
import type { Platform } from "../platform/platform.ts";
import { within } from "../platform/within.ts";
import type { Awaitable } from "../result.ts";
import { believe, type Believed, type Seen } from "./believe.ts";
import { pauseOf } from "./pace.ts";
import { LIMITS, type FetchBundle, type HeldBundle, type PeerError } from "./peer.ts";
import type { PeerRecord, Snapshots } from "./snapshots.ts";

export interface PeerBundleOptions {
  readonly trustDomain: string;
  readonly url: string;
  /** Of the configuration. */
  readonly initial?: HeldBundle | undefined;
  readonly minSequence?: number | undefined;
  /** Seconds. */
  readonly maxAge: number;
  readonly platform: Pick<Platform, "random" | "background">;
  readonly fetchBundle: FetchBundle;
  readonly snapshots: () => Snapshots | undefined;
  /** What came of each refresh. */
  readonly refreshed: (outcome: RefreshOutcome) => void;
  /** The store of snapshots failed, or did not answer. */
  readonly storeFailed?: () => void;
}

export interface RefreshOutcome {
  readonly error?: PeerError | undefined;
  readonly held?: HeldBundle | undefined;
  /** Other keys, or another sequence or hint, than were held before. */
  readonly changed: boolean;
  /** What is held may be used. */
  readonly usable: boolean;
}

/** Seconds. One that has not ended by then was dropped with the request that began it: all of it takes less. */
const ABANDONED = 30;
const STORE_TIMEOUT_MS = 2000;

/**
 * The bundle of one peer: kept, refreshed by its hint, never rolled back, and given up when its age is too great.
 * All times are Unix seconds. What gates a refresh is the clock and not a promise, which on Workers may never settle.
 */
export class PeerBundle {
  readonly #options: PeerBundleOptions;
  #held: HeldBundle | undefined;
  /** Of what is held. */
  #etag: string | undefined;
  /** The highest sequence that was ever seen. */
  #floor: bigint | undefined;
  #begunAt = -Infinity;
  #pause = 0;
  #pending: Promise<void> | undefined;
  /** How many refreshes have begun; and the latest whose outcome was taken. */
  #begun = 0;
  #ended = 0;
  #failures = 0;
  #error: PeerError | undefined;
  /** What is stored was confirmed then. */
  #storedAt = -Infinity;
  #restored = false;
  #keeping: Promise<unknown> | undefined;

  constructor(options: PeerBundleOptions) {
    this.#options = options;
    this.#floor = leastOf(options);
    this.#hold(options.initial, undefined);
  }

  /** What was last believed, be it too old or not. */
  get held(): HeldBundle | undefined {
    return this.#held;
  }

  get error(): PeerError | undefined {
    return this.#error;
  }

  /** `-Infinity` before the first refresh. */
  get dueAt(): number {
    return this.#begunAt + this.#pause;
  }

  usable(now: number): HeldBundle | undefined {
    const held = this.#held;
    // Also where a clock was set back: what seems to come from the future is as doubtful as what is old.
    return held && Math.abs(now - held.heldSince) <= this.#options.maxAge ? held : undefined;
  }

  isRunning(now: number): boolean {
    return this.#pending !== undefined && Math.abs(now - this.#begunAt) < ABANDONED;
  }

  /** In either direction: a clock that was set back does not end refreshing until it has caught up. */
  isDue(now: number): boolean {
    return !this.isRunning(now) && Math.abs(now - this.#begunAt) >= this.#pause;
  }

  /** @returns the refresh, where one is due and none under way; it never rejects */
  refresh(now: number): Promise<void> | undefined {
    if (!this.isDue(now)) return undefined;
    this.#begunAt = now;
    this.#pause = ABANDONED;
    const refresh = this.#refresh(now, ++this.#begun).finally(() => {
      if (this.#pending === refresh) this.#pending = undefined;
    });
    this.#pending = refresh;
    this.#options.platform.background?.(refresh);
    return refresh;
  }

  /** Waits for a refresh where nothing is held that may be used. */
  find(now: number): Awaitable<HeldBundle | undefined> {
    const pending = this.refresh(now) ?? this.#pending;
    const usable = this.usable(now);
    if (usable !== undefined || pending === undefined) return usable;
    const settled = (): HeldBundle | undefined => this.usable(now);
    return within(pending, LIMITS.timeoutMs + 1000, () => new Error("late")).then(settled, settled);
  }

  /** When what was last believed is written down, or will not be: a process that ended before would not know how far back is too far. */
  async kept(): Promise<void> {
    await this.#keeping;
  }

  async #refresh(now: number, run: number): Promise<void> {
    const before = this.#held;
    let error: PeerError | undefined;
    try {
      if (!this.#restored) await this.#restore(now);
      const { url, fetchBundle } = this.#options;
      const etag = this.#etag;
      const asked = this.#held;
      const answer = await fetchBundle(etag === undefined ? { url } : { url, etag });
      // What one that was given up brings late is taken unless a later one was faster.
      if (run < this.#ended) return;
      if (!answer.ok) error = answer.error;
      else if (answer.value.status === 200)
        error = await this.#take(answer.value.bytes, answer.value.etag, now);
      else if (etag !== undefined && asked !== undefined && asked === this.#held)
        await this.#confirm(asked, etag, now);
      else error = { code: "status", detail: "304" };
    } catch {
      error = { code: "network", detail: "an unexpected fault" };
    }
    this.#ended = Math.max(run, this.#ended);
    this.#error = error;
    this.#failures = error === undefined ? 0 : this.#failures + 1;
    const { maxAge, platform, refreshed } = this.#options;
    const [dice = 0] = platform.random(1);
    const held = this.#held;
    this.#pause = pauseOf({ bundle: held?.bundle, failures: this.#failures, maxAge, dice });
    refreshed({
      error,
      held,
      changed: held?.document !== before?.document,
      usable: this.usable(now) !== undefined,
    });
  }

  async #take(bytes: Uint8Array, etag: string | undefined, now: number) {
    const { trustDomain } = this.#options;
    let believed = believe(bytes, trustDomain, this.#seen);
    if (!believed.ok && believed.error.code === "rolled_back" && (await this.#wasReset(now))) {
      const floor = leastOf(this.#options);
      believed = believe(bytes, trustDomain, { floor });
      if (believed.ok) this.#floor = floor;
    }
    if (!believed.ok) return believed.error;
    const changed = this.#held?.document !== believed.value.document;
    this.#hold(this.#heldAs(believed.value, now, "fetched"), usableTag(etag));
    return (this.#keeping = this.#keep(now, changed));
  }

  async #confirm(held: HeldBundle, etag: string, now: number): Promise<void> {
    this.#hold({ ...held, heldSince: now, source: "fetched" }, etag);
    await (this.#keeping = this.#keep(now, false));
  }

  /** Who keeps something by the bundle, or by its document, finds the very same while nothing in them changes. */
  #heldAs(believed: Believed, heldSince: number, source: "fetched" | "stored"): HeldBundle {
    const held = this.#held;
    const { bundle, document } = held?.document === believed.document ? held : believed;
    return { bundle, document, heldSince, source };
  }

  get #seen(): Seen {
    return { floor: this.#floor, held: this.#held };
  }

  #hold(held: HeldBundle | undefined, etag: string | undefined): void {
    this.#held = held && { ...held, maxAge: this.#options.maxAge };
    this.#etag = etag;
    const sequence = held?.bundle.sequence;
    if (sequence !== undefined && sequence > (this.#floor ?? -1n)) this.#floor = sequence;
  }

  /**
   * What other instances, or this one before it was started again, last believed: also how far back is too far.
   * @returns what the store says; undefined where it says nothing
   */
  async #restore(now: number): Promise<PeerRecord | undefined> {
    const record = await this.#record();
    if (record === undefined) return undefined;
    this.#restored = true;
    const { stored } = record;
    if (stored === undefined || stored.url !== this.#options.url) return record;
    const believed = believe(stored.bytes, this.#options.trustDomain, this.#seen);
    if (!believed.ok) return record;
    const held = this.#held;
    if (held !== undefined && !supersedes(believed.value, held)) return record;
    this.#storedAt = stored.heldSince;
    this.#hold(this.#heldAs(believed.value, Math.min(stored.heldSince, now), "stored"), undefined);
    return record;
  }

  /** Whether an operator took back what was seen: then the peer may start anew. */
  async #wasReset(now: number): Promise<boolean> {
    const { resetAt } = (await this.#record()) ?? {};
    // By a clock that is ahead it waits until then: else it would hold for every later rollback, too.
    return resetAt !== undefined && resetAt <= now && resetAt >= (this.#held?.heldSince ?? 0);
  }

  /** Writes down what changed; and its age now and then, so that what is restored seems older by little only. */
  async #keep(now: number, changed: boolean): Promise<PeerError | undefined> {
    const held = this.#held;
    const { maxAge, snapshots, trustDomain, url } = this.#options;
    if (held === undefined || snapshots() === undefined) return undefined;
    if (!changed && now - this.#storedAt < maxAge / 8) return undefined;
    // Another instance may have been told of a newer one: then this one was a step back, and is not believed.
    const known = await this.#restore(now);
    if (this.#held !== held)
      return { code: "rolled_back", detail: "another instance has seen a higher sequence" };
    const bytes = utf8Encode(held.document);
    const write = async (store: Snapshots): Promise<boolean> => {
      await store.write(trustDomain, { url, heldSince: held.heldSince, bytes });
      return true;
    };
    // Over what could not be read nothing is written: it may be newer. And what was not written is tried again soon.
    const written = known !== undefined && (await this.#stored(write)) === true;
    this.#storedAt = written ? now : -Infinity;
    return undefined;
  }

  #record(): Promise<PeerRecord | undefined> {
    return this.#stored((store) => store.read(this.#options.trustDomain));
  }

  /** A store that fails, or does not answer, costs nothing but what it would have kept. */
  async #stored<T>(ask: (store: Snapshots) => Promise<T>): Promise<T | undefined> {
    const store = this.#options.snapshots();
    if (store === undefined) return undefined;
    try {
      return await within(ask(store), STORE_TIMEOUT_MS, () => new Error("late"));
    } catch {
      this.#options.storeFailed?.();
      return undefined;
    }
  }
}

/** Of the configuration. */
function leastOf({ minSequence }: PeerBundleOptions): bigint | undefined {
  return minSequence === undefined ? undefined : BigInt(minSequence);
}

/** Whether what was stored takes the place of what is held, where both may be believed. */
function supersedes(stored: Believed, held: HeldBundle): boolean {
  const one = stored.bundle.sequence ?? -1n;
  const other = held.bundle.sequence ?? -1n;
  // Beside the configured one it is the peer's later word, or the true age of the same.
  return one === other ? held.source === "configured" : one > other;
}

/** What is sent back to the peer is short, and stands in a header as it is. */
function usableTag(etag: string | undefined): string | undefined {
  return etag !== undefined && /^[\x21-\x7e]{1,256}$/.test(etag) ? etag : undefined;
}
