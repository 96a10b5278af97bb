/**
 * How much longer a store keeps what has ended, in seconds, so that a clock which was wrong for a while costs nobody a
 * claim: stores' own clocks only clean up, and whether a claim stands is decided by the caller's.
 */
export const CLAIM_GRACE_SECONDS = 86_400;
export const ONCE_GRACE_SECONDS = 3600;
