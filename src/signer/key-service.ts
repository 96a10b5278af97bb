import { within } from "../platform/within.ts";
import { SignerError } from "./signer.ts";

/** For all that one signature takes: credentials, both tries, the pause between them. */
const BUDGET_MS = 2000;
/** One try, so that a lost connection leaves time for another. */
const TRY_MS = 1200;
const MIN_PAUSE_MS = 20;
const MAX_PAUSE_MS = 100;
/** What is asked beyond it is refused at once: a queue would only grow where a service is slow. */
const MAX_RUNNING = 64;
/** So many failed in a row: it is asked no more, save once in a while to see whether it is well again. */
const MAX_FAILURES = 5;
const REST_MS = 1000;
/** Between alarms of one key that is denied. */
const QUIET_MS = 60_000;
/** Retries add a tenth to the calls at most, however long a service fails. */
const RETRY_SHARE = 0.1;
const MAX_RETRIES = 3;

/**
 * How a key service is called, one object a key. What it keeps of a call ends by the clock: on Workers one may be
 * dropped with the request that made it and never return.
 */
export class KeyService {
  readonly #name: string;
  /** When each running call is over at the latest. */
  readonly #running = new Set<{ readonly end: number }>();
  #retries = MAX_RETRIES;
  #failures = 0;
  #restsUntil = 0;
  #quietUntil = 0;
  #last = new SignerError("unavailable", "");

  /** @param name as messages have it */
  constructor(name: string) {
    this.#name = name;
  }

  /**
   * @param once one try, which is given its time in milliseconds
   * @throws SignerError its own, that of the last try, or that of an earlier call while the service rests
   */
  async call<T>(once: (timeoutMs: number) => Promise<T>): Promise<T> {
    const run = { end: performance.now() + BUDGET_MS };
    this.#admit();
    this.#running.add(run);
    this.#retries = Math.min(MAX_RETRIES, this.#retries + RETRY_SHARE);
    try {
      const answer = await this.#tries(once, run.end);
      this.#failures = 0;
      return answer;
    } catch (error) {
      if (error instanceof SignerError && error.code !== "unsound") this.#failed(error);
      throw error;
    } finally {
      this.#running.delete(run);
    }
  }

  #admit(): void {
    const now = performance.now();
    if (this.#failures >= MAX_FAILURES) {
      const { code, message } = this.#last;
      if (now < this.#restsUntil)
        throw new SignerError(code, `${message}; it is not asked again so soon`);
      // This call is the one that sees; others wait for what it finds, or for its end.
      this.#restsUntil = now + BUDGET_MS;
    }
    for (const run of this.#running) if (run.end < now) this.#running.delete(run);
    if (this.#running.size >= MAX_RUNNING)
      throw new SignerError("throttled", `${this.#name} is asked too much at once`);
  }

  async #tries<T>(once: (timeoutMs: number) => Promise<T>, end: number): Promise<T> {
    const attempt = (): Promise<T> => {
      const timeoutMs = Math.max(1, Math.min(TRY_MS, end - performance.now()));
      const late = (): Error => new SignerError("timeout", `${this.#name} gives no answer in time`);
      return within(once(timeoutMs), timeoutMs, late);
    };
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof SignerError) || !error.retryable || this.#retries < 1) throw error;
      this.#retries--;
      const pause = MIN_PAUSE_MS + Math.random() * (MAX_PAUSE_MS - MIN_PAUSE_MS);
      await new Promise((resolve) => {
        setTimeout(resolve, pause);
      });
      return attempt();
    }
  }

  #failed(error: SignerError): void {
    const now = performance.now();
    this.#last = error;
    this.#failures++;
    this.#restsUntil = now + REST_MS;
    if (error.code !== "denied" || now < this.#quietUntil) return;
    this.#quietUntil = now + QUIET_MS;
    error.isNews = true;
  }
}
