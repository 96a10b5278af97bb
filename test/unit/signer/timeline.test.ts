import { describe, expect, it } from "vitest";
import {
  activeKey,
  isPublished,
  nextChange,
  resolveTimeline,
  spiffeSequence,
  type TimelineEntry,
} from "../../../src/signer/timeline.ts";

const HINT = 300;
const LIFE = 3600;
const RULES = { refreshHint: HINT, longestLife: LIFE };
const T = 1_800_000_000;
const DAY = 86_400;

const lives = (...entries: readonly TimelineEntry[]) => resolveTimeline(entries, RULES);
const activeAt = (now: number, ...entries: readonly TimelineEntry[]) =>
  activeKey(lives(...entries), now)?.id;
const publishedAt = (now: number, ...entries: readonly TimelineEntry[]) =>
  lives(...entries)
    .filter((life) => isPublished(life, now))
    .map((life) => life.id);

describe("the defaults of a timeline", () => {
  it("lets the first key sign at once and any other after five refresh hints", () => {
    const [first, second] = lives({ id: "a", publishedAt: T }, { id: "b", publishedAt: T + DAY });
    expect(first).toEqual({
      id: "a",
      publishedAt: T,
      ripeAt: T,
      activeFrom: T,
      retiredAt: T + DAY + 5 * HINT,
      removedAt: T + DAY + 5 * HINT + LIFE + 2 * HINT,
    });
    expect(second).toEqual({
      id: "b",
      publishedAt: T + DAY,
      ripeAt: T + DAY + 5 * HINT,
      activeFrom: T + DAY + 5 * HINT,
      retiredAt: Infinity,
      removedAt: Infinity,
    });
  });

  it("takes the earliest for the first, wherever it stands in the list", () => {
    const [later, first] = lives({ id: "b", publishedAt: T + 1 }, { id: "a", publishedAt: T });
    expect(first?.activeFrom).toBe(T);
    expect(later?.activeFrom).toBe(T + 1 + 5 * HINT);
  });

  it("takes the one that stands first of two that were published together", () => {
    const [a, b] = lives({ id: "a", publishedAt: T }, { id: "b", publishedAt: T });
    expect(a?.activeFrom).toBe(T);
    expect(b?.activeFrom).toBe(T + 5 * HINT);
    const standby = { id: "s", publishedAt: T, activeFrom: "standby" } as const;
    expect(lives(standby, { id: "a", publishedAt: T })[1]?.activeFrom).toBe(T);
  });

  it("retires no key for one that is never to sign itself", () => {
    const never = { id: "b", publishedAt: T, activeFrom: T + DAY, retiredAt: T + DAY };
    expect(lives({ id: "a", publishedAt: T }, never)[0]?.retiredAt).toBe(Infinity);
  });

  it("keeps a retired key published until all that it signed has expired, and two hints more", () => {
    const [a] = lives({ id: "a", publishedAt: T, retiredAt: T + DAY });
    expect(a?.removedAt).toBe(T + DAY + LIFE + 2 * HINT);
  });

  it("goes by what is stated", () => {
    const [a] = lives({
      id: "a",
      publishedAt: T,
      activeFrom: T + 10,
      retiredAt: T + 20,
      removedAt: T + 30,
    });
    expect(a).toMatchObject({ activeFrom: T + 10, retiredAt: T + 20, removedAt: T + 30 });
  });

  it("knows no end where none is planned", () => {
    expect(lives({ id: "a", publishedAt: T })[0]).toMatchObject({
      retiredAt: Infinity,
      removedAt: Infinity,
    });
    expect(lives()).toEqual([]);
    expect(nextChange([lives()], T)).toBe(Infinity);
  });
});

describe("a planned rotation", () => {
  const rotation = [
    { id: "old", publishedAt: T },
    { id: "new", publishedAt: T + DAY },
  ];
  const handover = T + DAY + 5 * HINT;

  it.each([
    [T - 1, undefined, []],
    [T, "old", ["old"]],
    [T + DAY - 1, "old", ["old"]],
    [T + DAY, "old", ["old", "new"]],
    [handover - 1, "old", ["old", "new"]],
    [handover, "new", ["old", "new"]],
    [handover + LIFE + 2 * HINT - 1, "new", ["old", "new"]],
    [handover + LIFE + 2 * HINT, "new", ["new"]],
  ])("at %i signs with %s and publishes %j", (now, signs, published) => {
    expect(activeAt(now, ...rotation)).toBe(signs);
    expect(publishedAt(now, ...rotation)).toEqual(published);
  });

  it("steps its sequence at each change and nowhere else", () => {
    const timeline = lives(...rotation);
    const at = (now: number) => spiffeSequence([timeline], 0, now);
    expect(at(T - 1)).toBe(0);
    expect(at(T)).toBe(T);
    expect(at(T + DAY - 1)).toBe(T);
    expect(at(T + DAY)).toBe(T + DAY);
    expect(at(handover)).toBe(T + DAY);
    expect(at(handover + LIFE + 2 * HINT)).toBe(handover + LIFE + 2 * HINT);
  });
});

