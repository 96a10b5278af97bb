/**
 * Reads the configuration again at each SIGHUP. What is wrong with it is told, and the one in force stays.
 * @param reload @throws what is wrong, in words for whoever sent the signal
 */
export function onReloadSignal(reload: () => Promise<void>, tell: (line: string) => void): void {
  process.on("SIGHUP", () => {
    reload().then(
      () => tell("the configuration was read again and is in force"),
      (error: unknown) => {
        const why = error instanceof Error ? error.message : "unknown fault";
        tell(`the configuration was not taken; the one before stays in force\n${why}`);
      },
    );
  });
}

/** Calls `stop` once, at the first SIGTERM or SIGINT; a second signal ends the process as it is. */
export function onStopSignal(stop: () => Promise<void>): void {
  const handle = (): void => {
    process.once("SIGINT", () => process.exit(130));
    process.once("SIGTERM", () => process.exit(143));
    stop().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  let stopping = false;
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.once(signal, () => {
      if (stopping) return;
      stopping = true;
      handle();
    });
  }
}
