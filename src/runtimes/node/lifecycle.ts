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
