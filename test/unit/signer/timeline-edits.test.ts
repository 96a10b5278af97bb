import { describe, expect, it } from "vitest";
import { checkEdits, type EditOptions } from "../../../src/signer/timeline-edits.ts";
import type { TimelineEntry } from "../../../src/signer/timeline.ts";

const HINT = 300;
const RULES = { refreshHint: HINT, longestLife: 3600 };
const T = 1_800_000_000;
const DAY = 86_400;
const NOW = T + 10 * DAY;

const root = { id: "root", publishedAt: T };
const standby = { id: "spare", publishedAt: T, activeFrom: "standby" } as const;

describe("checkEdits", () => {
  const edits = (before: readonly TimelineEntry[], after: readonly TimelineEntry[]) =>
    checkEdits(before, after, RULES, NOW).map(
      ({ path, message }) => `${path.join(".")}: ${message}`,
    );
  const past = "an instant of the past is never edited";

  it.each<[string, TimelineEntry[], TimelineEntry[]]>([
    ["nothing at all", [root, standby], [root, standby]],
    ["a new key", [root], [root, { id: "x", publishedAt: NOW - 60 }]],
    ["an instant for the standby", [root, standby], [root, { ...standby, activeFrom: NOW + 60 }]],
    ["another order", [root, standby], [standby, root]],
    ["an emergency", [root, standby], [{ ...root, removedAt: NOW - 20 }, standby]],
    ["a retirement to come", [root, standby], [{ ...root, retiredAt: NOW + 1 }, standby]],
    ["the deletion of what was removed", [{ ...root, removedAt: NOW - 1 }, standby], [standby]],
    [
      "a plan that is put off",
      [root, { id: "x", publishedAt: NOW + 10 }],
      [root, { id: "x", publishedAt: NOW + 20 }],
    ],
  ])("lets %s pass", (_, before, after) => {
    expect(edits(before, after)).toEqual([]);
  });

  it.each<[string, TimelineEntry[], TimelineEntry[], string]>([
    [
      "a published key deleted",
      [root, standby],
      [root],
      ": spare is published: set its removed_at instead of deleting it",
    ],
    [
      "publication moved",
      [root, standby],
      [
        { ...root, publishedAt: T + 1 },
        { ...standby, publishedAt: T + 1 },
      ],
      `0.published_at: ${past}`,
    ],
    [
      "publication put off, though it has happened",
      [root, standby],
      [root, { ...standby, publishedAt: NOW + 5 }],
      `1.published_at: ${past}`,
    ],
    [
      "a retirement undone",
      [{ ...root, retiredAt: NOW - 5 }, standby],
      [root, standby],
      `0.retired_at: ${past}`,
    ],
    [
      "a removal undone",
      [{ ...root, removedAt: NOW - 5 }, standby],
      [root, standby],
      `0.removed_at: ${past}`,
    ],
    [
      "a new key said to be old",
      [root],
      [root, { id: "x", publishedAt: NOW - DAY }],
      "1.published_at: a new key cannot have been published before",
    ],
    [
      "a standby said to have been active",
      [root, standby],
      [root, { ...standby, activeFrom: NOW - DAY }],
      `1.active_from: ${past}`,
    ],
  ])("refuses %s", (_, before, after, expected) => {
    expect(edits(before, after)).toContain(expected);
  });

  const judge = (
    before: readonly TimelineEntry[],
    after: readonly TimelineEntry[],
    options: EditOptions = {},
    rules = RULES,
  ) =>
    checkEdits(before, after, rules, NOW, options).map(
      ({ path, message }) => `${path.join(".")}: ${message}`,
    );
  const decided = { moment: "decided" } as const;

  it("takes an edit that is heard of late, an emergency however late", () => {
    expect(judge([root, standby], [{ ...root, removedAt: NOW - DAY }, standby])).toEqual([]);
    expect(judge([root], [root, { id: "x", publishedAt: NOW - 3 * HINT }])).toEqual([]);
    expect(judge([root], [root, { id: "x", publishedAt: NOW - 3 * HINT - 1 }])).not.toEqual([]);
    const active = { ...standby, activeFrom: NOW - 2 * HINT };
    expect(judge([root, standby], [root, active])).toEqual([]);
  });

  it("is told of less by who decides, so that the last to hear of it is in time", () => {
    const removed = { ...root, removedAt: NOW - DAY };
    expect(judge([root, standby], [removed, standby], decided)).toEqual([`0.removed_at: ${past}`]);
    const late = { id: "x", publishedAt: NOW - HINT };
    expect(judge([root], [root, late], decided)).toHaveLength(1);
    expect(judge([root], [root, { ...late, publishedAt: NOW }], decided)).toEqual([]);
  });

  it("leaves alone what some instance may have passed when it hears of the edit", () => {
    const soon = { id: "x", publishedAt: NOW + 2 * HINT };
    const later = { ...soon, publishedAt: NOW + 5 * HINT };
    expect(judge([root, soon], [root, later], decided)[0]).toMatch(/^1\.published_at: .* too soon/);
    expect(judge([root, soon], [root, later])).toEqual([]);
  });

  it("keeps a key until what instances sign that do not know of its end yet has expired", () => {
    const ends = (retiredAt: number, removedAt?: number) =>
      judge(
        [root, standby],
        [{ ...root, retiredAt, ...(removedAt !== undefined && { removedAt }) }, standby],
        decided,
      );
    expect(ends(NOW)).toEqual([expect.stringMatching(/^0\.removed_at: .*: write removed_at/)]);
    expect(ends(NOW + HINT)).toEqual([]);
    expect(ends(NOW, NOW + 2 * DAY)).toEqual([]);
  });

  it("keeps what was signed under longer lives", () => {
    const next = { id: "next", publishedAt: T + DAY, activeFrom: NOW - 60 };
    const rulesBefore = { ...RULES, longestLife: DAY };
    const lists = [root, next];
    expect(judge(lists, lists, { rulesBefore })).toEqual([
      expect.stringMatching(/^0\.removed_at: what it signs lives until .* write removed_at/),
    ]);
    const written = [{ ...root, removedAt: NOW + DAY }, next];
    expect(judge(lists, written, { rulesBefore })).toEqual([]);
  });

  it("does not bring back what left the bundle under shorter lives", () => {
    const next = { id: "next", publishedAt: T + DAY, activeFrom: NOW - 6000 };
    const rulesBefore = { ...RULES, longestLife: 300 };
    expect(judge([root, next], [root, next], { rulesBefore })).toEqual([`0.removed_at: ${past}`]);
  });

  it("lowers the refresh hint only once everybody has every key", () => {
    const fresh = { id: "x", publishedAt: NOW - HINT, activeFrom: "standby" } as const;
    const rulesBefore = { ...RULES, refreshHint: 2 * HINT };
    expect(judge([root, fresh], [root, fresh], { rulesBefore })).toEqual([
      expect.stringMatching(/^1\.published_at: verifiers that refresh by the former hint/),
    ]);
    expect(judge([root, standby], [root, standby], { rulesBefore })).toEqual([]);
    const added = { id: "y", publishedAt: NOW };
    expect(judge([root], [root, added], { rulesBefore })).toContainEqual(
      expect.stringMatching(/^1\.active_from: verifiers may not have the key before/),
    );
  });

  it("lets no key sign before verifiers have it, unless none else can", () => {
    const hasty = { id: "x", publishedAt: NOW, activeFrom: NOW + 10 };
    expect(judge([root, standby], [root, standby, hasty])).toEqual([
      expect.stringMatching(/^2\.active_from: verifiers may not have the key before/),
    ]);
    expect(judge([root], [{ ...root, removedAt: NOW }, hasty])).toEqual([]);
  });

  it("lets no new key count as one of the first, who were in every bundle", () => {
    const young = { id: "young", publishedAt: NOW - 60 };
    const twin = { id: "twin", publishedAt: NOW - 60, activeFrom: "standby" } as const;
    expect(judge([young], [young, twin])).toEqual([
      expect.stringMatching(/^1\.published_at: it would count as known from/),
    ]);
  });

  it("lets the first key of a further use wait until bundles have it", () => {
    const first = { id: "first", publishedAt: NOW };
    expect(judge([], [first])).toEqual([]);
    expect(judge([], [first], { served: true })).toEqual([
      expect.stringMatching(/^0\.active_from: verifiers may not have the first keys/),
    ]);
    const waiting = { ...first, activeFrom: NOW + 5 * HINT };
    const spare = { id: "spare", publishedAt: NOW, activeFrom: "standby" } as const;
    expect(judge([], [waiting, spare], { served: true })).toEqual([]);
  });

  it("keeps the entry of a removed key while others' defaults follow from it", () => {
    const lost = { ...root, removedAt: NOW - 10 };
    const next = { id: "next", publishedAt: NOW - 5 };
    const [issue] = judge([lost, next], [next]);
    expect(issue).toMatch(/^0\.published_at: without root the key would count as known at/);
    const taken = { id: "taken", publishedAt: T, activeFrom: NOW - 100, removedAt: NOW - 50 };
    expect(judge([root, taken, standby], [root, standby])).toEqual([
      expect.stringMatching(/^0\.retired_at: without taken the key would stop signing at no time/),
      expect.stringMatching(/^0\.removed_at: without taken the key would leave the bundle/),
    ]);
  });
});
