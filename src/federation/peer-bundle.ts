import type { Platform } from "../platform/platform.ts";
import { within } from "../platform/within.ts";
import type { Awaitable } from "../result.ts";
import { believe } from "./believe.ts";
import { LIMITS, type FetchBundle, type HeldBundle, type PeerError } from "./peer.ts";
import type { Snapshots } from "./snapshots.ts";

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
  readonly refreshed: (outcome: PeerError | undefined) => void;
}

/** Without a hint (SPIFFE Federation §4.1); and the least and the most that a hint is heeded. */
const USUAL_HINT = 300;
const MIN_HINT = 10;
const MAX_HINT = 3600;
/** Refreshes of many instances spread over so much more of the hint. */
const JITTER = 0.1;
/** After a failure, doubled with each, up to the hint. */
const FIRST_RETRY = 15;
/** One that has not ended by then was dropped with the request that began it. */
const ABANDONED = 15;

/**
 * The bundle of one peer: kept, refreshed by its hint, never rolled back, and given up when its age is too great.
 * All times are Unix seconds. What gates a refresh is the clock and not a promise, which on Workers may never settle.
 */
export class PeerBundle {
  readonly #options: PeerBundleOptions;
  #held: HeldBundle | undefined;
  #etag: string | undefined;
  #floor: bigint | undefined;
  #begunAt: number | undefined;
  #pending: Promise<void> | undefined;
  #dueAt = 0;
  #failures = 0;
  #error: PeerError | undefined;
  #storedAt = -Infinity;
  #restored = false;

  constructor(options: PeerBundleOptions) {
    this.#options = options;
    this.#held = options.initial && { ...options.initial, maxAge: options.maxAge };
    const { minSequence } = options;
    this.#floor = minSequence === undefined ? undefined : BigInt(minSequence);
    this.#raise(options.initial);
  }

  /** What was last believed, be it too old or not. */
  get held(): HeldBundle | undefined {
    return this.#held;
  }

  get error(): PeerError | undefined {
    return this.#error;
  }

  get dueAt(): number {
    return this.#dueAt;
  }

  usable(now: number): HeldBundle | undefined {
    const held = this.#held;
    // Also where a clock was set back: what seems to come from the future is as doubtful as what is old.
    return held && Math.abs(now - held.heldSince) <= this.#options.maxAge ? held : undefined;
  }

  /** @returns the refresh, where one is due and none under way */
  refresh(now: number): Promise<void> | undefined {
    const running =
      this.#pending !== undefined && Math.abs(now - (this.#begunAt ?? -Infinity)) < ABANDONED;
    if (now < this.#dueAt || running) return undefined;
    this.#begunAt = now;
    const refresh = this.#refresh(now).finally(() => {
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
    return within(pending, LIMITS.timeoutMs + 1000, () => new Error("late")).then(
      () => this.usable(now),
      () => this.usable(now),
    );
  }

  /** Never rejects: nobody may be waiting for it. */
  async #refresh(now: number): Promise<void> {
    let error: PeerError | undefined;
    try {
      await this.#restore(now);
      error = await this.#fetch(now);
    } catch {
      error = { code: "network", detail: "an unexpected fault" };
    }
    this.#error = error;
    this.#failures = error === undefined ? 0 : this.#failures + 1;
    this.#dueAt = now + this.#pause();
    this.#options.refreshed(error);
  }

  async #fetch(now: number): Promise<PeerError | undefined> {
    const { url, fetchBundle, trustDomain } = this.#options;
    const etag = this.#etag;
    const answer = await fetchBundle(etag === undefined ? { url } : { url, etag });
    if (!answer.ok) return answer.error;
    const held = this.#held;
    if (answer.value.status === 304) {
      if (held === undefined || etag === undefined) return { code: "status", detail: "304" };
      this.#held = { ...held, heldSince: now, source: "fetched" };
      await this.#keep(this.#held, now, false);
      return undefined;
    }
    let believed = believe(answer.value.bytes, trustDomain, this.#floor);
    if (!believed.ok && believed.error.code === "rolled_back" && (await this.#wasReset()))
      believed = believe(answer.value.bytes, trustDomain, this.#floor);
    if (!believed.ok) return believed.error;
    const { document } = believed.value;
    const same = held?.document === document;
    this.#held = {
      ...(same ? held : believed.value),
      heldSince: now,
      source: "fetched",
      maxAge: this.#options.maxAge,
    };
    this.#etag = answer.value.etag;
    this.#raise(this.#held);
    await this.#keep(this.#held, now, !same);
    return undefined;
  }

  /** What other instances, or this one before it was started again, last believed: also how far back is too far. */
  async #restore(now: number): Promise<void> {
    const snapshots = this.#options.snapshots();
    if (this.#restored || snapshots === undefined) return;
    const stored = await snapshots.read(this.#options.trustDomain);
    this.#restored = true;
    if (stored === undefined || stored.url !== this.#options.url) return;
    const believed = believe(stored.bytes, this.#options.trustDomain, this.#floor);
    if (!believed.ok) return;
    this.#storedAt = stored.heldSince;
    const restored: HeldBundle = {
      ...believed.value,
      heldSince: Math.min(stored.heldSince, now),
      source: "stored",
      maxAge: this.#options.maxAge,
    };
    this.#raise(restored);
    const older = sequenceOf(this.#held) > sequenceOf(restored);
    if (this.#held?.source !== "fetched" && !older) this.#held = restored;
  }

  /** Whether an operator took back what was stored: then the peer may start anew. */
  async #wasReset(): Promise<boolean> {
    const reset = await this.#options.snapshots()?.resetAt(this.#options.trustDomain);
    if (reset === undefined || reset < (this.#held?.heldSince ?? 0)) return false;
    const { minSequence } = this.#options;
    this.#floor = minSequence === undefined ? undefined : BigInt(minSequence);
    return true;
  }

  /** A store that does not answer costs nothing but what it would have kept. */
  async #keep(held: HeldBundle, now: number, changed: boolean): Promise<void> {
    const snapshots = this.#options.snapshots();
    // The age is written down now and then, so that what is restored is not taken for older than it is by much.
    if (snapshots === undefined || (!changed && now - this.#storedAt < this.#options.maxAge / 8))
      return;
    const { trustDomain, url } = this.#options;
    await snapshots.write(trustDomain, { url, heldSince: held.heldSince, document: held.document });
    this.#storedAt = now;
  }

  #raise(held: HeldBundle | undefined): void {
    const sequence = held?.bundle.sequence;
    if (sequence !== undefined && sequence > (this.#floor ?? -1n)) this.#floor = sequence;
  }

  #pause(): number {
    const hint = this.#held?.bundle.refreshHint ?? USUAL_HINT;
    const usual = Math.min(Math.max(hint, MIN_HINT), MAX_HINT, this.#options.maxAge / 2);
    const pause =
      this.#failures === 0 ? usual : Math.min(usual, FIRST_RETRY * 2 ** (this.#failures - 1));
    const [dice = 0] = this.#options.platform.random(1);
    return pause * (1 + (JITTER * dice) / 256);
  }
}

function sequenceOf(held: HeldBundle | undefined): bigint {
  return held?.bundle.sequence ?? -1n;
}
