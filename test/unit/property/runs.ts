/**
 * How often a property is tried: `full` on Node; a third of it on workerd, where the very same code runs in an engine of
 * the same kind, and what could differ are the runtime's own functions.
 */
export function runs(full: number): number {
  const workerd = globalThis.navigator?.userAgent === "Cloudflare-Workers";
  return workerd ? Math.ceil(full / 3) : full;
}
