export interface CallLimits {
  /** Calls that may be under way at once. */
  readonly concurrent: number;
  /** After so many seconds a call counts as over, whether or not anybody heard of it. */
  readonly seconds: number;
  readonly perSecond: number;
  /** Calls that may be made at once after a pause. */
  readonly burst: number;
}

/**
 * Bounds calls that strangers can cause. Nobody waits in a line: who comes too many is told so at once.
 * What ends a call is the clock, too: on Workers a request whose client hangs up never says that its call is over.
 */
export class CallBudget {
  readonly #limits: CallLimits;
  readonly #running = new Set<{ readonly until: number }>();
  #left: number;
  #at = 0;

  constructor(limits: CallLimits) {
    this.#limits = limits;
    this.#left = limits.burst;
  }

  /** @param now Unix seconds. @returns what to call when the call is over; undefined where none may be made */
  take(now: number): (() => void) | undefined {
    const { concurrent, seconds, perSecond, burst } = this.#limits;
    for (const call of this.#running) {
      // Also where a clock was set back: no call runs longer than that.
      if (call.until <= now || call.until > now + seconds) this.#running.delete(call);
    }
    this.#left = Math.min(burst, this.#left + Math.max(0, now - this.#at) * perSecond);
    this.#at = now;
    if (this.#running.size >= concurrent || this.#left < 1) return undefined;
    this.#left -= 1;
    const call = { until: now + seconds };
    this.#running.add(call);
    return () => void this.#running.delete(call);
  }
}
