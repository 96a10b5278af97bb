import { env } from "cloudflare:workers";
import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { beforeAll, describe, expect, it } from "vitest";
import { webCryptoPlatform } from "../../src/platform/webcrypto.ts";
import type { ClaimStore } from "../../src/stores/claim-store.ts";
import { openDurableObject } from "../../src/stores/workers/durable-object.ts";
import { storeConformance } from "../conformance/store.ts";
import { freshKey, NOW } from "../conformance/store-subject.ts";
import { firstObject } from "./first-object.ts";

beforeAll(firstObject, 60_000);

function opened(
  bindings: (name: string) => unknown,
  trustDomain = "prod.example",
): Promise<ClaimStore> {
  return openDurableObject(
    { store: "durable_object" },
    {
      platform: webCryptoPlatform(),
      trustDomain,
      read: () => Promise.reject(new Error("nothing to read")),
      env: bindings,
      report: () => undefined,
    },
  );
}
const open = (trustDomain?: string): Promise<ClaimStore> =>
  opened((name) => (name === "CLAIMS" ? env.CLAIMS : undefined), trustDomain);

storeConformance("durable object", () => open(), { runs: 10 });

const objectOf = (name: string) => env.CLAIMS.get(env.CLAIMS.idFromName(name));

describe("a Durable Object", () => {
  const claim = (store: ClaimStore, key: string, requestId: string, ttlSeconds = 100) =>
    store.claim({
      key,
      owner: "a",
      generation: 0,
      now: NOW,
      ttlSeconds,
      maxOwners: 1,
      create: true,
      requestId,
    });

  it("forgets what ended a day ago, and nothing else", async () => {
    const store = await open();
    const key = freshKey();
    const object = objectOf(`claim.${key}`);
    await claim(store, key, "r1");
    const at = await runInDurableObject(object, (_, { storage }) => storage.getAlarm());
    expect(at).toBe((NOW + 100 + 86_400) * 1000);
    // Before its time, as the platform may: it is set anew.
    expect(await runDurableObjectAlarm(object)).toBe(true);
    expect(await store.show(key)).toBeDefined();
    expect(await runInDurableObject(object, (_, { storage }) => storage.getAlarm())).toBe(at);
    await runInDurableObject(object, (_, { storage }) => storage.kv.put("keepUntil", 1));
    expect(await runDurableObjectAlarm(object)).toBe(true);
    expect(await store.show(key)).toBeUndefined();
  });

  it("keeps a one-time value for an hour longer than it counts: clocks differ", async () => {
    const store = await open();
    const key = freshKey();
    expect(await store.once(key, NOW, 120)).toBe("new");
    const object = objectOf(`once.${key}`);
    const at = await runInDurableObject(object, (_, { storage }) => storage.getAlarm());
    expect(at).toBe((NOW + 120 + 3600) * 1000);
  });

  it("knows a question that is asked again, its answer having been lost, from another's", async () => {
    const key = freshKey();
    const object = objectOf(`once.${key}`);
    expect(await object.once(NOW, 120, "one")).toBe("new");
    expect(await object.once(NOW, 120, "one")).toBe("new");
    expect(await object.once(NOW, 120, "other")).toBe("seen");
  });

  it("keeps a ban without an end", async () => {
    const store = await open();
    const key = freshKey();
    await claim(store, key, "r1");
    await store.ban(key, NOW);
    const object = objectOf(`claim.${key}`);
    expect(await runInDurableObject(object, (_, { storage }) => storage.getAlarm())).toBeNull();
  });

  it("leaves nothing behind of a claim that was taken back", async () => {
    const store = await open();
    const key = freshKey();
    await claim(store, key, "r1");
    await store.release(key);
    const left = await runInDurableObject(objectOf(`claim.${key}`), async (_, { storage }) => [
      ...storage.kv.list(),
      await storage.getAlarm(),
    ]);
    expect(left).toEqual([null]);
  });

  it("is handed a snapshot's own octets, and not the memory that they were cut from", async () => {
    const store = await open();
    const name = freshKey();
    const memory = new Uint8Array(1000).fill(7);
    await store.put(name, memory.subarray(10, 12));
    const kept = await store.get(name);
    expect(kept).toEqual(Uint8Array.of(7, 7));
    expect(kept?.buffer.byteLength).toBe(2);
  });

  it("keeps the snapshots of two trust domains apart", async () => {
    const name = freshKey();
    await (await open()).put(name, new Uint8Array([1]));
    expect(await (await open("other.example")).get(name)).toBeUndefined();
  });
});

describe("opening", () => {
  it.each([undefined, null, "CLAIMS", {}])("refuses a binding that is %j", async (value) => {
    await expect(opened(() => value)).rejects.toThrow(/no binding CLAIMS/);
  });

  it("takes whatever goes wrong for a store that is not there", async () => {
    let calls = 0;
    const broken = {
      idFromName: (name: string) => name,
      get: () => ({
        show() {
          calls++;
          return Promise.reject(new Error("secret internals"));
        },
      }),
    };
    const store = await opened(() => broken);
    await expect(store.show(freshKey())).rejects.toMatchObject({
      name: "StoreError",
      code: "unavailable",
      message: "the Durable Object does not answer",
    });
    expect(calls).toBe(3);
  });

  it("waits for no object that does not answer", async () => {
    const silent = {
      idFromName: () => "",
      get: () => ({ show: () => new Promise(() => undefined) }),
    };
    const store = await opened(() => silent);
    await expect(store.show(freshKey())).rejects.toMatchObject({ code: "unavailable" });
  });
});
