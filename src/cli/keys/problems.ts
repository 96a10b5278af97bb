import type { ConfigIssue } from "../../config-issue.ts";
import { SVID_USES, type SvidUse } from "../../signer/algorithms.ts";
import { timelineEntries } from "../../signer/load-keys.ts";
import { checkTimeline } from "../../signer/timeline-check.ts";
import { checkEdits } from "../../signer/timeline-edits.ts";
import type { TimelineEntry } from "../../signer/timeline.ts";
import { printable } from "../output.ts";
import { rulesOf, type LoadedKeys } from "./load.ts";

/** Errors of the lists by themselves. */
export function listProblems({ keys, config }: LoadedKeys, now: number): readonly string[] {
  return SVID_USES.flatMap((use) => {
    const entries = timelineEntries(keys[use] ?? []);
    return inWords(use, entries, checkTimeline(entries, rulesOf(config, use), now));
  });
}

/** Edits that the past, what is published, or instances that are late do not allow. */
export function editProblems(
  before: LoadedKeys,
  after: Pick<LoadedKeys, "keys" | "config">,
  now: number,
): readonly string[] {
  const served = SVID_USES.some((use) => (before.keys[use] ?? []).length > 0);
  return SVID_USES.flatMap((use) => {
    const entries = timelineEntries(after.keys[use] ?? []);
    const rulesBefore = rulesOf(before.config, use);
    const options = { rulesBefore, served, moment: "decided" } as const;
    const list = timelineEntries(before.keys[use] ?? []);
    return inWords(
      use,
      entries,
      checkEdits(list, entries, rulesOf(after.config, use), now, options),
    );
  });
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
