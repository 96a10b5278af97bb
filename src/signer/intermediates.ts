import type { Platform } from "../platform/platform.ts";
import { ok, type Awaitable, type Ok, type Result } from "../result.ts";
import type { IntermediateLog, SigningAuthority, X509Key } from "./authority.ts";
import { SignerError, signerFailure } from "./signer.ts";
import { SingleFlight } from "./single-flight.ts";

/** An intermediate of this process. All times are Unix seconds. */
export interface Intermediate {
  readonly key: X509Key;
  /** RFC 7638 thumbprint. */
  readonly thumbprint: string;
  readonly notBefore: number;
  /** Nothing above it ends earlier. */
  readonly notAfter: number;
  /** Whether another would end no later. */
  readonly isLast: boolean;
}

export type Obtain = (now: number, log: IntermediateLog) => Promise<Result<Intermediate>>;

const MAX_LIFE = 48 * 3600;
const SPARE = 300;
/** Renewals of instances that began together spread over so long. */
const SPREAD = 240;
/** Between tries while the one at hand still serves. */
const RETRY = 30;

/** Seconds that an intermediate lives: a leaf may be asked for at any time of the first half and get its whole life. */
export function intermediateLife(longestLeaf: number): number {
  return Math.min(2 * (longestLeaf + SPARE), MAX_LIFE);
}

/**
 * The intermediates of one key: the first is obtained when it is needed, the next while the one before still serves.
 * Between these moments each request costs three comparisons.
 */
export class Intermediates implements SigningAuthority {
  readonly #longestLeaf: number;
  readonly #platform: Pick<Platform, "random">;
  readonly #obtain: Obtain;
  readonly #flight: SingleFlight<Result<X509Key>>;
  #current: (Intermediate & { readonly renewAt: number; readonly answer: Ok<X509Key> }) | undefined;
  #previous: string | undefined;

  /**
   * @param id of the key, for messages
   * @param longestLeaf seconds
   */
  constructor(
    id: string,
    longestLeaf: number,
    platform: Pick<Platform, "random" | "background">,
    obtain: Obtain,
  ) {
    this.#longestLeaf = longestLeaf;
    this.#platform = platform;
    this.#obtain = obtain;
    this.#flight = new SingleFlight(`the intermediate of ${id}`, platform);
  }

  key(now: number, log: IntermediateLog): Awaitable<Result<X509Key>> {
    const serving = this.#serving(now);
    if (serving === undefined) return this.#first(now, log);
    if (now >= serving.renewAt && this.#flight.isFree(now, RETRY)) this.#renew(now, log);
    return serving.answer;
  }

  owns(thumbprint: string): boolean {
    return thumbprint === this.#current?.thumbprint || thumbprint === this.#previous;
  }

  /** One from the future is none: the clock was wrong when it was made, or is now. */
  #serving(now: number) {
    const current = this.#current;
    return current !== undefined && current.notBefore <= now && now < current.notAfter
      ? current
      : undefined;
  }

  async #first(now: number, log: IntermediateLog): Promise<Result<X509Key>> {
    try {
      return await this.#flight.join(now, () => this.#replace(now, log));
    } catch (error) {
      // Whoever began it may have finished without our hearing of it.
      const serving = this.#serving(now);
      if (serving !== undefined) return serving.answer;
      if (error instanceof SignerError) return { ok: false, error: signerFailure(error) };
      throw error;
    }
  }

  /** In the background: what comes of it is in the log, and the next request finds it. */
  #renew(now: number, log: IntermediateLog): void {
    void this.#flight.join(now, () => this.#replace(now, log)).catch(() => undefined);
  }

  async #replace(now: number, log: IntermediateLog): Promise<Result<X509Key>> {
    const obtained = await this.#obtain(now, log);
    if (!obtained.ok) return obtained;
    const { key, isLast, notAfter } = obtained.value;
    // Not in the second half of a life that came out shorter than was asked for.
    const early = Math.min(this.#longestLeaf + SPARE, (notAfter - now) / 2);
    const [dice = 0] = this.#platform.random(1);
    const jitter = (dice / 256) * Math.min(SPREAD, early / 2);
    this.#previous = this.#current?.thumbprint;
    const answer: Ok<X509Key> = { ok: true, value: key };
    const renewAt = isLast ? Infinity : notAfter - early + jitter;
    this.#current = { ...obtained.value, renewAt, answer };
    return ok(key);
  }
}
