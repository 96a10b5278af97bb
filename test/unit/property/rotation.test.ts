import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkKeyEdits } from "../../../src/signer/key-edits.ts";
import { Consumer, HINT, Instance, LAG, MAX_AGE, MAX_SKEW, type Version } from "../signer/fleet.ts";
import { addEdit, apply, decide, edit, emergencyEdit, exempt } from "../signer/fleet-edits.ts";
import { bundleAt, planOf, type PlanOf } from "../signer/fleet-keys.ts";

/** When the trust domain began; and when everybody had heard of it. */
const T = 100_000;
const START = T + MAX_SKEW + MAX_AGE + 1;
const INSTANCES = 4;
const lags = fc.array(fc.integer({ min: 0, max: LAG }), {
  minLength: INSTANCES,
  maxLength: INSTANCES,
});
const ordinary = fc.record({ edit, wait: fc.constantFrom(1, 7, 50, 200, 320, 700), lags });
const begun = fc.record({ edit: addEdit, wait: fc.constantFrom(50, 320, 700), lags });
/** While a change is still on its way to everybody, which by chance is nearly never. */
const hasty = fc.record({
  edit: emergencyEdit.map((one) => ({ ...one, which: "active" as const })),
  wait: fc.constantFrom(0, 1, 7),
  lags,
});
const story = fc.record({
  steps: fc
    .array(fc.oneof({ weight: 2, arbitrary: fc.tuple(ordinary) }, fc.tuple(begun, hasty)), {
      maxLength: 5,
    })
    .map((steps) => steps.flat()),
  skews: fc.array(fc.integer({ min: -MAX_SKEW, max: MAX_SKEW }), {
    minLength: INSTANCES,
    maxLength: INSTANCES,
  }),
  polls: fc.array(
    fc.record({
      gap: fc.integer({ min: 20, max: HINT }),
      of: fc.nat({ max: INSTANCES - 1 }),
      age: fc.integer({ min: 0, max: MAX_AGE }),
    }),
    { minLength: 8, maxLength: 8 },
  ),
  standbys: fc.boolean(),
  life: fc.constantFrom(60, 300, 600),
});
type Story = typeof story extends fc.Arbitrary<infer S> ? S : never;

function holds(condition: boolean, otherwise: string): void {
  if (!condition) throw new Error(otherwise);
}

const counts = { stories: 0, edits: 0, emergencies: 0, rescued: 0, signed: 0, checked: 0 };

function begin({ standbys, life }: Story): PlanOf {
  const list = (use: string) => [
    { id: `${use}-first`, publishedAt: T },
    ...(standbys ? [{ id: `${use}-spare`, publishedAt: T, activeFrom: "standby" as const }] : []),
  ];
  return {
    entries: { x509: list("x509"), jwt: list("jwt"), wit: [] },
    longestLife: life,
    refreshHint: HINT,
    changedAt: 0,
  };
}

interface Told {
  readonly instances: readonly Instance[];
  /** Names of keys that were removed in an emergency, with its time. */
  readonly compromised: ReadonlyMap<string, number>;
  readonly exempt: ReadonlySet<string>;
  /** Sequences that an emergency had to share for a while. */
  readonly shared: ReadonlySet<number>;
  readonly end: number;
}

/** Everybody makes the edits that are found good, and every instance finds them good as well. */
function tell(told: Story): Told {
  let plan = begin(told);
  let now = START;
  const version = (of: PlanOf): Version => ({
    plan: planOf(of),
    afresh: () => planOf(of),
    longestLife: of.longestLife,
  });
  const instances = told.skews.map((skew) => new Instance(skew));
  const versions = [version(plan)];
  for (const instance of instances) instance.load(versions[0] as Version, T);
  const compromised = new Map<string, number>();
  const exempted = new Set<string>();
  const shared = new Set<number>();
  for (const [index, step] of told.steps.entries()) {
    now += step.wait;
    const emergency = step.edit.kind === "emergency";
    const wanted = apply(plan, step.edit, now, `k${index}`);
    const decided = wanted && decide(plan, wanted, now, emergency);
    if (decided === undefined) continue;
    counts.edits++;
    const next = version(decided);
    const before = versions.at(-1) as Version;
    if (emergency) {
      const gone = [...bundleAt(before.plan, now).ids].filter(
        (id) => !bundleAt(next.plan, now).ids.has(id),
      );
      for (const id of gone) compromised.set(id, now);
      if (gone.length > 0) {
        counts.emergencies++;
        holds(
          bundleAt(next.plan, now).sequence > bundleAt(before.plan, now).sequence,
          "an emergency that nobody sees",
        );
      }
      if (decided !== wanted) {
        counts.rescued++;
        shared.add(decided.changedAt);
      }
    }
    for (const id of exempt(decided)) exempted.add(id);
    for (const [i, instance] of instances.entries()) {
      instance.load(next, now + (step.lags[i] ?? 0));
      const clock = instance.loadedAt(next) + instance.skew;
      const refused = checkKeyEdits(before.plan, next.plan, clock, "loaded");
      holds(refused.length === 0, `instance ${i} refuses: ${refused[0]?.message}`);
    }
    versions.push(next);
    plan = decided;
  }
  return { instances, compromised, exempt: exempted, shared, end: now + 2000 };
}

