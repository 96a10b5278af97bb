import { NeighbourError } from "../../issuer/beside.ts";

export interface Reload {
  /** The configuration, as people call it. */
  readonly file: string;
  /** @throws what is wrong, in words for whoever sent the signal */
  readonly reload: () => Promise<void>;
}

/**
 * Reads the configurations again at each SIGHUP, each on its own. What is wrong with one is told, and the one in force
 * stays.
 */
export function onReloadSignal(domains: readonly Reload[], tell: (line: string) => void): void {
  let last = Promise.resolve();
  process.on("SIGHUP", () => {
    last = last.then(() => reloadAll(domains, tell));
  });
}

/** What does not fit beside another that changed only later is tried once more then: their order decides nothing. */
export async function reloadAll(
  domains: readonly Reload[],
  tell: (line: string) => void,
): Promise<void> {
  const named = domains.length > 1;
  let left = domains;
  for (let taken = true; taken && left.length > 0;) {
    taken = false;
    const late: { readonly domain: Reload; readonly why: string }[] = [];
    for (const domain of left) {
      const which = named ? `${domain.file}: ` : "";
      try {
        await domain.reload(); // oxlint-disable-line no-await-in-loop -- each beside what is then in force
        taken = true;
        tell(`${which}the configuration was read again and is in force`);
      } catch (error) {
        const why = `${which}the configuration was not taken; the one before stays in force\n${error instanceof Error ? error.message : "unknown fault"}`;
        if (clashes(error)) late.push({ domain, why });
        else tell(why);
      }
    }
    if (!taken) for (const { why } of late) tell(why);
    left = late.map(({ domain }) => domain);
  }
}

function clashes(error: unknown): boolean {
  return (
    error instanceof NeighbourError ||
    (error instanceof Error && error.cause instanceof NeighbourError)
  );
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
