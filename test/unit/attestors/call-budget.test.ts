import { describe, expect, it } from "vitest";
import { CallBudget } from "../../../src/attestors/call-budget.ts";

const LIMITS = { concurrent: 3, seconds: 10, perSecond: 2, burst: 5 };

function take(budget: CallBudget, now: number, count: number) {
  return Array.from({ length: count }, () => budget.take(now));
}

/** As many as may begin now, each over before the next. */
function callsOneByOne(budget: CallBudget, now: number): number {
  for (let begun = 0; ; begun++) {
    const over = budget.take(now);
    if (over === undefined) return begun;
    over();
  }
}

describe("a budget of calls", () => {
  it("bounds how many run at once, until one is over", () => {
    const budget = new CallBudget({ ...LIMITS, burst: 100 });
    const calls = take(budget, 1000, 4);
    expect(calls.map((over) => over !== undefined)).toEqual([true, true, true, false]);
    calls[0]?.();
    calls[0]?.();
    expect(take(budget, 1000, 2).map(Boolean)).toEqual([true, false]);
  });

  it("forgets calls that never said that they were over", () => {
    const budget = new CallBudget({ ...LIMITS, burst: 100 });
    take(budget, 1000, 3);
    expect(budget.take(1009)).toBeUndefined();
    expect(budget.take(1010)).toBeDefined();
  });

  it("bounds how many begin a second, after a burst", () => {
    const budget = new CallBudget(LIMITS);
    const begun = (now: number) => callsOneByOne(budget, now);
    expect(begun(1000)).toBe(5);
    expect(begun(1000)).toBe(0);
    expect(begun(1001)).toBe(2);
    expect(begun(1003)).toBe(4);
    expect(begun(9999)).toBe(5);
  });

  it("survives a clock that is set back, and one that leaps", () => {
    const budget = new CallBudget(LIMITS);
    const begun = (now: number) => callsOneByOne(budget, now);
    expect(begun(5000)).toBe(5);
    expect(begun(1000)).toBe(0);
    expect(begun(1001)).toBe(2);
    const held = new CallBudget({ ...LIMITS, burst: 100 });
    take(held, 5000, 3);
    expect(held.take(1000)).toBeDefined();
  });
});
