import type { ConfigIssue } from "../config-issue.ts";
import { formatInstant } from "./instant.ts";
import { clockDifference } from "./timeline-edits.ts";
import {
  activeKey,
  resolveTimeline,
  type KeyLife,
  type TimelineEntry,
  type TimelineRules,
} from "./timeline.ts";

type Issue = ConfigIssue;

/**
 * What is wrong with a list of keys by itself. Paths are relative to the list.
 * @param now gaps that lie behind us can no longer be mended, and are not told
 */
export function checkTimeline(
  entries: readonly TimelineEntry[],
  rules: TimelineRules & { readonly expectStandby?: boolean },
  now: number,
): readonly Issue[] {
  const lives = resolveTimeline(entries, rules);
  const issues = entries.flatMap((entry, index) => {
    const life = lives[index];
    return life === undefined
      ? []
      : checkEntry(entry, life, lives.slice(0, index), rules).map((issue) => ({
          ...issue,
          path: [index, ...issue.path],
        }));
  });
  if (issues.some((issue) => issue.severity === "error")) return issues;
  const waiting = rules.expectStandby === false ? [] : standby(lives, now);
  return [...issues, ...gaps(entries, lives, now), ...waiting];
}

function checkEntry(
  entry: TimelineEntry,
  life: KeyLife,
  others: readonly KeyLife[],
  { longestLife, refreshHint }: TimelineRules,
): Issue[] {
  const issues: Issue[] = [];
  const say = (severity: Issue["severity"], field: string, message: string): void => {
    issues.push({ severity, path: [field], message });
  };
  const { activeFrom, retiredAt, removedAt, publishedAt } = entry;
  if (others.some(({ id }) => id === entry.id)) say("error", "id", "another key has this id");
  if (typeof activeFrom === "number" && activeFrom < publishedAt) {
    say("error", "active_from", "is before published_at: a key is published before it signs");
  } else if (typeof activeFrom === "number" && activeFrom < life.ripeAt) {
    const message = `verifiers may not have the key before ${formatInstant(life.ripeAt)}`;
    say("warning", "active_from", message);
  }
  const twin = others.find((other) => other.activeFrom === life.activeFrom);
  if (twin !== undefined && Number.isFinite(life.activeFrom)) {
    say("error", "active_from", `${twin.id} becomes active at the same instant`);
  }
  if (retiredAt !== undefined && retiredAt < publishedAt) {
    say("error", "retired_at", "is before published_at");
  }
  if (removedAt === undefined) return issues;
  if (removedAt < publishedAt) say("error", "removed_at", "is before published_at");
  if (retiredAt !== undefined && removedAt < retiredAt) {
    say("error", "removed_at", "is before retired_at");
  }
  const needed = life.retiredAt + longestLife + clockDifference(refreshHint);
  if (life.activeFrom < life.retiredAt && removedAt < needed) {
    say("warning", "removed_at", "what the key signed last is refused before it expires");
  }
  return issues;
}

/** From now on there is always a key that signs; but an emergency may take the last one away. */
function gaps(entries: readonly TimelineEntry[], lives: readonly KeyLife[], now: number): Issue[] {
  if (lives.length === 0) return [];
  const begins = Math.min(...lives.map((life) => Math.min(life.ripeAt, life.activeFrom)));
  if (begins > now) {
    const message = `nothing can be signed before ${formatInstant(begins)}`;
    return [{ severity: "warning", path: [], message }, ...gaps(entries, lives, begins)];
  }
  const instants = lives
    .flatMap((life) => [
      life.publishedAt,
      life.ripeAt,
      life.activeFrom,
      life.retiredAt,
      life.removedAt,
    ])
    .filter((instant) => instant > now && Number.isFinite(instant));
  const gap = [now, ...instants.toSorted((a, b) => a - b)].find(
    (at) => activeKey(lives, at) === undefined,
  );
  if (gap === undefined) return [];
  const ended = lives.filter((life) => life.retiredAt <= gap);
  const last = ended.reduce<KeyLife | undefined>(
    (a, b) => (a && a.retiredAt > b.retiredAt ? a : b),
    undefined,
  );
  const emergency = entries.some(
    (entry) => entry.id === last?.id && entry.removedAt === last.retiredAt,
  );
  const when = gap === now ? "now" : `from ${formatInstant(gap)} on`;
  return [{ severity: emergency ? "warning" : "error", path: [], message: `no key signs ${when}` }];
}

function standby(lives: readonly KeyLife[], now: number): Issue[] {
  if (lives.length === 0) return [];
  const active = activeKey(lives, now);
  if (active === undefined) return [];
  const waiting = lives.some(
    (life) => life !== active && life.publishedAt <= now && now < life.retiredAt,
  );
  if (waiting) return [];
  const message =
    "there is no standby: after an emergency removal nothing can be signed until verifiers have a new key";
  return [{ severity: "warning", path: [], message }];
}
