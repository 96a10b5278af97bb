import { describe, expect, it } from "vitest";
import { webCryptoPlatform } from "../../../src/platform/webcrypto.ts";
import type { ClaimRequest } from "../../../src/stores/claim-store.ts";
import { openOptimistic, optimisticStore } from "../../../src/stores/optimistic.ts";
import type { Records } from "../../../src/stores/records.ts";
import { StoreError } from "../../../src/stores/store-error.ts";
import { storeConformance } from "../../conformance/store.ts";
import { freshKey, NOW } from "../../conformance/store-subject.ts";
import { FakeRecords } from "../../fakes/records.ts";

const options = { platform: webCryptoPlatform(), trustDomain: "prod.example" };
// What is tested is the outcome, not how fast a busy machine is.
const patient = { ...options, deadlineMs: 20_000 };
storeConformance("optimistic", async () => optimisticStore(new FakeRecords(), patient), {
  runs: 10,
});

const key = freshKey();
const request: ClaimRequest = {
  key,
  owner: "a",
  generation: 0,
  now: NOW,
  ttlSeconds: 100,
  maxOwners: 1,
  create: true,
  requestId: "r1",
};
const down = (): Promise<never> => Promise.reject(new StoreError("unavailable", "down"));
const failure = (attempt: Promise<unknown>): Promise<StoreError> =>
  attempt.then(
    () => Promise.reject(new Error("did not fail")),
    (error: StoreError) => error,
  );

/** Records of which single calls go wrong. */
function faulty(parts: (good: FakeRecords) => Partial<Records>): {
  good: FakeRecords;
  bad: Records;
} {
  const good = new FakeRecords();
  const whole: Records = {
    read: (name) => good.read(name),
    write: (name, next, expected) => good.write(name, next, expected),
  };
  return { good, bad: { ...whole, ...parts(good) } };
}

describe("costs", () => {
  it("two calls a new claim or a renewal, one where nothing changes, one for a one-time value", async () => {
    const records = new FakeRecords();
    const store = optimisticStore(records, options);
    const calls = async (work: Promise<unknown>): Promise<[number, number]> => {
      [records.reads, records.writes] = [0, 0];
      await work;
      return [records.reads, records.writes];
    };
    expect(await calls(store.claim(request))).toEqual([1, 1]);
    const renewal = { ...request, now: NOW + 9, requestId: "r2" };
    expect(await calls(store.claim(renewal))).toEqual([1, 1]);
    // As often as it likes within one second.
    expect(await calls(store.claim({ ...renewal, requestId: "r3" }))).toEqual([1, 0]);
    expect(await calls(store.claim({ ...request, owner: "b" }))).toEqual([1, 0]);
    expect(await calls(store.once(key, NOW, 120))).toEqual([0, 1]);
    expect(await calls(store.once(key, NOW, 120))).toEqual([1, 1]);
  });
});

describe("what the store may forget by itself", () => {
  it("is what ended long ago, never a ban or a snapshot", async () => {
    const records = new FakeRecords();
    const store = optimisticStore(records, options);
    const kept = (): (number | undefined)[] =>
      Array.from(records.stored.values(), ({ keepUntil }) => keepUntil);
    await store.claim(request);
    await store.once(key, NOW, 120);
    await store.put("bundle", new Uint8Array(1));
    expect(kept()).toEqual([NOW + 100 + 86_400, NOW + 120 + 3600, undefined]);
    await store.ban(key, NOW);
    expect(kept()[0]).toBeUndefined();
  });

  it("tells the snapshots of two trust domains apart", async () => {
    const records = new FakeRecords();
    await optimisticStore(records, options).put("bundle", new Uint8Array(1));
    const other = optimisticStore(records, { ...options, trustDomain: "other.example" });
    expect(await other.get("bundle")).toBeUndefined();
  });
});

