import type { PeerState } from "../../federation/peer.ts";
import { openPeers } from "../../runtimes/node/peers.ts";
import { defineCommand } from "../command.ts";
import { checkConfig, configurationError } from "../config.ts";
import { platform } from "../key-file.ts";
import { CONFIG_OPTION } from "../keys/load.ts";
import { print, printable, printJson } from "../output.ts";
import { formatDuration } from "../time.ts";

const HEAD = ["PEER", "PROFILE", "SEQUENCE", "KEYS", "HINT", "STATE"];

export default defineCommand({
  about:
    "Asks each peer of a configuration for its bundle, from here and now, and lists what is believed of it. What running instances hold is in their metrics, and in GET /bundles where they serve it.",
  args: { ...CONFIG_OPTION, json: { type: "boolean", description: "print JSON" } },
  examples: [
    { does: "whether all of them answer", command: "svidmint bundle peers --config prod.yaml" },
  ],
  exits: "0 each peer's bundle can be used, 1 at least one cannot, 2 wrong usage or configuration",
  async run(args) {
    const { config, issues } = await checkConfig(args.config, { openPeers });
    if (config === undefined) throw configurationError(issues);
    // Of one moment: each is asked once, however long all of them take.
    const now = platform.now();
    await config.heldPeers.refreshAll(() => now);
    const states = config.heldPeers.states(now);
    const bad = states.some(({ usable, lastError }) => !usable || lastError !== undefined);
    if (args.json === true) printJson({ peers: states.map(jsonOf) });
    else if (states.length === 0) print("there are no peers");
    else printTable([HEAD, ...states.map(rowOf)]);
    return bad ? 1 : 0;
  },
});

function rowOf({ trustDomain, profile, held, usable, lastError }: PeerState): readonly string[] {
  const { x509Authorities = [], jwtAuthorities = [], witAuthorities = [] } = held?.bundle ?? {};
  const { sequence, refreshHint } = held?.bundle ?? {};
  const keys = x509Authorities.length + jwtAuthorities.length + witAuthorities.length;
  const state = usable ? "good" : "nothing held";
  return [
    trustDomain,
    profile,
    held === undefined ? "" : String(sequence ?? "none"),
    held === undefined ? "" : String(keys),
    refreshHint === undefined ? "" : formatDuration(refreshHint),
    lastError === undefined ? state : errorWords(lastError),
  ];
}

function errorWords({ code, detail }: NonNullable<PeerState["lastError"]>): string {
  return detail === undefined ? code : `${code}: ${detail}`;
}

function jsonOf({ trustDomain, profile, url, held, usable, lastError }: PeerState) {
  const { sequence, refreshHint } = held?.bundle ?? {};
  return {
    trust_domain: trustDomain,
    profile,
    ...(url !== undefined && { url }),
    usable,
    ...(held && { source: held.source }),
    // As text: 64 bits and more.
    ...(sequence !== undefined && { spiffe_sequence: String(sequence) }),
    ...(refreshHint !== undefined && { spiffe_refresh_hint: refreshHint }),
    ...(lastError && { error: lastError }),
  };
}

function printTable(rows: readonly (readonly string[])[]): void {
  const widths = HEAD.map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? "").length)),
  );
  for (const row of rows)
    print(
      printable(
        row
          .map((cell, at) => cell.padEnd(widths[at] ?? 0))
          .join("  ")
          .trimEnd(),
      ),
    );
}
