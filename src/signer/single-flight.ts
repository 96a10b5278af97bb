import type { Platform } from "../platform/platform.ts";
import { within } from "../platform/within.ts";
import { SignerError, type SignerErrorCode } from "./signer.ts";

/** Longer than a key service may take, records included. On Workers the request that began the work may have ended … */
const PATIENCE_SECONDS = 5;
/** … so that it is begun again once this is over, whatever became of it. */
const ABANDONED_SECONDS = 10;
/** Seconds in which a failure answers everybody: who asks again at once would be told the same, at a price. */
const PAUSES: Readonly<Partial<Record<SignerErrorCode, number>>> = { unsound: 30, denied: 5 };
const PAUSE = 1;

/**
 * Work that takes a call of a key service, done by one request for all that need it. The others wait for its outcome,
 * each with a timer of its own, and what gates the next attempt is the clock: on Workers a promise of another request
 * may never settle.
 */
export class SingleFlight<T> {
  readonly #name: string;
  readonly #platform: Pick<Platform, "background">;
  #begunAt = 0;
  #pending: Promise<T> | undefined;
  #failed: { readonly at: number; readonly error: unknown } | undefined;

  /** @param name of the key, as messages have it */
  constructor(name: string, platform: Pick<Platform, "background">) {
    this.#name = name;
    this.#platform = platform;
  }

  /** @param sinceFailure seconds that have to lie between a failure and what follows. @returns whether `join` would begin */
  isFree(now: number, sinceFailure = 0): boolean {
    if (this.#pending !== undefined && distance(now, this.#begunAt) < ABANDONED_SECONDS)
      return false;
    return this.#failed === undefined || distance(now, this.#failed.at) >= sinceFailure;
  }

  /**
   * @param now Unix seconds
   * @param work begun unless it is under way, or failed a moment ago
   * @throws what `work` throws; SignerError `timeout`
   */
  async join(now: number, work: () => Promise<T>): Promise<T> {
    if (this.#pending !== undefined && !this.isFree(now)) {
      const late = (): Error => new SignerError("timeout", `${this.#name} is not at hand in time`);
      return within(this.#pending, PATIENCE_SECONDS * 1000, late);
    }
    if (this.#failed !== undefined) {
      const { error, at } = this.#failed;
      const code = error instanceof SignerError ? error.code : "unavailable";
      if (distance(now, at) < (PAUSES[code] ?? PAUSE)) throw error;
    }
    this.#begunAt = now;
    const flight = this.#run(now, work);
    this.#pending = flight;
    // Others need what a request began whose client hung up.
    this.#platform.background?.(flight.catch(() => undefined));
    try {
      return await flight;
    } finally {
      if (this.#pending === flight) this.#pending = undefined;
    }
  }

  async #run(now: number, work: () => Promise<T>): Promise<T> {
    try {
      const done = await work();
      this.#failed = undefined;
      return done;
    } catch (error) {
      this.#failed = { at: now, error };
      throw error;
    }
  }
}

/** Also where a clock was set back. */
function distance(a: number, b: number): number {
  return Math.abs(a - b);
}
