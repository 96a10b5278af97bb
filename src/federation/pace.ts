import type { Bundle } from "../encoding/bundle.ts";

/** Without a hint (SPIFFE Federation §4.1); and the least and the most that a hint is heeded. */
const USUAL_HINT = 300;
const MIN_HINT = 10;
const MAX_HINT = 3600;
/** Refreshes of many instances spread over so much more of the pause. */
const JITTER = 0.1;
/** After a failure, doubled with each, up to the hint: §6.2 asks for no more. */
const FIRST_RETRY = 15;

/** @returns the hint as far as it is heeded, in seconds */
export function hintOf(bundle: Pick<Bundle, "refreshHint"> | undefined): number {
  return Math.min(Math.max(bundle?.refreshHint ?? USUAL_HINT, MIN_HINT), MAX_HINT);
}

interface Pace {
  readonly bundle?: Bundle | undefined;
  /** Since the last refresh that went well. */
  readonly failures: number;
  /** Seconds. */
  readonly maxAge: number;
  /** 0 to 255. */
  readonly dice: number;
}

/** @returns seconds from the beginning of one refresh to that of the next */
export function pauseOf({ bundle, failures, maxAge, dice }: Pace): number {
  const usual = Math.min(hintOf(bundle), maxAge / 2);
  const pause = failures === 0 ? usual : Math.min(usual, FIRST_RETRY * 2 ** (failures - 1));
  return pause * (1 + (JITTER * dice) / 256);
}
