import * as fc from "fast-check";
import type { ConfigIssue } from "../../../src/config-issue.ts";
import { SVID_USES, type SvidUse } from "../../../src/signer/algorithms.ts";
import { checkKeyEdits } from "../../../src/signer/key-edits.ts";
import { checkTimeline } from "../../../src/signer/timeline-check.ts";
import { clockDifference, spreadOf } from "../../../src/signer/timeline-edits.ts";
import {
  activeKey,
  learntAt,
  resolveTimeline,
  type TimelineEntry,
} from "../../../src/signer/timeline.ts";
import { HINT } from "./fleet.ts";
import { planOf, type PlanOf } from "./fleet-keys.ts";

/** What operators do to a list of keys, wisely or not. */

const seconds = (...values: number[]) => fc.constantFrom(...values);
const use = fc.constantFrom<SvidUse>("x509", "jwt");

export const emergencyEdit = fc.record({
  kind: fc.constant("emergency" as const),
  use,
  which: fc.oneof(fc.constant("active" as const), fc.nat({ max: 5 })),
  ago: seconds(0, 5, 40),
});
export const addEdit = fc.record({
  kind: fc.constant("add" as const),
  use,
  published: seconds(-50, -20, 0, 0, 0, 30, 400),
  active: fc.oneof(
    { weight: 4, arbitrary: fc.constant("usual" as const) },
    { weight: 2, arbitrary: fc.constant("standby" as const) },
    { weight: 1, arbitrary: seconds(0, 100, 300, 500) },
  ),
});
export const edit = fc.oneof(
  addEdit,
  emergencyEdit,
  fc.record({
    kind: fc.constant("activate" as const),
    use,
    which: fc.nat({ max: 5 }),
    in: seconds(-10, 0, 60, 300, 600),
  }),
  fc.record({
    kind: fc.constant("retire" as const),
    use,
    in: seconds(0, 60, 400),
    removed: fc.boolean(),
  }),
  fc.record({ kind: fc.constant("delete" as const), touched: fc.boolean() }),
  fc.record({ kind: fc.constant("touch" as const), in: seconds(-100, 0, 0, 200) }),
  fc.record({ kind: fc.constant("life" as const), life: seconds(60, 300, 600) }),
);
export type Edit = typeof edit extends fc.Arbitrary<infer E> ? E : never;

/** @returns what an operator would make of it; undefined where there is nothing to do */
export function apply(before: PlanOf, step: Edit, now: number, name: string): PlanOf | undefined {
  const editing = (
    of: SvidUse,
    change: (list: readonly TimelineEntry[]) => readonly TimelineEntry[],
  ): PlanOf => ({
    ...before,
    entries: { ...before.entries, [of]: change(before.entries[of]) },
  });
  const patched = (of: SvidUse, id: string | undefined, patch: Partial<TimelineEntry>) =>
    id === undefined
      ? undefined
      : editing(of, (list) => list.map((e) => (e.id === id ? { ...e, ...patch } : e)));
  const activeOf = (of: SvidUse) => activeKey(planOf(before).keys.timelines[of], now)?.id;
  switch (step.kind) {
    case "add": {
      const publishedAt = now + step.published;
      const active =
        step.active === "usual"
          ? {}
          : { activeFrom: step.active === "standby" ? step.active : publishedAt + step.active };
      return editing(step.use, (list) => [
        ...list,
        { id: `${step.use}-${name}`, publishedAt, ...active },
      ]);
    }
    case "emergency": {
      const id =
        step.which === "active" ? activeOf(step.use) : before.entries[step.use][step.which]?.id;
      return patched(step.use, id, { removedAt: now - step.ago });
    }
    case "activate":
      return patched(step.use, before.entries[step.use][step.which]?.id, {
        activeFrom: now + step.in,
      });
    case "retire": {
      const retiredAt = now + step.in;
      const removed = step.removed ? { removedAt: retiredAt + before.longestLife + 5 * HINT } : {};
      return patched(step.use, activeOf(step.use), { retiredAt, ...removed });
    }
    case "delete": {
      const { timelines } = planOf(before).keys;
      const kept = (of: SvidUse) =>
        before.entries[of].filter((_, i) => (timelines[of][i]?.removedAt ?? Infinity) > now);
      const changedAt = step.touched ? now : before.changedAt;
      return { ...before, changedAt, entries: { x509: kept("x509"), jwt: kept("jwt"), wit: [] } };
    }
    case "touch":
      return { ...before, changedAt: now + step.in };
    case "life":
      // What shorter lives need is seen in one edit, not in the next ones: see docs/keys.md.
      if (step.life < before.longestLife) return undefined;
      return { ...before, longestLife: step.life };
  }
}

/**
 * The edit as it may be made: as it stands, or an emergency with the `changed_at` that it is told to set.
 * @returns undefined where it is refused
 */
export function decide(
  before: PlanOf,
  after: PlanOf,
  now: number,
  emergency: boolean,
): PlanOf | undefined {
  if (!sound(after, now)) return undefined;
  const refused = (edited: PlanOf) => checkKeyEdits(planOf(before), planOf(edited), now, "decided");
  const issues = refused(after);
  if (issues.length === 0) return after;
  if (!emergency || !issues.every(({ path }) => path[0] === "bundle")) return undefined;
  const { timelines } = planOf(before).keys;
  const soon = SVID_USES.flatMap((of) => timelines[of])
    .flatMap(({ publishedAt, removedAt }) => [publishedAt, removedAt])
    .concat(before.changedAt)
    .filter((at) => at > now && at <= now + spreadOf("decided", HINT));
  const rescued = { ...after, changedAt: Math.max(...soon, now) + 1 };
  return refused(rescued).length === 0 ? rescued : undefined;
}

/** By itself, with what an operator would look at twice left out: removal before what was signed has expired. */
function sound({ entries, refreshHint, longestLife }: PlanOf, now: number): boolean {
  const bad = ({ severity }: ConfigIssue) => severity === "error";
  return SVID_USES.every(
    (of) => !checkTimeline(entries[of], { refreshHint, longestLife }, now).some(bad),
  );
}

/** Keys that are told to sign before verifiers have them, or to go before what they signed: by the operator's word. */
export function exempt({ entries, refreshHint, longestLife }: PlanOf): string[] {
  return SVID_USES.flatMap((of) => {
    const earliest = Math.min(...entries[of].map(({ publishedAt }) => publishedAt));
    return resolveTimeline(entries[of], { refreshHint, longestLife }).flatMap((life, i) => {
      const hasty =
        life.publishedAt > earliest && life.activeFrom < learntAt(life.publishedAt, refreshHint);
      const short =
        entries[of][i]?.removedAt !== undefined &&
        life.removedAt < life.retiredAt + longestLife + clockDifference(refreshHint);
      return hasty || short ? [life.id] : [];
    });
  });
}
