import { describe, expect, it } from "vitest";
import { checkKeyEdits, type KeyPlan } from "../../../src/signer/key-edits.ts";
import type { EditMoment } from "../../../src/signer/timeline-edits.ts";
import type { TimelineEntry } from "../../../src/signer/timeline.ts";
import { planOf } from "./fleet-keys.ts";

const HINT = 300;
const T = 1_800_000_000;
const NOW = T + 864_000;
const root = { id: "root", publishedAt: T };
const spare = { id: "spare", publishedAt: T, activeFrom: "standby" } as const;
const jwt = { id: "jwt", publishedAt: T };

const plan = (
  x509: readonly TimelineEntry[] = [root, spare],
  { changedAt = 0, refreshHint = HINT, wit = [] as readonly TimelineEntry[] } = {},
): KeyPlan =>
  planOf({ entries: { x509, jwt: [jwt], wit }, longestLife: 3600, refreshHint, changedAt });
const told = (before: KeyPlan, after: KeyPlan, moment: EditMoment = "loaded") =>
  checkKeyEdits(before, after, NOW, moment).map(
    ({ path, message }) => `${path.join(".")}: ${message}`,
  );

describe("checkKeyEdits", () => {
  it("has nothing to say of a rotation, an emergency, or nothing", () => {
    expect(told(plan(), plan())).toEqual([]);
    expect(told(plan(), plan([root, spare, { id: "x", publishedAt: NOW }]), "decided")).toEqual([]);
    expect(told(plan(), plan([{ ...root, removedAt: NOW }, spare]), "decided")).toEqual([]);
  });

  it("wants changed_at where no key's instant tells of the change", () => {
    for (const after of [plan([spare, root]), plan([root, spare], { refreshHint: HINT + 1 })])
      expect(told(plan(), after)).toEqual([
        expect.stringMatching(/^bundle\.changed_at: \/bundle would be another under the same/),
      ]);
    expect(told(plan(), plan([spare, root], { changedAt: NOW }), "decided")).toEqual([]);
  });

  it("refuses a key that goes over to another use", () => {
    const wit = [{ id: "spare", publishedAt: NOW }];
    expect(told(plan(), plan([root], { wit, changedAt: NOW }))).toContain(
      "keys.wit.0.id: was x509 spare until now: one key serves one use",
    );
    expect(told(plan(), plan([root, spare, { id: "x", publishedAt: NOW }]))).toEqual([]);
  });

  it("lets no sequence fall", () => {
    const gone = {
      id: "gone",
      publishedAt: T,
      activeFrom: "standby",
      removedAt: NOW - 900,
    } as const;
    const before = plan([root, spare, gone]);
    expect(told(before, plan())).toEqual([
      expect.stringMatching(/^bundle\.changed_at: spiffe_sequence of \/bundle would fall from/),
    ]);
    expect(told(before, plan([root, spare], { changedAt: NOW }))).toEqual([]);
    expect(told(plan([root, spare], { changedAt: NOW }), plan())).toHaveLength(1);
  });

  it("lets the first key of a trust domain sign at once, and none after keys that are gone and forgotten", () => {
    const none = (changedAt: number) =>
      planOf({
        entries: { x509: [], jwt: [], wit: [] },
        longestLife: 3600,
        refreshHint: HINT,
        changedAt,
      });
    const key = { id: "x", publishedAt: NOW + 1, activeFrom: "standby" } as const;
    const late = { id: "x", publishedAt: NOW + 1, activeFrom: NOW + 1 + 5 * HINT } as const;
    const first = (entry: TimelineEntry, changedAt: number) =>
      planOf({
        entries: { x509: [entry], jwt: [], wit: [] },
        longestLife: 3600,
        refreshHint: HINT,
        changedAt,
      });
    expect(told(none(0), first(key, 0), "decided")).toEqual([]);
    expect(told(none(NOW - 900), first(key, NOW - 900), "decided")).toEqual([
      expect.stringMatching(
        /^keys\.x509\.0\.active_from: verifiers may not have the first keys of this list before/,
      ),
    ]);
    expect(told(none(NOW - 900), first(late, NOW - 900), "decided")).toEqual([]);
  });

  it("refuses a key published in the second of another change, or before it", () => {
    const event = { id: "old", publishedAt: T, activeFrom: "standby", removedAt: NOW - 5 } as const;
    for (const publishedAt of [NOW - 5, NOW - 6]) {
      const after = plan([root, spare, event, { id: "x", publishedAt }]);
      expect(told(plan([root, spare, event]), after)).toEqual([
        expect.stringMatching(/^bundle\.changed_at: .* another under the same/),
      ]);
    }
  });

  it("has edits wait where the bundle is about to change by itself; an emergency goes past it", () => {
    const soon = {
      id: "old",
      publishedAt: T,
      activeFrom: "standby",
      removedAt: NOW + HINT,
    } as const;
    const before = plan([root, spare, soon]);
    const added = plan([root, spare, soon, { id: "x", publishedAt: NOW }]);
    expect(told(before, added, "decided")).toEqual([
      expect.stringMatching(/^bundle\.changed_at: .* make it after the last of such changes/),
    ]);
    expect(told(before, added)).toEqual([]);
    const lists = [{ ...root, removedAt: NOW }, spare, soon];
    expect(told(before, plan(lists), "decided")).toHaveLength(1);
    expect(told(before, plan(lists, { changedAt: NOW + HINT + 1 }), "decided")).toEqual([]);
  });

  it("goes past a change for the emergency of this edit alone, not for one of a moment ago", () => {
    const removed = [{ ...root, removedAt: NOW - 1 }, spare];
    const before = plan(removed);
    for (const [changedAt, told1] of [
      [NOW + 200, /^bundle\.changed_at: is still to come/],
      [NOW, /^bundle\.changed_at: the bundle changes at .* by a key's own instant/],
    ] as const)
      expect(told(before, plan(removed, { changedAt }), "decided")).toEqual([
        expect.stringMatching(told1),
      ]);
    expect(told(before, plan(removed, { changedAt: NOW - 2 }), "decided")).toEqual([]);
  });

  it("refuses a changed_at that would mask what is still to come on a clock that is behind", () => {
    const event = { ...spare, id: "old", retiredAt: T + 1, removedAt: NOW - 5 };
    const lists = [root, spare, event];
    const moved = plan(lists.toReversed(), { changedAt: NOW });
    expect(told(plan(lists), moved, "decided")).toEqual([
      expect.stringMatching(/put changed_at before/),
    ]);
    expect(told(plan(), plan([spare, root], { changedAt: NOW + 10 }), "decided")).toHaveLength(1);
    expect(told(plan(), plan([spare, root], { changedAt: NOW + 86_400 }))).toHaveLength(1);
  });

  it("refuses another key under a name", () => {
    const { keys, ...rest } = plan();
    const names = { ...keys.names, x509: new Map([["root", "another"]]) };
    const after = { ...rest, keys: { ...keys, names } };
    expect(told(plan(), after)).toEqual([
      expect.stringMatching(/^keys\.x509\.0\.id: root is the name of another key/),
    ]);
  });

  it("looks at /bundle/wit as well", () => {
    const wits = [
      { id: "w1", publishedAt: T },
      { id: "w2", publishedAt: T, activeFrom: "standby" },
    ] as const;
    const before = plan([root, spare], { wit: wits });
    const after = plan([root, spare], { wit: wits.toReversed() });
    expect(told(before, after)).toEqual([
      expect.stringMatching(/^bundle\.changed_at: \/bundle\/wit/),
    ]);
  });
});
