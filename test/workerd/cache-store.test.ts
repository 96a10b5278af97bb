import { expect, it } from "vitest";
import { utf8Encode } from "../../src/encoding/bytes.ts";
import { cacheStore } from "../../src/federation/workers/cache-store.ts";
import { documentOf, peerWorld } from "../unit/federation/support.ts";

it("the cache of a data centre keeps a peer's bundle from one isolate to the next", async () => {
  expect(await cacheStore.get("peer:a:b")).toBeUndefined();
  await cacheStore.put("peer:a:b", utf8Encode("1"));
  await cacheStore.put("peer:a:c", utf8Encode("2"));
  expect(await cacheStore.get("peer:a:b")).toEqual(utf8Encode("1"));

  const before = peerWorld({ store: cacheStore });
  before.serve(documentOf({ sequence: 7 }));
  expect(await before.refresh()).toBe("refreshed");
  const after = peerWorld({ store: cacheStore });
  after.serve(documentOf({ sequence: 6, kids: ["z"] }));
  expect(await after.refresh()).toBe("rolled_back");
  expect(after.kids()).toEqual(["a"]);
  expect([before.storeFailures, after.storeFailures]).toEqual([0, 0]);
});
