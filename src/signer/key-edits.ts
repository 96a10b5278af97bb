import type { ConfigIssue } from "../config-issue.ts";
import { toHex } from "../encoding/bytes.ts";
import { SVID_USES, type SvidUse } from "./algorithms.ts";
import { formatInstant } from "./instant.ts";
import type { PublishedKeys, TimedKeySet } from "./key-set.ts";
import {
  checkEdits,
  clockToleranceOf,
  latestChange,
  spreadOf,
  type EditMoment,
} from "./timeline-edits.ts";
import type { TimelineEntry } from "./timeline.ts";

/** All of a configuration that its bundle follows from. */
export interface KeyPlan {
  readonly entries: Readonly<Record<SvidUse, readonly TimelineEntry[]>>;
  /** Seconds. */
  readonly longestLife: Readonly<Record<SvidUse, number>>;
  /** Seconds. */
  readonly refreshHint: number;
  /** Unix seconds. */
  readonly changedAt: number;
  readonly keys: TimedKeySet;
  /** Use and name of keys that the process has had, by their thumbprints: also of those whose entries are gone. */
  readonly past?: ReadonlyMap<string, readonly [use: SvidUse, id: string]>;
}

/**
 * Whether one configuration's keys may follow upon another's: every list by itself, the same key under the same name,
 * and a `spiffe_sequence` that grows wherever the bundle is another. Paths begin with `keys` or `bundle`.
 */
export function checkKeyEdits(
  before: KeyPlan,
  after: KeyPlan,
  now: number,
  moment: EditMoment = "loaded",
): readonly ConfigIssue[] {
  const issues: ConfigIssue[] = [];
  // Where the last key is gone and forgotten, `changed_at` still tells that verifiers hold a bundle without the next one.
  const served = before.changedAt > 0 || SVID_USES.some((use) => before.entries[use].length > 0);
  for (const use of SVID_USES) {
    const [rulesBefore, rules] = [before, after].map(({ refreshHint, longestLife }) => ({
      refreshHint,
      longestLife: longestLife[use],
    }));
    if (rules === undefined || rulesBefore === undefined) continue;
    const options = { rulesBefore, moment, served };
    const edits = checkEdits(before.entries[use], after.entries[use], rules, now, options);
    issues.push(...edits.map((issue) => ({ ...issue, path: ["keys", use, ...issue.path] })));
    for (const [index, { id }] of after.entries[use].entries()) {
      const was = before.keys.names[use].get(id);
      const is = after.keys.names[use].get(id);
      const other = is === undefined ? undefined : otherUse(before, use, is);
      if (other !== undefined)
        issues.push({ severity: "error", path: ["keys", use, index, "id"], message: other });
      if (was === undefined || is === undefined || was === is) continue;
      const message = `${id} is the name of another key: what is new is a new entry`;
      issues.push({ severity: "error", path: ["keys", use, index, "id"], message });
    }
  }
  return [...issues, ...checkSequences(before, after, now, moment)];
}

/** A key that goes from one list to another has signed what verifiers took it for there. */
function otherUse(
  { keys, past }: Pick<KeyPlan, "keys" | "past">,
  use: SvidUse,
  thumbprint: string,
): string | undefined {
  for (const was of SVID_USES.filter((one) => one !== use))
    for (const [id, known] of keys.names[was])
      if (known === thumbprint) return `was ${was} ${id} until now: one key serves one use`;
  const [was, id] = past?.get(thumbprint) ?? [use];
  return was === use ? undefined : `was ${was} ${id} before: one key serves one use`;
}

const DOCUMENTS = [
  { name: "/bundle", sequence: "sequence", uses: ["x509", "jwt"] },
  { name: "/bundle/wit", sequence: "witSequence", uses: SVID_USES },
] as const satisfies readonly {
  name: string;
  sequence: keyof PublishedKeys;
  uses: readonly SvidUse[];
}[];

/**
 * While some instances go by the one and some by the other, a bundle that differs has another sequence, and the newer
 * configuration the higher.
 */
function checkSequences(
  before: KeyPlan,
  after: KeyPlan,
  now: number,
  moment: EditMoment,
): readonly ConfigIssue[] {
  const changes = [before, after].flatMap(({ keys }) =>
    SVID_USES.flatMap((use) =>
      keys.timelines[use].flatMap(({ publishedAt, removedAt }) => [publishedAt, removedAt]),
    ),
  );
  const end = now + spreadOf(moment, after.refreshHint);
  const instants = [now, ...changes.filter((at) => at > now && at <= end)];
  for (const { name, sequence, uses } of DOCUMENTS) {
    for (const at of instants.toSorted((a, b) => a - b)) {
      const [was, is] = [before.keys.published(at), after.keys.published(at)];
      const [from, to] = [was[sequence], is[sequence]];
      if (to > from || (to === from && contentOf(was, uses) === contentOf(is, uses))) continue;
      return [wrongChange(why(name, at, now, from, to))];
    }
  }
  return after.changedAt === before.changedAt ? [] : checkChangedAt(before, after, now, moment);
}

/** A key that comes or goes at or before `changed_at`, though not yet everywhere, would raise no sequence. */
function checkChangedAt(
  before: KeyPlan,
  { keys, changedAt, refreshHint }: KeyPlan,
  now: number,
  moment: EditMoment,
): readonly ConfigIssue[] {
  if (changedAt > latestChange(now, refreshHint))
    return [
      wrongChange("is still to come: until then no other change would raise spiffe_sequence"),
    ];
  if (moment === "loaded") return [];
  const lives = SVID_USES.flatMap((use) => keys.timelines[use]);
  const recent = now - clockToleranceOf(refreshHint);
  // By this edit, that is: one that was made a moment ago is still to come on a slow clock, as every other change.
  const known = SVID_USES.flatMap((use) => before.keys.timelines[use]);
  const emergency = lives.some(
    ({ id, retiredAt, removedAt }) =>
      removedAt === retiredAt &&
      removedAt > recent &&
      removedAt <= now &&
      !known.some((was) => was.id === id && was.removedAt === removedAt),
  );
  if (emergency) return [];
  if (changedAt > now) return [wrongChange("is still to come")];
  const masked = lives
    .flatMap(({ publishedAt, removedAt }) => [publishedAt, removedAt])
    .find((at) => at > recent && at <= changedAt);
  if (masked === undefined) return [];
  const over = formatInstant(masked + clockToleranceOf(refreshHint));
  return [
    wrongChange(
      `the bundle changes at ${formatInstant(masked)} by a key's own instant: put changed_at before that, or make this edit after ${over}`,
    ),
  ];
}

function wrongChange(message: string): ConfigIssue {
  return { severity: "error", path: ["bundle", "changed_at"], message };
}

function why(name: string, at: number, now: number, from: number, to: number): string {
  const what =
    to < from
      ? `spiffe_sequence of ${name} would fall from ${from} to ${to}`
      : `${name} would be another under the same spiffe_sequence ${from}`;
  if (at === now) return `${what}: set changed_at to ${formatInstant(Math.max(now, from + 1))}`;
  return `${what} at ${formatInstant(at)}, when instances without this edit change theirs: make it after the last of such changes; an emergency sets changed_at to a second after that`;
}

function contentOf(published: PublishedKeys, uses: readonly SvidUse[]): string {
  const { x509, jwt, wit, refreshHint } = published;
  const ids = {
    x509: x509.map(({ certificate }) => toHex(certificate)),
    jwt: jwt.map(({ kid }) => kid),
    wit: wit.map(({ kid }) => kid),
  };
  return JSON.stringify([refreshHint, uses.map((use) => ids[use])]);
}
