import * as fc from "fast-check";
import { expect, it } from "vitest";
import type { ClaimStore } from "../../src/stores/claim-store.ts";
import { EMPTY, step, type Model, type Operation } from "./store-model.ts";
import { A, B, C, freshKey, NOW, type Subject } from "./store-subject.ts";

/** Random histories, held to the model: one step after another, and several at once. */
export function historyTests({ store }: Subject, numRuns: number): void {
  it("agrees with the model, step by step", { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(histories(), async (steps) => {
        const rename = renamer();
        let model: Model = EMPTY;
        for (const operation of steps) {
          const { after, answer } = step(model, operation);
          expect(await perform(store(), rename(operation))).toBe(answer);
          model = after;
        }
      }),
      { numRuns },
    );
  });

  it(
    "answers steps that come at once as if one came after another",
    { timeout: 120_000 },
    async () => {
      const volleys = fc.array(fc.array(operations(), { minLength: 1, maxLength: 3 }), {
        maxLength: 10,
      });
      await fc.assert(
        fc.asyncProperty(volleys, async (batches) => {
          const rename = renamer();
          let models: readonly Model[] = [EMPTY];
          for (const batch of batches) {
            const answers = await Promise.all(batch.map((o) => perform(store(), rename(o))));
            models = explanations(models, batch, answers);
            expect(models.length).toBeGreaterThan(0);
          }
        }),
        { numRuns },
      );
    },
  );
}

async function perform(store: ClaimStore, operation: Operation): Promise<string> {
  const { key } = operation;
  switch (operation.op) {
    case "claim":
      return (await store.claim(operation)).outcome;
    case "once":
      return store.once(key, operation.now, operation.ttlSeconds);
    case "assign":
      await store.assign(key, operation.owner, operation.now, operation.ttlSeconds);
      return "assigned";
    case "ban":
      await store.ban(key, operation.now);
      return "banned";
    case "release":
      break;
  }
  return String(await store.release(key, operation.options));
}

/** Every state that some order of the batch leads to, with exactly these answers. */
function explanations(
  models: readonly Model[],
  batch: readonly Operation[],
  answers: readonly string[],
): readonly Model[] {
  const found = new Map<string, Model>();
  const walk = (model: Model, left: readonly number[]): void => {
    if (left.length === 0) found.set(JSON.stringify(model), model);
    for (const i of left) {
      const operation = batch[i];
      if (operation === undefined) continue;
      const { after, answer } = step(model, operation);
      if (answer === answers[i])
        walk(
          after,
          left.filter((j) => j !== i),
        );
    }
  };
  for (const model of models) walk(model, [...batch.keys()]);
  return [...found.values()];
}

/** Keys of the model are few and short; the store sees fresh ones each run. */
function renamer(): (operation: Operation) => Operation {
  const names = new Map<string, string>();
  return (operation) => {
    const key = names.get(operation.key) ?? freshKey();
    names.set(operation.key, key);
    return { ...operation, key };
  };
}

/**
 * Half of them long: of lengths up to 40 most would be of two or three steps, in which nobody is ever idle.
 * That each outcome is met often is held by `test/unit/stores/histories.test.ts`.
 */
export function histories(): fc.Arbitrary<readonly Operation[]> {
  return fc.oneof(
    fc.array(operations(), { maxLength: 12 }),
    fc.array(operations(), { minLength: 20, maxLength: 30 }),
  );
}

function operations(): fc.Arbitrary<Operation> {
  const key = fc.constantFrom("k1", "k2");
  const owner = fc.constantFrom(A, B, C);
  const requestId = fc.constantFrom("r1", "r2", "r3", "r4");
  const now = fc.integer({ min: NOW, max: NOW + 30 });
  const ttlSeconds = fc.oneof(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 30, max: 60 }));
  const claim = fc.record({
    op: fc.constant("claim" as const),
    key,
    owner,
    // A later one makes all claims of earlier ones stale, so that it has to be rare.
    generation: fc.oneof(
      { weight: 20, arbitrary: fc.constant(0) },
      { weight: 1, arbitrary: fc.constantFrom(1, 2) },
    ),
    now,
    ttlSeconds,
    maxOwners: fc.constantFrom(1, 2, 2, 2, 3),
    idleSeconds: fc.integer({ min: 1, max: 10 }),
    create: fc.constantFrom(true, true, true, false),
    requestId,
  });
  const release = fc.record({
    op: fc.constant("release" as const),
    key,
    options: fc.record({ owner, unusedBy: requestId }, { requiredKeys: [] }),
  });
  return fc.oneof(
    { weight: 16, arbitrary: claim },
    { weight: 2, arbitrary: release },
    { weight: 1, arbitrary: fc.record({ op: fc.constant("once" as const), key, now, ttlSeconds }) },
    {
      weight: 1,
      arbitrary: fc.record({ op: fc.constant("assign" as const), key, owner, now, ttlSeconds }),
    },
    { weight: 1, arbitrary: fc.record({ op: fc.constant("ban" as const), key, now }) },
  );
}
