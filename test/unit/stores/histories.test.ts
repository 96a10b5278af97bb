import * as fc from "fast-check";
import { expect, it } from "vitest";
import { histories } from "../../conformance/store-histories.ts";
import { EMPTY, step, type Model } from "../../conformance/store-model.ts";

it("generated histories of a store meet every outcome", () => {
  const met = new Map<string, number>();
  const meet = (what: string) => met.set(what, (met.get(what) ?? 0) + 1);
  for (const steps of fc.sample(histories(), 400)) {
    let model: Model = EMPTY;
    for (const operation of steps) {
      const { after, answer } = step(model, operation);
      meet(`${operation.op} ${answer}`);
      const [before, now] = [model, after].map(({ claims }) => claims[operation.key]);
      const kept = now?.gen === before?.gen && now?.owners.length === before?.owners.length;
      // One that was idle made room for another.
      if (operation.op === "claim" && answer === "created" && kept && operation.maxOwners > 1)
        if (now?.owners.some(({ name }) => !before?.owners.some((one) => one.name === name)))
          meet("replaced");
      model = after;
    }
  }
  const claims = ["created", "same", "taken", "stale", "banned"].map((one) => `claim ${one}`);
  const others = ["once new", "once seen", "release true", "release false", "replaced"];
  expect([...claims, ...others].filter((what) => (met.get(what) ?? 0) <= 10)).toEqual([]);
});
