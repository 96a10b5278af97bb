import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkTimeline } from "../../../src/signer/timeline-check.ts";
import {
  activeKey,
  isPublished,
  nextChange,
  resolveTimeline,
  spiffeSequence,
  type TimelineEntry,
} from "../../../src/signer/timeline.ts";

const SPAN = 60;
const instant = fc.integer({ min: 0, max: SPAN });
const entry = fc.record(
  {
    publishedAt: instant,
    activeFrom: fc.oneof(instant, fc.constant("standby" as const)),
    retiredAt: instant,
    removedAt: instant,
  },
  { requiredKeys: ["publishedAt"] },
);
const timeline: fc.Arbitrary<readonly TimelineEntry[]> = fc
  .array(entry, { minLength: 1, maxLength: 5 })
  .map((entries) => entries.map((e, i) => ({ id: `k${i}`, ...e })));
/** Mostly open ends, as an operator writes them. */
const plan: fc.Arbitrary<readonly TimelineEntry[]> = fc
  .array(fc.tuple(entry, fc.integer({ min: 0, max: 5 })), { minLength: 1, maxLength: 5 })
  .map((drafts) =>
    drafts.map(([{ publishedAt, activeFrom, retiredAt, removedAt }, dice], i) => ({
      id: `k${i}`,
      publishedAt: i === 0 ? 0 : publishedAt,
      ...(i > 0 && activeFrom !== undefined && { activeFrom }),
      ...(dice === 0 && retiredAt !== undefined && { retiredAt }),
      ...(dice === 1 && removedAt !== undefined && { removedAt }),
    })),
  );
const rules = fc.record({
  refreshHint: fc.integer({ min: 0, max: 3 }),
  longestLife: fc.integer({ min: 0, max: 8 }),
});
/** Small numbers, so that every instant there is can be looked at. */
const EVERY = Array.from({ length: 2 * SPAN }, (_, now) => now);

describe("any timeline", () => {
  it("never lets the sequence fall, and steps it whenever what is published changes", () => {
    fc.assert(
      fc.property(timeline, timeline, rules, instant, (x509, jwt, r, changedAt) => {
        const timelines = [resolveTimeline(x509, r), resolveTimeline(jwt, r)];
        const content = (now: number) =>
          JSON.stringify(timelines.map((lives) => lives.map((life) => isPublished(life, now))));
        const sequence = (now: number) => spiffeSequence(timelines, changedAt, now);
        const steps = EVERY.map((now) => ({
          falls: sequence(now) < sequence(now - 1),
          unmarked: now > changedAt && content(now) !== content(now - 1) && sequence(now) !== now,
        }));
        expect(steps.filter(({ falls, unmarked }) => falls || unmarked)).toEqual([]);
      }),
    );
  });

  it("signs only with a key that is published, ripe or in its time, and not retired", () => {
    fc.assert(
      fc.property(timeline, rules, (entries, r) => {
        const lives = resolveTimeline(entries, r);
        const wrong = EVERY.filter((now) => {
          const key = activeKey(lives, now);
          if (key === undefined) return false;
          const due = now >= key.activeFrom || now >= key.ripeAt;
          return !isPublished(key, now) || now >= key.retiredAt || !due;
        });
        expect(wrong).toEqual([]);
      }),
    );
  });

  it("never goes back to an earlier key", () => {
    fc.assert(
      fc.property(timeline, rules, (entries, r) => {
        const lives = resolveTimeline(entries, r);
        const turns = EVERY.flatMap((now) => {
          const key = activeKey(lives, now);
          return key !== undefined && now >= key.activeFrom ? [key.activeFrom] : [];
        });
        expect(turns).toEqual(turns.toSorted((a, b) => a - b));
      }),
    );
  });

  it("keeps every signature verifiable for its life, unless the operator said otherwise", () => {
    fc.assert(
      fc.property(timeline, rules, (entries, r) => {
        const lives = resolveTimeline(entries, r);
        const stated = new Set(entries.flatMap((e) => (e.removedAt === undefined ? [] : [e.id])));
        const orphaned = EVERY.filter((now) => {
          const key = activeKey(lives, now);
          return key !== undefined && !stated.has(key.id) && !isPublished(key, now + r.longestLife);
        });
        expect(orphaned).toEqual([]);
      }),
    );
  });

  it("changes nothing before nextChange", () => {
    fc.assert(
      fc.property(timeline, rules, (entries, r) => {
        const lives = resolveTimeline(entries, r);
        const state = (now: number) =>
          JSON.stringify([activeKey(lives, now)?.id, lives.filter((l) => isPublished(l, now))]);
        const early = EVERY.filter(
          (now) => nextChange([lives], now - 1) > now && state(now) !== state(now - 1),
        );
        expect(early).toEqual([]);
      }),
    );
  });

  it("that the check finds good signs at every instant from then on", () => {
    let good = 0;
    fc.assert(
      fc.property(plan, rules, instant, (entries, r, from) => {
        const issues = checkTimeline(entries, r, from);
        if (!issues.every(({ message }) => HARMLESS.test(message))) return;
        good++;
        const lives = resolveTimeline(entries, r);
        const silent = EVERY.filter((now) => now >= from && activeKey(lives, now) === undefined);
        expect(silent).toEqual([]);
      }),
      { numRuns: 2000 },
    );
    expect(good).toBeGreaterThan(200);
  });
});

const HARMLESS = /standby|may not have|before it expires/;
