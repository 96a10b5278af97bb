import type { Platform } from "../platform/platform.ts";

/** A request takes its id, serial number and `jti` from one draw: each call into the runtime costs microseconds. */
const DRAW_BYTES = 64;

/**
 * Fresh random bytes for one request and no other: nothing is kept between requests, so that an instance that is
 * cloned or resumed from a snapshot repeats nothing.
 */
export function drawEntropy(platform: Pick<Platform, "random">): (length: number) => Uint8Array {
  let left = platform.random(DRAW_BYTES);
  return (length) => {
    if (length > left.length) left = platform.random(Math.max(length, DRAW_BYTES));
    const taken = left.subarray(0, length);
    left = left.subarray(length);
    return taken;
  };
}