describe("a fleet whose configuration and clocks differ", () => {
  it("never shows a sequence that falls, two bundles of one sequence, or an SVID that cannot be verified", () => {
    fc.assert(
      fc.property(story, (told) => {
        counts.stories++;
        watch(tell(told), told);
      }),
      { numRuns: 60 },
    );
    // The story is told of edits, not of refusals.
    expect(counts.edits).toBeGreaterThan(counts.stories / 2);
    expect(counts.emergencies).toBeGreaterThan(3);
    expect(counts.rescued).toBeGreaterThan(0);
    expect(counts.checked).toBeGreaterThan(10_000);
  });
});

function watch({ instances, compromised, exempt: exempted, shared, end }: Told, { polls }: Story) {
  const consumers = [new Consumer(), new Consumer()];
  const due = consumers.map((_, i) => ({ at: START + i * 13, next: i }));
  const instants = instances.flatMap((one) => one.instants().flatMap((at) => [at - 1, at, at + 1]));
  const grid = Array.from({ length: Math.ceil((end - T) / 10) }, (_, i) => T + i * 10);
  const times = [...new Set([...instants, ...grid])].filter((at) => at >= START && at <= end);
  const bodies = new Map<number, string>();
  const lastSequence = instances.map(() => 0);
  const signed = new Map<string, number>();
  const had = consumers.map(() => new Set<string>());
  const dropped = consumers.map(() => new Set<string>());
  for (const time of times.toSorted((a, b) => a - b)) {
    for (const [i, consumer] of consumers.entries()) {
      for (let poll = due[i]; poll !== undefined && poll.at <= time; poll = due[i]) {
        const { gap, of, age } = polls[poll.next % polls.length] as Story["polls"][number];
        consumer.poll(instances[of] as Instance, poll.at, age);
        due[i] = { at: poll.at + gap, next: poll.next + 1 };
      }
    }
    for (const [i, instance] of instances.entries()) {
      const bundle = instance.bundle(time);
      if (bundle === undefined) continue;
      const { sequence, body, ids } = bundle;
      // Of configuration and clock alone: one that never served says the same.
      const fresh = instance.versionAt(time)?.afresh();
      holds(
        fresh === undefined || bundleAt(fresh, time + instance.skew).body === body,
        "unlike bytes",
      );
      holds(sequence >= (lastSequence[i] ?? 0), `the sequence falls at ${time - T}`);
      lastSequence[i] = sequence;
      if (!shared.has(sequence)) {
        holds(
          (bodies.get(sequence) ?? body) === body,
          `two bundles of ${sequence - T} at ${time - T}`,
        );
        bodies.set(sequence, body);
      }
      for (const { id, until } of instance.signs(time)) {
        counts.signed++;
        holds(ids.has(id), `${id} signs unpublished at ${time - T}`);
        signed.set(id, Math.max(until, signed.get(id) ?? 0));
      }
    }
    for (const [i, { held }] of consumers.entries()) {
      if (held === undefined) continue;
      for (const [id, until] of signed) {
        if (until <= time || exempted.has(id) || compromised.has(id)) continue;
        counts.checked++;
        holds(held.ids.has(id), `consumer ${i} refuses ${id} at ${time - T}`);
      }
      for (const [id, at] of compromised) {
        const gone = !held.ids.has(id);
        holds(gone || dropped[i]?.has(id) !== true, `${id} is back at ${time - T}`);
        if (!gone) had[i]?.add(id);
        else if (had[i]?.has(id) === true) dropped[i]?.add(id);
        const refreshed = time > at + LAG + MAX_SKEW + HINT + MAX_AGE;
        holds(gone || !refreshed, `${id} is believed at ${time - T}`);
      }
    }
  }
}
