import type { ConfigIssue } from "../config-issue.ts";
import { encodeBase64url } from "../encoding/base64.ts";
import { utf8Encode } from "../encoding/bytes.ts";
import type { Platform } from "../platform/platform.ts";
import { assigned, banned, decideClaim, decideRelease, recordOf } from "./claim-rules.ts";
import type { ClaimEntry, Step } from "./claim-rules.ts";
import type { ClaimStore } from "./claim-store.ts";
import { claimText, onceText, snapshotText } from "./entry-text.ts";
import { MAX_RECORD_LENGTH, type NextRecord, type Records } from "./records.ts";
import { CLAIM_GRACE_SECONDS, ONCE_GRACE_SECONDS } from "./retention.ts";
import { StoreError } from "./store-error.ts";
import { attempts } from "./attempts.ts";

export interface OptimisticOptions {
  readonly platform: Pick<Platform, "random">;
  /** Snapshots of two trust domains in one store are two; claims and one-time values say it in their keys. */
  readonly trustDomain: string;
  /** For one operation, its retries included. */
  readonly deadlineMs?: number;
}

const DEADLINE_MS = 2000;

/** What shall stand there, and what is answered once it does; without `change`, at once. */
interface Decision<T> {
  readonly answer: T;
  readonly change?: { readonly next: NextRecord | undefined };
}

/**
 * A claim store over records that change from a known state only: read, decide, write if nobody came between.
 * No lock, no clock but the caller's, and nothing is decided by what an earlier read said.
 */
export function optimisticStore(records: Records, options: OptimisticOptions): ClaimStore {
  const { platform, trustDomain, deadlineMs = DEADLINE_MS } = options;
  let checked = records.check === undefined;

  /** @param guess the first try takes for granted that nothing stands there, and spares a read */
  function apply<T>(
    name: string,
    decide: (text: string | undefined) => Decision<T>,
    guess = false,
  ): Promise<T> {
    /** Writes that were asked for and not answered: each may stand there, now or later. */
    const pending: { readonly text: string | undefined; readonly answer: T }[] = [];
    return attempts(deadlineMs, async (attempt, left) => {
      await ready(left());
      const stored = guess && attempt === 0 ? undefined : await records.read(name, left());
      const ours = pending.find(({ text }) => text === stored?.text);
      if (ours !== undefined) return { done: ours.answer };
      const { answer, change } = decide(stored?.text);
      const text = change?.next?.text;
      if (change === undefined || text === stored?.text) return { done: answer };
      if (text !== undefined && text.length > MAX_RECORD_LENGTH)
        throw new StoreError("refused", "the record is too big for the claim store");
      try {
        const written = await records.write(name, change.next, stored, left());
        return written ? { done: answer } : undefined;
      } catch (error) {
        pending.push({ text, answer });
        throw error;
      }
    });
  }

  async function ready(timeoutMs: number): Promise<void> {
    if (checked) return;
    await records.check?.(timeoutMs);
    checked = true;
  }

  const onClaim = <T>(key: string, decide: (entry: ClaimEntry | undefined) => Step<T>) =>
    apply(`claim.${key}`, (text): Decision<T> => {
      const { answer, change } = decide(text === undefined ? undefined : claimText.read(text));
      if (change === undefined) return { answer };
      return { answer, change: { next: change.next && recordOfClaim(change.next) } };
    });
  const setClaim = (key: string, next: (entry: ClaimEntry | undefined) => ClaimEntry) =>
    onClaim(key, (entry) => ({ answer: undefined, change: { next: next(entry) } }));
  const snapshotName = (name: string): string =>
    `snapshot.${encodeBase64url(utf8Encode(JSON.stringify([trustDomain, name])))}`;

  return {
    claim: (request) => onClaim(request.key, (entry) => decideClaim(entry, request)),
    assign: (key, owner, now, ttlSeconds) =>
      setClaim(key, (entry) => assigned(entry, owner, now, ttlSeconds)),
    ban: (key, now) => setClaim(key, (entry) => banned(entry, now)),
    release: (key, which) => onClaim(key, (entry) => decideRelease(entry, which)),
    show: (key) => onClaim(key, (entry) => ({ answer: entry && recordOf(entry) })),
    once(key, now, ttlSeconds) {
      const until = now + ttlSeconds;
      const by = encodeBase64url(platform.random(12));
      const next = { text: onceText.write({ until, by }), keepUntil: until + ONCE_GRACE_SECONDS };
      return apply<"new" | "seen">(
        `once.${key}`,
        (text) =>
          text !== undefined && now < onceText.read(text).until
            ? { answer: "seen" }
            : { answer: "new", change: { next } },
        true,
      );
    },
    get: (name) =>
      apply(snapshotName(name), (text) => ({
        answer: text === undefined ? undefined : snapshotText.read(text),
      })),
    put: (name, value) =>
      apply(snapshotName(name), () => ({
        answer: undefined,
        change: { next: { text: snapshotText.write(value) } },
      })),
    ...(records.close && { close: () => records.close?.() ?? Promise.resolve() }),
  };
}

function recordOfClaim(entry: ClaimEntry): NextRecord {
  const keepUntil = recordOf(entry).expiresAt + CLAIM_GRACE_SECONDS;
  const text = claimText.write(entry);
  return Number.isFinite(keepUntil) ? { text, keepUntil } : { text };
}

/**
 * As `optimisticStore`, after a first look at the store. One that does not answer is opened all the same: what needs
 * no claim is not to wait for it. @throws StoreError where first use can never be decided there
 */
export async function openOptimistic(
  records: Records,
  options: OptimisticOptions & { readonly report: (issue: ConfigIssue) => void },
): Promise<ClaimStore> {
  try {
    await records.check?.(options.deadlineMs ?? DEADLINE_MS);
  } catch (error) {
    if (!(error instanceof StoreError) || !error.retryable) {
      await records.close?.();
      throw error;
    }
    const message = `does not answer now, and what needs a claim is refused until it does: ${error.message}`;
    options.report({ path: ["store"], message, severity: "warning" });
  }
  return optimisticStore(records, options);
}
