/** As many as begin together: more would make the first of them wait for nothing. */
const MOST = 32;

/**
 * Lets requests that came in one turn of the event loop go on together. Their answers then leave together, so that
 * whoever waits for them on another core is woken once and not for each: on a virtual machine that costs the sender tens
 * of microseconds. And their steps alternate (`inStep`), each running many times in a row with its code at hand.
 * A request alone waits for the end of its turn, microseconds.
 */
export function inBatches(most = MOST): () => Promise<void> {
  let waiting: (() => void)[] = [];
  const release = (): void => {
    const batch = waiting.splice(0, most);
    if (waiting.length > 0) setImmediate(release);
    for (const go of batch) go();
  };
  return () =>
    new Promise((resolve) => {
      if (waiting.push(resolve) === 1) setImmediate(release);
    });
}
