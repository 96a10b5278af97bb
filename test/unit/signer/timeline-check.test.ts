import { describe, expect, it } from "vitest";
import { checkTimeline } from "../../../src/signer/timeline-check.ts";
import type { TimelineEntry } from "../../../src/signer/timeline.ts";

const HINT = 300;
const RULES = { refreshHint: HINT, longestLife: 3600 };
const T = 1_800_000_000;
const DAY = 86_400;
const NOW = T + 10 * DAY;

const root = { id: "root", publishedAt: T };
const standby = { id: "spare", publishedAt: T, activeFrom: "standby" } as const;

function told(...entries: readonly TimelineEntry[]): string[] {
  return checkTimeline(entries, RULES, NOW).map(
    ({ severity, path, message }) => `${severity} ${path.join(".")}: ${message}`,
  );
}

describe("checkTimeline", () => {
  it("has nothing to say of a key with a standby, nor of a planned rotation", () => {
    expect(told(root, standby)).toEqual([]);
    expect(told(root, { id: "next", publishedAt: NOW - 10 })).toEqual([]);
    expect(told()).toEqual([]);
  });

  it("warns where there is no standby", () => {
    expect(told(root)).toEqual([expect.stringMatching(/^warning : there is no standby/)]);
    const late = { ...standby, publishedAt: NOW + 1 };
    expect(told(root, late)).toEqual([expect.stringMatching(/^warning : there is no standby/)]);
  });

  it.each<[string, TimelineEntry[], RegExp]>([
    ["two of one id", [root, { ...standby, id: "root" }], /^error 1\.id: another key has this id/],
    [
      "a key that signs before it is published",
      [root, standby, { id: "x", publishedAt: NOW, activeFrom: NOW - 1 }],
      /^error 2\.active_from: is before published_at/,
    ],
    [
      "two that begin at the same instant",
      [root, { id: "a", publishedAt: NOW }, { id: "b", publishedAt: NOW }],
      /^error 2\.active_from: a becomes active at the same instant/,
    ],
    [
      "retirement before publication",
      [root, { ...standby, retiredAt: T - 1 }],
      /^error 1\.retired_at: is before published_at/,
    ],
    [
      "removal before publication",
      [root, { ...standby, removedAt: T - 1 }],
      /^error 1\.removed_at: is before published_at/,
    ],
    [
      "removal before retirement",
      [root, { ...standby, retiredAt: NOW + 2, removedAt: NOW + 1 }],
      /^error 1\.removed_at: is before retired_at/,
    ],
    [
      "nobody left to sign after a planned end",
      [{ ...root, retiredAt: NOW + DAY }],
      /^error : no key signs from .* on/,
    ],
    [
      "nobody to sign now, though all went to plan",
      [{ ...root, retiredAt: NOW - DAY }],
      /^error : no key signs now/,
    ],
    [
      "a successor that comes too late",
      [
        { ...root, retiredAt: NOW + DAY },
        { id: "x", publishedAt: NOW + DAY },
      ],
      /^error : no key signs from/,
    ],
  ])("refuses %s", (_, entries, expected) => {
    expect(told(...entries)).toEqual(expect.arrayContaining([expect.stringMatching(expected)]));
  });

  it("warns of a key that signs before verifiers had time to learn of it", () => {
    const hasty = { id: "x", publishedAt: NOW, activeFrom: NOW + 10 };
    expect(told(root, hasty)).toEqual([
      expect.stringMatching(/^warning 1\.active_from: verifiers may not have the key before/),
    ]);
  });

  it("warns of a removal that leaves no room for clocks that differ", () => {
    const next = { id: "x", publishedAt: NOW, activeFrom: NOW + 5 * HINT };
    const until = next.activeFrom + RULES.longestLife + HINT;
    expect(told({ ...root, removedAt: until - 1 }, next, standby)).toEqual([
      expect.stringMatching(/^warning 0\.removed_at: what the key signed last is refused/),
    ]);
    expect(told({ ...root, removedAt: until }, next, standby)).toEqual([]);
  });

  it("lets an emergency take the last key away, and says what it means", () => {
    expect(told({ ...root, removedAt: NOW - 5 })).toEqual([
      expect.stringMatching(/^warning 0\.removed_at: what the key signed last is refused/),
      "warning : no key signs now",
    ]);
  });

  it("does not call a planned end an emergency because of an older one", () => {
    const removed = { ...root, removedAt: T + DAY };
    const next = { id: "next", publishedAt: T, activeFrom: T + DAY / 2, retiredAt: NOW + DAY };
    expect(told(removed, next)).toEqual(
      expect.arrayContaining([expect.stringMatching(/^error : no key signs from/)]),
    );
  });

  it("warns where the first key waits, and does not let another sign before it", () => {
    const first = { ...root, publishedAt: NOW - 60, activeFrom: NOW + 4 * HINT };
    expect(told(first, { ...standby, publishedAt: NOW - 60 })).toEqual([
      expect.stringMatching(/^warning : nothing can be signed before/),
    ]);
  });

  it("warns where the first key is still to come", () => {
    expect(told({ id: "x", publishedAt: NOW + 60 })).toEqual([
      expect.stringMatching(/^warning : nothing can be signed before/),
    ]);
  });
});
