import { describe, expect, it } from "vitest";
import { resetPeer, type SnapshotStore } from "../../../src/federation/snapshots.ts";
import { documentOf, NOW, peerWorld, stored } from "./support.ts";

const LATER = 400;

/** Sequences served one after another to one instance, whose store is read at the start of each refresh and away after that. */
async function expectRefreshes(
  store: SnapshotStore,
  steps: readonly (readonly [sequence: number, outcome: "refreshed" | "rolled_back"])[],
): Promise<void> {
  let reads = 0;
  const get: SnapshotStore["get"] = (name) =>
    reads++ === 0 ? store.get(name) : Promise.reject(new Error("down"));
  const world = peerWorld({ store: { get, put: store.put } });
  for (const [sequence, outcome] of steps) {
    reads = 0;
    world.serve(documentOf({ sequence }));
    expect(await world.refresh()).toBe(outcome); // oxlint-disable-line no-await-in-loop
    world.now += LATER;
  }
}

describe("a peer that an operator lets start anew", () => {
  it("is believed again by each instance, and not rolled back after that", async () => {
    const store = await stored(documentOf({ sequence: 7 }));
    const [one, other] = [peerWorld({ store }), peerWorld({ store })];
    for (const world of [one, other]) {
      world.serve(documentOf({ sequence: 7 }));
      await world.refresh();
      world.serve(documentOf({ sequence: 1, kids: ["anew"] }));
      world.now += LATER;
      expect(await world.refresh()).toBe("rolled_back");
    }
    await resetPeer(store, "prod.example", "peer.example", NOW + LATER + 1);
    for (const world of [one, other]) {
      world.now += LATER;
      expect(await world.refresh()).toBe("refreshed");
      expect(world.kids()).toEqual(["anew"]);
    }
    for (const world of [one, other]) {
      world.serve(documentOf({ sequence: 0, kids: ["z"] }));
      world.now += LATER;
      expect(await world.refresh()).toBe("rolled_back");
    }
    const late = peerWorld({ store });
    late.serve(documentOf({ sequence: 0 }));
    late.now += 2 * LATER;
    expect(await late.refresh()).toBe("rolled_back");
  });

  it("is not for ever free to, by a clock that was ahead", async () => {
    const store = await stored(documentOf({ sequence: 7 }));
    await resetPeer(store, "prod.example", "peer.example", NOW + 5 * LATER);
    await expectRefreshes(store, [
      [9, "refreshed"],
      [8, "rolled_back"],
      [7, "rolled_back"],
    ]);
  });

  it("does so once by one word, also where the store is away in between", async () => {
    const store = await stored(documentOf({ sequence: 7 }));
    await resetPeer(store, "prod.example", "peer.example", NOW + 1);
    await expectRefreshes(store, [
      [7, "refreshed"],
      [1, "refreshed"],
      [0, "rolled_back"],
    ]);
  });

  it("may count nothing any more", async () => {
    const store = await stored(documentOf({ sequence: 7 }));
    const world = peerWorld({ store });
    world.serve(documentOf({ kids: ["b"] }));
    expect(await world.refresh()).toBe("rolled_back");
    await resetPeer(store, "prod.example", "peer.example", NOW + 1);
    for (const kid of ["b", "c"]) {
      world.serve(documentOf({ kids: [kid] }));
      world.now += LATER;
      expect(await world.refresh()).toBe("refreshed");
    }
  });

  it("still has the sequence that the configuration asks for", async () => {
    const store = await stored(documentOf({ sequence: 7 }));
    const world = peerWorld({ store, minSequence: 3 });
    world.serve(documentOf({ sequence: 2 }));
    await world.refresh();
    await resetPeer(store, "prod.example", "peer.example", NOW + 1);
    world.now += LATER;
    expect(await world.refresh()).toBe("rolled_back");
  });
});
