import { type Awaitable, ok, type Result } from "../result.ts";

/** Goes on at once where the value is there, so that synchronous cryptography costs no turn of the event loop. */
export function whenReady<T, U>(
  value: Awaitable<T>,
  step: (value: T) => Awaitable<U>,
): Awaitable<U> {
  return value instanceof Promise ? value.then(step) : step(value);
}

/**
 * A pause of one microtask. Requests that go on together do what lies between two such pauses right after one another,
 * each with the code and the constants of that step at hand, and not each the whole way alone with all of it to be
 * fetched anew. Awaited where a long way with no other pause in it is worth cutting.
 */
export const inStep: Promise<void> = Promise.resolve();

/** One step after the other until one fails; whoever answers at once is not waited for. @returns the first failure */
export function inOrder<I, T>(
  items: readonly I[],
  step: (item: I, index: number) => Awaitable<Result<T>>,
  done: T[] = [],
): Awaitable<Result<T[]>> {
  for (let index = done.length; index < items.length; index++) {
    const result = step(items[index]!, index);
    if (result instanceof Promise)
      return result.then((late) => (late.ok ? inOrder(items, step, [...done, late.value]) : late));
    if (!result.ok) return result;
    done.push(result.value);
  }
  return ok(done);
}
