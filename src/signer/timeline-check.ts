import type { ConfigIssue } from "../config-issue.ts";
import { formatInstant } from "./instant.ts";
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
      : checkEntry(entry, life, lives.slice(0, index), rules.longestLife).map((issue) => ({
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
  longestLife: number,
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
  if (life.activeFrom < life.retiredAt && removedAt < life.retiredAt + longestLife) {
    say("warning", "removed_at", "what the key signed last is refused before it expires");
  }
  return issues;
}

/** From now on there is always a key that signs; but an emergency may take the last one away. */
function gaps(entries: readonly TimelineEntry[], lives: readonly KeyLife[], now: number): Issue[] {
  if (lives.length === 0) return [];
  const firstPublished = Math.min(...lives.map((life) => life.publishedAt));
  if (firstPublished > now) {
    return [
      {
        severity: "warning",
        path: [],
        message: `nothing can be signed before ${formatInstant(firstPublished)}`,
      },
    ];
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

/**
 * What one version of a list did to the one before: the past is never edited, since verifiers have seen it, and no
 * key leaves a bundle before its time by being deleted.
 */
export function checkEdits(
  before: readonly TimelineEntry[],
  after: readonly TimelineEntry[],
  rules: TimelineRules,
  now: number,
): readonly Issue[] {
  // Deleting the first key makes the next one the first, whose defaults differ: compare as if it were still there.
  const gone = before.filter((entry) => !after.some(({ id }) => id === entry.id));
  const old = resolveTimeline(before, rules);
  const edited = resolveTimeline([...after, ...gone], rules).slice(0, after.length);
  const issues: Issue[] = [];
  const say = (path: Issue["path"], message: string): void =>
    void issues.push({ severity: "error", path, message });
  for (const was of old) {
    if (
      was.publishedAt <= now &&
      now < was.removedAt &&
      !edited.some((life) => life.id === was.id)
    ) {
      say([], `${was.id} is published: set its removed_at instead of deleting it`);
    }
  }
  for (const [index, is] of edited.entries()) {
    const was = old.find((life) => life.id === is.id);
    if (was === undefined) {
      if (is.publishedAt < now - rules.refreshHint)
        say([index, "published_at"], "a new key cannot have been published before");
      continue;
    }
    for (const [field, from, to] of [
      ["published_at", was.publishedAt, is.publishedAt],
      ["active_from", was.activeFrom, is.activeFrom],
      ["retired_at", was.retiredAt, is.retiredAt],
      ["removed_at", was.removedAt, is.removedAt],
    ] as const) {
      // An emergency names the instant of the decision, which is a little behind when it takes effect.
      const emergency = field.startsWith("re") && from > now && to >= now - rules.refreshHint;
      if (from !== to && Math.min(from, to) <= now && !emergency) {
        say([index, field], "an instant of the past is never edited");
      }
    }
  }
  return issues;
}
