import type { Handle } from "./cryptoki.ts";
import { refusalOf } from "./refusal.ts";

/** Calls that a token works on at once. As many threads does the process have. */
export const MOST_SESSIONS = 8;
const SESSION_COUNT = "throttled";

/** Sessions of one token: one call each at a time, opened as they are needed, and kept. */
export class Sessions {
  readonly #open: () => Handle;
  readonly #free: Handle[];
  readonly #waiting: ((session: Handle) => void)[] = [];
  #left = MOST_SESSIONS - 1;

  /** @param first one that is open */
  constructor(first: Handle, open: () => Handle) {
    this.#free = [first];
    this.#open = open;
  }

  async use<T>(work: (session: Handle) => Promise<T>): Promise<T> {
    const session = this.#free.pop() ?? this.#another() ?? (await this.#next());
    try {
      return await work(session);
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free.push(session);
      else next(session);
    }
  }

  /** @returns undefined where no more are to be had */
  #another(): Handle | undefined {
    if (this.#left === 0) return undefined;
    try {
      const session = this.#open();
      this.#left--;
      return session;
    } catch (error) {
      // Other applications share the token: those that we have do.
      if (refusalOf(error).fault.code !== SESSION_COUNT) throw error;
      this.#left = 0;
      return undefined;
    }
  }

  #next(): Promise<Handle> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }
}
