import { StoreError } from "./store-error.ts";

/** Faults that may pass (a lost connection, a busy server) are met so often, whatever time is left. */
const MAX_FAULTS = 3;
const FIRST_PAUSE_MS = 5;
const LONGEST_PAUSE_MS = 200;

/**
 * Tries until something comes of it, with pauses that grow and are drawn by lot, so that those who stood in each
 * other's way do not meet again.
 * @param once `left` tells the milliseconds that remain. @returns undefined where somebody came between
 * @throws StoreError what cannot pass at once; else the last one, or `unavailable` where others were always faster
 */
export async function attempts<T>(
  deadlineMs: number,
  once: (attempt: number, left: () => number) => Promise<{ readonly done: T } | undefined>,
): Promise<T> {
  const end = performance.now() + deadlineMs;
  const left = (): number => Math.max(1, end - performance.now());
  let faults = 0;
  for (let attempt = 0; ; attempt++) {
    let fault = new StoreError("unavailable", "too many come for one claim at once");
    try {
      const outcome = await once(attempt, left); // oxlint-disable-line no-await-in-loop -- one try after another
      if (outcome !== undefined) return outcome.done;
    } catch (error) {
      if (!(error instanceof StoreError) || !error.retryable || ++faults >= MAX_FAULTS) throw error;
      fault = error;
    }
    const pause = Math.random() * Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** attempt);
    if (performance.now() + pause >= end) throw fault;
    await new Promise((resolve) => setTimeout(resolve, pause)); // oxlint-disable-line no-await-in-loop -- as above
  }
}
