/**
 * When a key is published, signs, stops signing and is gone: arithmetic on configuration alone, so that every
 * instance, region and restart agrees without any state. All times are Unix seconds.
 */

/** What the configuration says of one key. */
export interface TimelineEntry {
  readonly id: string;
  readonly publishedAt: number;
  /** "standby": published and never chosen, unless no other key can sign. */
  readonly activeFrom?: number | "standby";
  readonly retiredAt?: number;
  readonly removedAt?: number;
}

export interface TimelineRules {
  /** `spiffe_refresh_hint`. */
  readonly refreshHint: number;
  /** The longest life of anything that a key of this list signs. */
  readonly longestLife: number;
}

/** One key's instants with nothing left open; `Infinity` for what is not planned. */
export interface KeyLife {
  readonly id: string;
  readonly publishedAt: number;
  /** Published for so long that every verifier which heeds the refresh hint has it. */
  readonly ripeAt: number;
  readonly activeFrom: number;
  /** It signs nothing from here on. */
  readonly retiredAt: number;
  /** It is in no bundle from here on. */
  readonly removedAt: number;
}

/** SPIFFE Federation §4.1 asks for 3 to 5 refresh hints between publication and use. */
const HINTS_BEFORE_USE = 5;
const HINTS_AFTER_LIFE = 2;

/** When every verifier that heeds the refresh hint has a key which joined others at `publishedAt`. */
export function learntAt(publishedAt: number, refreshHint: number): number {
  return publishedAt + HINTS_BEFORE_USE * refreshHint;
}

/** @returns one life an entry, in the order of the list */
export function resolveTimeline(
  entries: readonly TimelineEntry[],
  rules: TimelineRules,
): readonly KeyLife[] {
  const earliest = Math.min(...entries.map((entry) => entry.publishedAt));
  // Before the earliest keys nobody can have cached a bundle without them.
  const initial = entries.filter((entry) => entry.publishedAt === earliest);
  const first = initial.find((entry) => entry.activeFrom !== "standby");
  const begins = typeof first?.activeFrom === "number" ? first.activeFrom : earliest;
  const drafts = entries.map((entry) => {
    const learnt = learntAt(entry.publishedAt, rules.refreshHint);
    const usual = entry === first ? entry.publishedAt : learnt;
    return {
      entry,
      // Where the first key is told to wait, those that could take its place wait with it.
      ripeAt:
        entry.publishedAt === earliest
          ? Math.max(entry.publishedAt, Math.min(learnt, begins))
          : learnt,
      activeFrom: entry.activeFrom === "standby" ? Infinity : (entry.activeFrom ?? usual),
      end: Math.min(entry.retiredAt ?? Infinity, entry.removedAt ?? Infinity),
    };
  });
  return drafts.map(({ entry, ripeAt, activeFrom, end }) => {
    const successor = Math.min(
      ...drafts
        .filter((d) => d.activeFrom > activeFrom && d.end > d.activeFrom)
        .map((d) => d.activeFrom),
    );
    const retiredAt = Math.min(end, successor);
    const removedAt =
      entry.removedAt ?? retiredAt + rules.longestLife + HINTS_AFTER_LIFE * rules.refreshHint;
    return {
      id: entry.id,
      publishedAt: entry.publishedAt,
      ripeAt,
      activeFrom,
      retiredAt,
      removedAt,
    };
  });
}

export function isPublished(life: KeyLife, now: number): boolean {
  return life.publishedAt <= now && now < life.removedAt;
}

/**
 * The one key that signs at `now`. Where none is in its time, because a key was removed in an emergency, the next
 * one that verifiers have had long enough takes over: that is what a standby is for.
 */
export function activeKey(lives: readonly KeyLife[], now: number): KeyLife | undefined {
  const usable = lives.filter((life) => isPublished(life, now) && now < life.retiredAt);
  const inTime = usable.filter((life) => life.activeFrom <= now);
  if (inTime.length > 0) return inTime.reduce((a, b) => (b.activeFrom > a.activeFrom ? b : a));
  const ripe = usable.filter((life) => life.ripeAt <= now);
  return ripe.length === 0
    ? undefined
    : ripe.reduce((a, b) => (b.activeFrom < a.activeFrom ? b : a));
}

/**
 * `spiffe_sequence`: the latest instant at which the bundle's content changed. It can only grow with time.
 * @param changedAt `bundle.changed_at`, for every change that no instant of a key tells of: such a change comes with
 *   the configuration, so that it counts from then on, whatever this clock says
 */
export function spiffeSequence(
  timelines: readonly (readonly KeyLife[])[],
  changedAt: number,
  now: number,
): number {
  let latest = changedAt;
  for (const { publishedAt, removedAt } of timelines.flat()) {
    if (publishedAt <= now && publishedAt > latest) latest = publishedAt;
    if (removedAt <= now && removedAt > latest) latest = removedAt;
  }
  return latest;
}

/** The next instant at which a key appears, disappears or changes its part; `Infinity` if none is planned. */
export function nextChange(timelines: readonly (readonly KeyLife[])[], now: number): number {
  const instants = timelines
    .flat()
    .flatMap((l) => [l.publishedAt, l.ripeAt, l.activeFrom, l.retiredAt, l.removedAt]);
  return Math.min(...instants.filter((instant) => instant > now));
}
