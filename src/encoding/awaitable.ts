import type { Awaitable } from "../result.ts";

/** Goes on at once where the value is there, so that synchronous cryptography costs no turn of the event loop. */
export function whenReady<T, U>(
  value: Awaitable<T>,
  step: (value: T) => Awaitable<U>,
): Awaitable<U> {
  return value instanceof Promise ? value.then(step) : step(value);
}
