import { nextChange, spiffeSequence } from "../../signer/timeline.ts";
import { defineCommand } from "../command.ts";
import { allKeys, CONFIG_OPTION, loadKeys, type LoadedKeys } from "../keys/load.ts";
import { keyState, livesOf, nextChangeOf, type Change, type KeyState } from "../keys/state.ts";
import { platform } from "../key-file.ts";
import { print, printable, printJson } from "../output.ts";
import { formatTime, parseTime } from "../time.ts";

export default defineCommand({
  about:
    "Lists the signing keys of a configuration with what each is at a moment (planned, active, next, standby, retired, removed) and what becomes of it when, and the spiffe_sequence of the bundle. From the configuration alone: no private key is read and no service is asked.",
  args: {
    ...CONFIG_OPTION,
    at: {
      type: "string",
      valueHint: "TIME",
      description: "as of then: RFC 3339 or Unix seconds [default: now]",
    },
    json: { type: "boolean", description: "print JSON" },
  },
  examples: [
    { does: "what signs now, and what is to come", command: "svidmint keys list" },
    {
      does: "what will sign at new year",
      command: "svidmint keys list --config prod.yaml --at 2027-01-01T00:00:00Z --json",
    },
  ],
  async run(args) {
    const at = args.at === undefined ? platform.now() : parseTime(args.at);
    const loaded = await loadKeys(args.config);
    const { timelines, config } = loaded;
    const rows = rowsOf(loaded, at);
    const coming = nextChange(livesOf(timelines), at);
    const sequence = spiffeSequence([timelines.x509, timelines.jwt], config.changedAt, at);
    const witSequence = spiffeSequence(livesOf(timelines), config.changedAt, at);
    if (args.json === true) {
      printJson({
        at: formatTime(at),
        spiffe_sequence: sequence,
        ...(timelines.wit.length > 0 && { wit_spiffe_sequence: witSequence }),
        refresh_hint: config.refreshHint,
        ...(Number.isFinite(coming) && { next_change: formatTime(coming) }),
        keys: rows.map(({ next, ...row }) => ({
          ...row,
          ...(next && { next: { ...next, at: formatTime(next.at) } }),
        })),
      });
      return 0;
    }
    printTable(rows);
    print(`\nas of ${formatTime(at)}: spiffe_sequence ${sequence}`);
    if (witSequence !== sequence) print(`of /bundle/wit: spiffe_sequence ${witSequence}`);
    print(
      Number.isFinite(coming) ? `next change: ${formatTime(coming)}` : "no further change planned",
    );
    return 0;
  },
});

interface Row {
  readonly use: string;
  readonly id: string;
  readonly backend: string;
  readonly mode?: string;
  readonly state: KeyState;
  readonly published_at: string;
  readonly active_from: string;
  readonly retired_at: string;
  readonly removed_at: string;
  readonly next?: Change;
}

function rowsOf({ keys, timelines }: LoadedKeys, at: number): readonly Row[] {
  return allKeys(keys).flatMap(({ use, index, entry }) => {
    const life = timelines[use][index];
    if (life === undefined) return [];
    const next = nextChangeOf(life, at);
    return {
      use,
      id: entry.id,
      backend: entry.backend,
      ...(entry.mode !== undefined && { mode: entry.mode }),
      state: keyState(life, timelines[use], at),
      published_at: formatTime(life.publishedAt),
      active_from: words(life.activeFrom, "standby"),
      retired_at: words(life.retiredAt, "never"),
      removed_at: words(life.removedAt, "never"),
      ...(next && { next }),
    };
  });
}

function words(at: number, never: string): string {
  return Number.isFinite(at) ? formatTime(at) : never;
}

function printTable(rows: readonly Row[]): void {
  const cells = [
    ["USE", "ID", "BACKEND", "STATE", "NEXT"],
    ...rows.map(({ use, id, backend, mode, state, next }) => [
      use,
      id,
      mode === undefined ? backend : `${backend} ${mode}`,
      state,
      next === undefined ? "" : `${next.becomes} ${formatTime(next.at)}`,
    ]),
  ];
  const widths = [0, 1, 2, 3, 4].map((column) =>
    Math.max(...cells.map((row) => (row[column] ?? "").length)),
  );
  for (const row of cells)
    print(
      printable(
        row
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join("  ")
          .trimEnd(),
      ),
    );
}
