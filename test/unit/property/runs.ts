const IN_WORKERD = globalThis.navigator?.userAgent === "Cloudflare-Workers";

/** How often a property is tried: on workerd, where it is only to be seen that it holds there as well, a quarter as often. */
export function runs(numRuns: number): number {
  return IN_WORKERD ? Math.ceil(numRuns / 4) : numRuns;
}
