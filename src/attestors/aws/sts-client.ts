import { callerIdentityCall, type SignedParts } from "../../platform/caller-identity.ts";
import { type BoundedResponse, fetchBounded } from "../../platform/http.ts";
import type { Platform } from "../../platform/platform.ts";
import { fail, ok, type Result } from "../../result.ts";
import { CallBudget } from "../call-budget.ts";
import { type Caller, readAnswer, readErrorCode } from "./caller.ts";

const MAX_BYTES = 64 * 1024;
const TIMEOUT_MS = 5000;
/** STS answers 600 calls a second and account; this is one instance of an issuer, and a stranger can use all of it. */
const LIMITS = { concurrent: 32, seconds: 10, perSecond: 50, burst: 200 };
const MAX_REMEMBERED = 1024;
const REFUSALS: readonly number[] = [400, 401, 403];
/** Refusals that say nothing of the signature. */
const THROTTLED = /^(?:Throttling|ThrottlingException|RequestLimitExceeded|TooManyRequests)/;

interface Question {
  readonly parts: SignedParts;
  readonly host: string;
  readonly signedFor: string;
  /** A digest of all that was signed. */
  readonly key: string;
  /** Unix seconds. */
  readonly now: number;
}

/** Asks STS who signed. Keeps nothing of what it is asked but digests of what STS refused. */
export class StsClient {
  readonly #platform: Platform;
  readonly #budget = new CallBudget(LIMITS);
  /** Oldest first. What STS refused once it refuses for ever: the time of the signature only moves away. */
  readonly #refused = new Set<string>();

  constructor(platform: Platform) {
    this.#platform = platform;
  }

  /**
   * @returns `signature_invalid` where STS says so; `sts_unavailable` where it says nothing of the signature, or
   *   was not asked because too much was asked before
   */
  async ask({ parts, host, signedFor, key, now }: Question): Promise<Result<Caller>> {
    // With the signature: a wrong one must not stand in the way of the right one for the same request.
    const memory = `${key} ${parts.signature}`;
    if (this.#refused.has(memory)) return fail("signature_invalid", "refused by STS before");
    const over = this.#budget.take(now);
    if (over === undefined) return fail("sts_unavailable", "too many calls");
    try {
      const { url, headers, body } = callerIdentityCall(parts, host, signedFor);
      const options = { method: "POST", headers, body, maxBytes: MAX_BYTES, timeoutMs: TIMEOUT_MS };
      const response = await fetchBounded(this.#platform, url, options);
      if (!response.ok) return fail("sts_unavailable", response.error.code);
      const { status, bytes } = response.value;
      const refusal = REFUSALS.includes(status) ? readErrorCode(bytes) : undefined;
      if (refusal !== undefined && !THROTTLED.test(refusal)) this.#remember(memory);
      return judge(response.value, refusal);
    } finally {
      over();
    }
  }

  #remember(refused: string): void {
    const [oldest] = this.#refused;
    if (this.#refused.size >= MAX_REMEMBERED && oldest !== undefined) this.#refused.delete(oldest);
    this.#refused.add(refused);
  }
}

/** @param refusal the code that STS refused with */
function judge({ status, headers, bytes }: BoundedResponse, refusal?: string): Result<Caller> {
  if (refusal !== undefined && THROTTLED.test(refusal)) return fail("sts_unavailable", refusal);
  if (REFUSALS.includes(status)) return fail("signature_invalid", refusal ?? `status ${status}`);
  if (status !== 200) return fail("sts_unavailable", `status ${status}`);
  if (!/^application\/json(?:;|$)/i.test(headers.get("content-type") ?? ""))
    return fail("sts_unavailable", "the answer is not JSON");
  const caller = readAnswer(bytes);
  return caller ? ok(caller) : fail("sts_unavailable", "the answer is not one identity");
}