describe("a standby", () => {
  const root = { id: "root", publishedAt: T };
  const standby = { id: "standby", publishedAt: T, activeFrom: "standby" } as const;

  it("is published and does not sign", () => {
    expect(publishedAt(T + 100 * DAY, root, standby)).toEqual(["root", "standby"]);
    expect(activeAt(T + 100 * DAY, root, standby)).toBe("root");
  });

  it("takes over in the second in which the only other key is removed", () => {
    const removed = { ...root, removedAt: T + DAY };
    expect(activeAt(T + DAY - 1, removed, standby)).toBe("root");
    expect(activeAt(T + DAY, removed, standby)).toBe("standby");
    expect(publishedAt(T + DAY, removed, standby)).toEqual(["standby"]);
  });

  it("takes over at once where it was there from the beginning", () => {
    expect(activeAt(T + 1, { ...root, removedAt: T + 1 }, standby)).toBe("standby");
  });

  it("does not take over before verifiers had time to learn of it", () => {
    const late = { ...standby, publishedAt: T + DAY };
    const removed = { ...root, removedAt: T + DAY + 10 };
    expect(activeAt(T + DAY + 10, removed, late)).toBeUndefined();
    expect(activeAt(T + DAY + 5 * HINT - 1, removed, late)).toBeUndefined();
    expect(activeAt(T + DAY + 5 * HINT, removed, late)).toBe("standby");
  });

  it("gives way to the one that is planned next, and to any that is in its time", () => {
    const planned = { id: "planned", publishedAt: T, activeFrom: T + 10 * DAY };
    const removed = { ...root, removedAt: T + DAY };
    expect(activeAt(T + DAY, removed, standby, planned)).toBe("planned");
    expect(activeAt(T + 10 * DAY, removed, standby, planned)).toBe("planned");
  });

  it("is taken from several by their plan, wherever they stand in the list", () => {
    const removed = { ...root, removedAt: T + DAY };
    const sooner = { id: "sooner", publishedAt: T + 1, activeFrom: T + 3 * DAY };
    const later = { id: "later", publishedAt: T + 1, activeFrom: T + 4 * DAY };
    for (const waiting of [
      [sooner, later, standby],
      [standby, later, sooner],
    ])
      expect(activeAt(T + DAY, removed, ...waiting)).toBe("sooner");
  });

  it("never brings back a key that was retired", () => {
    const old = { id: "old", publishedAt: T - DAY };
    const current = { id: "current", publishedAt: T, removedAt: T + DAY };
    expect(activeAt(T + DAY - 1, old, current)).toBe("current");
    expect(activeAt(T + DAY, old, current)).toBeUndefined();
  });

  it("does not retire the key before it, unless it really comes to its time", () => {
    const cancelled = { id: "x", publishedAt: T, activeFrom: T + DAY, removedAt: T + 100 };
    expect(lives(root, cancelled)[0]?.retiredAt).toBe(Infinity);
    expect(lives(root, standby)[0]?.retiredAt).toBe(Infinity);
  });
});

describe("spiffeSequence", () => {
  const timelines = [lives({ id: "x", publishedAt: T }), lives({ id: "j", publishedAt: T + 7 })];

  it("is the latest over all lists and the operator's own word", () => {
    expect(spiffeSequence(timelines, 0, T + 10)).toBe(T + 7);
    expect(spiffeSequence(timelines, T + 9, T + 10)).toBe(T + 9);
    expect(spiffeSequence(timelines, T + 3, T + 10)).toBe(T + 7);
  });

  it("counts changed_at as soon as it is known, whatever the clock", () => {
    expect(spiffeSequence(timelines, T + 20, T + 10)).toBe(T + 20);
  });

  it("does not count what lies ahead", () => {
    expect(spiffeSequence(timelines, 0, T + 6)).toBe(T);
  });
});
