import type { ConfigIssue } from "../config-issue.ts";
import { formatInstant } from "./instant.ts";
import {
  activeKey,
  learntAt,
  resolveTimeline,
  type KeyLife,
  type TimelineEntry,
  type TimelineRules,
} from "./timeline.ts";

/**
 * When an edit is judged. `decided`: by who makes it, before any instance has it. `loaded`: by one instance that is
 * about to go by it, perhaps as the last of all.
 */
export type EditMoment = "decided" | "loaded";

/** In refresh hints: within so many every instance has an edit … */
const HINTS_TO_SPREAD = 2;
/** … and so much is left for what clocks differ by, half of it for an instant that who decides puts behind himself. */
const HINTS_OF_CLOCKS = 1;

/** Seconds by which an instance's clock may differ from that of who decides. */
export function clockToleranceOf(refreshHint: number): number {
  return (HINTS_OF_CLOCKS / 2) * refreshHint;
}

/** Seconds by which the clocks of two instances may differ: one removes a key while the other has just signed by it. */
export function clockDifference(refreshHint: number): number {
  return 2 * clockToleranceOf(refreshHint);
}

/** Seconds after an edit in which some instance may still go by what was before. */
export function spreadOf(moment: EditMoment, refreshHint: number): number {
  return moment === "decided" ? (HINTS_TO_SPREAD + HINTS_OF_CLOCKS) * refreshHint : 0;
}

/** How late `bundle.changed_at` may be, which an emergency puts after what others are about to show. */
export function latestChange(now: number, refreshHint: number): number {
  return now + spreadOf("decided", refreshHint) + clockToleranceOf(refreshHint) + 1;
}

export interface EditOptions {
  /** Of the version before, where lives or the hint changed. */
  readonly rulesBefore?: TimelineRules;
  /** `loaded` unless told. */
  readonly moment?: EditMoment;
  /** Bundles of this trust domain are in use, though the list was empty. */
  readonly served?: boolean;
}

interface Edit {
  readonly now: number;
  /** What the slowest clock may show when it loads the edit. */
  readonly slowest: number;
  readonly spread: number;
  /** Seconds that an instant which is new may lie behind. */
  readonly patience: number;
  /** The same of an end that was written: an emergency is heeded however late it is heard of. */
  readonly patienceWithEnds: number;
  /** The longer of the two: consumers go by what they have. */
  readonly hint: number;
  readonly longestLifeBefore: number;
  readonly old: readonly KeyLife[];
  readonly served: boolean;
  /** Those that signed under the version before, or will until everybody has the next. */
  readonly signers: ReadonlySet<string>;
}

type Say = (field: string, message: string) => void;

/**
 * What one version of a list did to the one before: the past is never edited, since verifiers have seen it; no key
 * leaves a bundle before what it signed has expired, unless `removed_at` says so; none signs before verifiers have it,
 * unless nothing else can. An edit found good when it is decided is good at every instance that loads it within two
 * refresh hints. Paths are relative to the list.
 */
export function checkEdits(
  before: readonly TimelineEntry[],
  after: readonly TimelineEntry[],
  rules: TimelineRules,
  now: number,
  { rulesBefore = rules, moment = "loaded", served = false }: EditOptions = {},
): readonly ConfigIssue[] {
  const hint = Math.max(rules.refreshHint, rulesBefore.refreshHint);
  const spread = spreadOf(moment, hint);
  const old = resolveTimeline(before, rulesBefore);
  const decided = moment === "decided";
  const edit: Edit = {
    now,
    slowest: decided ? now - clockToleranceOf(hint) : now,
    spread,
    patience: decided ? clockToleranceOf(hint) : spreadOf("decided", hint),
    patienceWithEnds: decided ? HINTS_OF_CLOCKS * hint : Infinity,
    hint,
    longestLifeBefore: rulesBefore.longestLife,
    old,
    served,
    signers: signersOf(old, now + spread),
  };
  const issues: ConfigIssue[] = [];
  const sayOf =
    (index: number): Say =>
    (field, message) =>
      void issues.push({ severity: "error", path: [index, field], message });
  for (const was of old) {
    const published = was.publishedAt <= now && edit.slowest < was.removedAt;
    if (published && !after.some(({ id }) => id === was.id)) {
      const message = `${was.id} is published: set its removed_at instead of deleting it`;
      issues.push({ severity: "error", path: [], message });
    }
  }
  // Deleting the first key makes the next one the first, whose defaults differ: compare as if it were still there.
  const gone = before.filter((entry) => !after.some(({ id }) => id === entry.id));
  const edited = resolveTimeline([...after, ...gone], rules);
  for (const [index, entry] of after.entries()) {
    const is = edited[index];
    const was = old.find(({ id }) => id === entry.id);
    if (is === undefined) continue;
    const say = sayOf(index);
    if (was === undefined) checkNew(is, edit, say);
    else checkKnown(entry, was, is, before, edit, say);
    if (was?.activeFrom !== is.activeFrom) checkHaste(is, was, edited, edit, say);
  }
  if (gone.length > 0) {
    const ids = gone.map(({ id }) => id).join(", ");
    for (const [index, is] of resolveTimeline(after, rules).entries()) {
      const kept = edited[index];
      if (kept !== undefined) checkWithout(ids, is, kept, edit.slowest, sayOf(index));
    }
  }
  return issues;
}

