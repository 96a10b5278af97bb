/**
 * Resolves once nobody wants the demo any more: at a signal, or when its reader goes away (`| head`). Neither ends the
 * process by itself, so that what was started is ended and what was written is removed.
 */
export const stopped = new Promise<void>((resolve) => {
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => resolve());
  process.stdout.on("error", () => resolve());
});
