/** What is made when it is first needed, and kept: start-up is not the time for what a deployment may never use. */
export function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}