function signersOf(lives: readonly KeyLife[], until: number): ReadonlySet<string> {
  const instants = lives.flatMap((l) => [l.ripeAt, l.activeFrom, l.retiredAt, l.removedAt]);
  return new Set(
    [until, ...instants.filter((instant) => instant < until)].flatMap(
      (at) => activeKey(lives, at)?.id ?? [],
    ),
  );
}

function checkNew(is: KeyLife, { now, patience, old, hint, served }: Edit, say: Say): void {
  if (is.publishedAt < now - patience)
    say("published_at", "a new key cannot have been published before");
  const ripe = learntAt(is.publishedAt, hint);
  if (is.ripeAt < ripe && old.length > 0)
    say(
      "published_at",
      `it would count as known from ${formatInstant(is.ripeAt)} on, but verifiers may not have it before ${formatInstant(ripe)}: publish it after the other keys, or once a shorter refresh_hint is everywhere`,
    );
  else if (is.ripeAt < ripe && served)
    say(
      "active_from",
      `verifiers may not have the first keys of this list before ${formatInstant(ripe)}: write that as active_from of the first`,
    );
}

const FIELDS = [
  ["published_at", "publishedAt"],
  ["active_from", "activeFrom"],
  ["retired_at", "retiredAt"],
  ["removed_at", "removedAt"],
] as const;

function checkKnown(
  entry: TimelineEntry,
  was: KeyLife,
  is: KeyLife,
  before: readonly TimelineEntry[],
  { now, spread, patience, patienceWithEnds, longestLifeBefore, signers }: Edit,
  say: Say,
): void {
  const stated = before.find(({ id }) => id === entry.id);
  const removedNow = entry.removedAt !== undefined && is.removedAt <= now && now < was.removedAt;
  for (const [field, name] of FIELDS) {
    const [from, to] = [was[name], is[name]];
    if (from === to) continue;
    const isEnd = name === "retiredAt" || name === "removedAt";
    const written = isEnd && entry[name] !== undefined;
    // That a successor came or did not come is no edit of the key before it; when that goes is looked at below.
    if (name === "retiredAt" && (stated?.retiredAt === undefined || removedNow)) continue;
    // An edit names the instant of its decision, which is behind by what it takes to load it.
    const early = from > now && to >= now - (written ? patienceWithEnds : patience);
    if (Math.min(from, to) <= now && !early) say(field, "an instant of the past is never edited");
    else if (from <= now + spread)
      say(field, `is ${formatInstant(from)}, too soon to be changed: some instance may be late`);
  }
  if (is.ripeAt < was.ripeAt && was.ripeAt > now)
    say(
      "published_at",
      `verifiers that refresh by the former hint may not have the key before ${formatInstant(was.ripeAt)}: lower refresh_hint after that`,
    );
  if (entry.removedAt !== undefined || was.removedAt <= now || !signers.has(is.id)) return;
  const needed = Math.min(was.retiredAt, now + spread) + longestLifeBefore;
  if (is.removedAt < needed)
    say(
      "removed_at",
      `what it signs lives until ${formatInstant(needed)}, but it would go at ${formatInstant(is.removedAt)}: write removed_at: ${formatInstant(needed)}`,
    );
}

/** Before verifiers have a key it signs only where there were keys and none of them can sign: in an emergency. */
function checkHaste(
  is: KeyLife,
  was: KeyLife | undefined,
  edited: readonly KeyLife[],
  { now, hint, old }: Edit,
  say: Say,
): void {
  const learnt = was?.ripeAt ?? learntAt(is.publishedAt, hint);
  if (old.length === 0 || is.activeFrom >= learnt || learnt <= now) return;
  const others = edited.filter((life) => life !== is);
  // Without it they are retired by nobody.
  const open = others.map((life) =>
    life.retiredAt === is.activeFrom ? { ...life, retiredAt: life.removedAt } : life,
  );
  if (activeKey(open, Math.max(now, is.activeFrom)) === undefined) return;
  say("active_from", `verifiers may not have the key before ${formatInstant(learnt)}`);
}

function checkWithout(gone: string, is: KeyLife, kept: KeyLife, slowest: number, say: Say): void {
  for (const [field, name] of [["published_at", "ripeAt"], ...FIELDS] as const) {
    const [to, from] = [is[name], kept[name]];
    if (to === from || Math.max(to, from) <= slowest) continue;
    say(
      field,
      `without ${gone} the key would ${WOULD[name]} at ${shown(to)} instead of ${shown(from)}: keep what was deleted, or write the instant down`,
    );
  }
}

const WOULD = {
  publishedAt: "be published",
  ripeAt: "count as known",
  activeFrom: "begin to sign",
  retiredAt: "stop signing",
  removedAt: "leave the bundle",
} as const;

function shown(instant: number): string {
  return Number.isFinite(instant) ? formatInstant(instant) : "no time";
}
