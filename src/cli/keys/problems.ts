import type { ConfigIssue } from "../../config-issue.ts";
import { SVID_USES, type SvidUse } from "../../signer/algorithms.ts";
import type { KeysConfig } from "../../signer/keys-schema.ts";
import { timelineEntries } from "../../signer/load-keys.ts";
import { checkEdits, checkTimeline } from "../../signer/timeline-check.ts";
import type { KeyLife, TimelineEntry } from "../../signer/timeline.ts";
import { printable } from "../output.ts";
import { formatTime } from "../time.ts";
import { rulesOf, type LoadedKeys } from "./load.ts";
import { USE_WORDS } from "./state.ts";

/** Errors of the lists by themselves. */
export function listProblems({ keys, config }: LoadedKeys, now: number): readonly string[] {
  return SVID_USES.flatMap((use) => {
    const entries = timelineEntries(keys[use] ?? []);
    return inWords(use, entries, checkTimeline(entries, rulesOf(config, use), now));
  });
}

/** Edits that the past, or what is published, does not allow. */
export function editProblems(
  { keys, config }: LoadedKeys,
  after: KeysConfig,
  now: number,
): readonly string[] {
  return SVID_USES.flatMap((use) => {
    const entries = timelineEntries(after[use] ?? []);
    const before = timelineEntries(keys[use] ?? []);
    return inWords(use, entries, checkEdits(before, entries, rulesOf(config, use), now));
  });
}

/**
 * Shorter lives in the rules move a `removed_at` that nobody wrote to an earlier moment, though what was signed under
 * the longer ones lives on.
 */
export function shortenedLives(
  before: LoadedKeys,
  after: LoadedKeys,
  now: number,
): readonly string[] {
  return SVID_USES.flatMap((use) => {
    const longest = before.config.policy.longestTtl[use];
    return before.timelines[use].flatMap((was): string[] => {
      const index = after.timelines[use].findIndex(({ id }) => id === was.id);
      const is = after.timelines[use][index];
      const written = after.keys[use]?.[index]?.removed_at !== undefined;
      const lastSigned = Math.min(was.retiredAt, now);
      if (is === undefined || written || !signed(was, now) || now >= was.removedAt) return [];
      const needed = lastSigned + longest;
      if (is.removedAt >= needed) return [];
      return [
        `keys.${use}.${was.id}: the rules now give shorter lives, so that it would leave the bundle at ${formatTime(is.removedAt)}, before ${USE_WORDS[use]} it signed expire: write removed_at: ${formatTime(needed)}`,
      ];
    });
  });
}

function signed(life: KeyLife, now: number): boolean {
  return life.activeFrom < Math.min(life.retiredAt, now);
}

function inWords(
  use: SvidUse,
  entries: readonly TimelineEntry[],
  issues: readonly ConfigIssue[],
): readonly string[] {
  return issues
    .filter(({ severity }) => severity === "error")
    .map(({ path: [index, ...field], message }) => {
      const id = typeof index === "number" ? (entries[index]?.id ?? String(index)) : "";
      return printable(`keys.${[use, id, ...field].filter(Boolean).join(".")}: ${message}`);
    });
}
