const TRIES = { least: 3, most: 20 };
/** Between 4, where time grows with the size, and 16, where it grows with its square. */
export const LINEAR = 8;

/**
 * How many times longer work of `4 * size` takes than work of `size`, each at its quickest. Tried again while that is
 * more than `LINEAR`: a busy machine is not slow at every try, and what is quadratic is.
 * @param of prepares work of a size; what it returns is timed
 */
export function growth(size: number, of: (size: number) => () => unknown): number {
  const work = [of(size), of(4 * size)] as const;
  for (const once of work) once(); // what is not yet compiled is slow at the size that comes first
  const quickest = { small: Infinity, large: Infinity };
  for (let tries = 1; tries <= TRIES.most; tries++) {
    quickest.small = Math.min(quickest.small, timed(work[0]));
    quickest.large = Math.min(quickest.large, timed(work[1]));
    if (tries >= TRIES.least && quickest.large < LINEAR * quickest.small) break;
  }
  return quickest.large / quickest.small;
}

/** What the thread computes, in microseconds: on a busy machine far more time may pass, for one of two sizes alone. */
function timed(work: () => unknown): number {
  const start = process.threadCpuUsage();
  work();
  const { user, system } = process.threadCpuUsage(start);
  return user + system;
}