describe("a store that fails", () => {
  it("is asked again where that may help, and no more than three times", async () => {
    let left = 2;
    const { bad, good } = faulty(() => ({
      read: (name) => (left-- > 0 ? down() : good.read(name)),
    }));
    expect(await optimisticStore(bad, options).claim(request)).toEqual({ outcome: "created" });
    let calls = 0;
    const dead = faulty(() => ({
      read() {
        calls++;
        return down();
      },
    }));
    const error = await failure(optimisticStore(dead.bad, options).claim(request));
    expect(error).toMatchObject({ code: "unavailable", message: "down" });
    expect(calls).toBe(3);
  });

  it("is not asked again where it refuses us, or cannot be believed", async () => {
    for (const code of ["refused", "corrupt"] as const) {
      let calls = 0;
      const { bad } = faulty(() => ({
        read() {
          calls++;
          return Promise.reject(new StoreError(code, "no"));
        },
      }));
      expect(await failure(optimisticStore(bad, options).claim(request))).toMatchObject({ code });
      expect(calls).toBe(1);
    }
  });

  it("is told its end: conflicts for ever do not hold a request", async () => {
    let writes = 0;
    const { bad } = faulty(() => ({
      async write() {
        writes++;
        return false;
      },
    }));
    const error = await failure(
      optimisticStore(bad, { ...options, deadlineMs: 100 }).claim(request),
    );
    expect(error).toMatchObject({ code: "unavailable", message: expect.stringMatching(/at once/) });
    expect(writes).toBeGreaterThan(2);
    expect(writes).toBeLessThan(50);
  });

  it.each([
    ["no JSON", "{"],
    ["another record", '{"until":1,"by":"x"}'],
    [
      "a member of a later version",
      '{"generation":0,"banned":false,"expiresAt":9,"owners":[],"z":1}',
    ],
    ["owners that are none", '{"generation":0,"banned":false,"expiresAt":9,"owners":["a"]}'],
    ["no time", '{"generation":0,"banned":false,"expiresAt":null,"owners":[]}'],
    ["nothing", ""],
  ])("is not believed with %s, and not written over", async (_, text) => {
    const { bad, good } = faulty(() => ({ read: async () => ({ text, version: "v" }) }));
    const store = optimisticStore(bad, options);
    for (const attempt of [store.claim(request), store.show(key), store.ban(key, NOW)])
      expect(await failure(attempt)).toMatchObject({ code: "corrupt" }); // oxlint-disable-line no-await-in-loop -- one by one
    expect(good.writes).toBe(0);
  });

  it("takes no record that the smallest store could not hold", async () => {
    const store = optimisticStore(new FakeRecords(), options);
    const error = await failure(store.put("bundle", new Uint8Array(400 * 1024)));
    expect(error).toMatchObject({ code: "refused" });
  });
});

describe("an answer that is lost after the write", () => {
  /** The first write happens, and nobody is told. */
  function lossy(): { good: FakeRecords; bad: Records } {
    let lost = false;
    return faulty((good) => ({
      async write(name, next, expected) {
        const answer = await good.write(name, next, expected);
        if (lost) return answer;
        lost = true;
        return down();
      },
    }));
  }

  it("is known again: a claim, a one-time value, what was taken back", async () => {
    expect(await optimisticStore(lossy().bad, options).claim(request)).toEqual({
      outcome: "created",
    });
    expect(await optimisticStore(lossy().bad, options).once(key, NOW, 120)).toBe("new");
    const { bad, good } = lossy();
    await optimisticStore(good, options).claim(request);
    expect(await optimisticStore(bad, options).release(key)).toBe(true);
  });

  it("makes nobody else's value new", async () => {
    const { bad, good } = lossy();
    await optimisticStore(good, options).once(key, NOW, 120);
    expect(await optimisticStore(bad, options).once(key, NOW, 120)).toBe("seen");
  });
});

describe("opening", () => {
  const warnings: string[] = [];
  const report = ({ message }: { message: string }): void => void warnings.push(message);

  it("goes on without a store that does not answer, which is asked before its first use", async () => {
    let answers = false;
    const { bad } = faulty(() => ({ check: () => (answers ? Promise.resolve() : down()) }));
    const store = await openOptimistic(bad, { ...options, report });
    expect(warnings).toEqual([expect.stringMatching(/^does not answer now.*: down$/)]);
    expect(await failure(store.claim(request))).toMatchObject({ code: "unavailable" });
    answers = true;
    expect(await store.claim(request)).toEqual({ outcome: "created" });
  });

  it("refuses one that cannot keep first use honest, now or later", async () => {
    let code: "refused" | "unavailable" = "refused";
    let closed = 0;
    const { bad } = faulty(() => ({
      check: () => Promise.reject(new StoreError(code, "replicated")),
      async close() {
        closed++;
      },
    }));
    expect(await failure(openOptimistic(bad, { ...options, report }))).toMatchObject({ code });
    expect(closed).toBe(1);
    code = "unavailable";
    const store = await openOptimistic(bad, { ...options, report });
    code = "refused";
    expect(await failure(store.claim(request))).toMatchObject({ code });
  });
});
