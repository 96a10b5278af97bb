import { describe, expect, it, vi } from "vitest";
import { encodeBase64 } from "../../../src/encoding/base64.ts";
import { parseBundle, serializeBundle } from "../../../src/encoding/bundle.ts";
import { utf8Decode, utf8Encode } from "../../../src/encoding/bytes.ts";
import type { HeldBundle } from "../../../src/federation/peer.ts";
import type { SnapshotStore } from "../../../src/federation/snapshots.ts";
import {
  DOWN,
  documentOf,
  memory,
  NOW,
  peerWorld,
  stored,
  UNCHANGED,
  URL_OF_PEER,
} from "./support.ts";

const LATER = 400;
const NAME = "peer:prod.example:peer.example";

function recordOf(document: string, members: object = {}): Uint8Array {
  const text = encodeBase64(utf8Encode(document));
  const record = { svidmint_peer: 1, url: URL_OF_PEER, held_since: NOW - 1000, document: text };
  return utf8Encode(JSON.stringify({ ...record, ...members }));
}

function configured(document: string): HeldBundle {
  const parsed = parseBundle(document);
  if (!parsed.ok) throw new Error("not a bundle");
  const bundle = parsed.value;
  return { bundle, document: serializeBundle(bundle), heldSince: NOW, source: "configured" };
}

describe("a stored bundle", () => {
  it("serves while the peer cannot be reached, with its true age", async () => {
    const store = await stored(documentOf({ sequence: 7 }));
    const world = peerWorld({ store, maxAge: 3600 });
    world.now += 3000;
    world.answer = DOWN;
    expect(await world.refresh()).toBe("network");
    expect(world.kids()).toEqual(["a"]);
    expect(world.peer.held).toMatchObject({ source: "stored", heldSince: NOW });
    world.now += 601;
    expect(world.kids()).toBeUndefined();
  });

  it("says how far back is too far, over a restart", async () => {
    const world = peerWorld({ store: await stored(documentOf({ sequence: 7 })) });
    world.serve(documentOf({ sequence: 6, kids: ["z"] }));
    expect(await world.refresh()).toBe("rolled_back");
    expect(world.kids()).toEqual(["a"]);
  });

  it("is waited for by whoever ends the process while it is written, also where the peer hangs then", async () => {
    const store = memory();
    let open: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (open = resolve));
    const slow = {
      ...store,
      put: async (name: string, value: Uint8Array) => {
        await gate;
        await store.put(name, value);
      },
    };
    const world = peerWorld({ store: slow });
    void world.peer.refresh(world.now);
    await vi.waitFor(() => expect(world.kids()).toEqual(["a"]), 45_000); // believed, not yet written
    expect(store.held.size).toBe(0);
    const kept = world.peer.kept().then(() => store.held.size);
    open();
    expect(await kept).toBe(1);
    const hanging = peerWorld({ store });
    hanging.answer = "hang";
    void hanging.peer.refresh(hanging.now);
    await hanging.peer.kept();
  });

  it("is not the answer to a 304, whose tag nobody has sent", async () => {
    const world = peerWorld({ store: await stored(documentOf({ sequence: 7 })) });
    world.answer = UNCHANGED;
    expect(await world.refresh()).toBe("status");
    expect(world.asked).toEqual(["-"]);
  });

  it("is written when it changes, and its age now and then", async () => {
    const store = memory();
    const world = peerWorld({ store, maxAge: 8000 });
    world.serve(documentOf({ sequence: 1 }));
    await world.refresh();
    for (let i = 0; i < 4; i++) {
      world.now += 300;
      await world.refresh();
    }
    expect(store.puts).toBe(2);
    world.serve(documentOf({ sequence: 2 }));
    world.now += 300;
    await world.refresh();
    expect(store.puts).toBe(3);
  });

  it("has its age written now and then also where the peer says 304 alone", async () => {
    const store = memory();
    const world = peerWorld({ store, maxAge: 8000 });
    world.serve(documentOf({ sequence: 1 }), '"one"');
    await world.refresh();
    world.answer = UNCHANGED;
    for (let i = 0; i < 4; i++) {
      world.now += 300;
      expect(await world.refresh()).toBe("refreshed"); // oxlint-disable-line no-await-in-loop -- one after another
    }
    expect(store.puts).toBe(2);
    const next = peerWorld({ store });
    next.answer = DOWN;
    next.now += 5000;
    await next.refresh();
    expect(next.peer.held?.heldSince).toBe(NOW + 1200);
  });

  it.each([
    ["nothing of ours", utf8Encode("\u0000\u0001")],
    ["empty", new Uint8Array(0)],
    ["of another version", recordOf(documentOf({ sequence: 9 }), { svidmint_peer: 2 })],
    ["of another endpoint", recordOf(documentOf({ sequence: 9 }), { url: "https://x.example/" })],
    ["without age", recordOf(documentOf({ sequence: 9 }), { held_since: "1" })],
    ["not base64", recordOf("", { document: "%" })],
    ["no bundle", recordOf("<html>")],
    ["below what the configuration asks for", recordOf(documentOf({ sequence: 1 }))],
  ])("is as if it were not there: %s", async (_, bytes) => {
    const store = memory();
    store.held.set(NAME, bytes);
    const world = peerWorld({ store, minSequence: 2 });
    world.answer = DOWN;
    await world.refresh();
    expect(world.kids()).toBeUndefined();
    world.serve(documentOf({ sequence: 2, kids: ["b"] }));
    world.now += LATER;
    expect(await world.refresh()).toBe("refreshed");
    expect(utf8Decode(store.held.get(NAME) ?? new Uint8Array())).toContain(URL_OF_PEER);
    expect(world.storeFailures).toBe(0);
  });

  it("from the future is no younger than now", async () => {
    const store = memory();
    store.held.set(NAME, recordOf(documentOf(), { held_since: NOW + 1e9 }));
    const world = peerWorld({ store });
    world.answer = DOWN;
    await world.refresh();
    expect(world.peer.held?.heldSince).toBe(NOW);
  });
});

describe("a store of bundles", () => {
  const broken = async () => {
    throw new Error("down");
  };
  const hangs = () => new Promise<never>(() => undefined);
  it.each<[string, SnapshotStore["get"], SnapshotStore["put"], number]>([
    ["fails", broken, broken, 2],
    [
      "fails at once",
      () => {
        throw new Error("down");
      },
      () => {
        throw new Error("down");
      },
      2,
    ],
    ["cannot be written", async () => undefined, broken, 1],
    ["hangs", hangs, hangs, 2],
  ])("that %s costs nothing but what it would have kept", async (_, get, put, failures) => {
    vi.useFakeTimers();
    const world = peerWorld({ store: { get, put } });
    const outcome = world.refresh();
    await vi.advanceTimersByTimeAsync(10_000);
    vi.useRealTimers();
    expect(await outcome).toBe("refreshed");
    expect(world.kids()).toEqual(["a"]);
    expect(world.storeFailures).toBe(failures);
  });

  it("that comes back late still says how far back was too far", async () => {
    const store = await stored(documentOf({ sequence: 7 }));
    let up = false;
    const get = (name: string) => (up ? store.get(name) : broken());
    const world = peerWorld({ store: { get, put: store.put } });
    world.serve(documentOf({ sequence: 6, kids: ["z"] }));
    expect(await world.refresh()).toBe("refreshed");
    up = true;
    world.now += LATER;
    expect(await world.refresh()).toBe("rolled_back");
    expect(world.kids()).toEqual(["a"]);
    expect(world.peer.held?.source).toBe("stored");
  });

  it("that cannot be read is not written over, for it may hold a later one", async () => {
    const store = await stored(documentOf({ sequence: 7 }));
    let reads = 0;
    const get = (name: string) => (++reads <= 2 ? broken() : store.get(name));
    const world = peerWorld({ store: { get, put: store.put } });
    world.serve(documentOf({ sequence: 6, kids: ["z"] }));
    expect(await world.refresh()).toBe("refreshed");
    const kept = peerWorld({ store });
    kept.answer = DOWN;
    await kept.refresh();
    expect(kept.peer.held?.bundle.sequence).toBe(7n);
  });

  it("that was away is given what it has missed with the next refresh", async () => {
    const store = await stored(documentOf({ sequence: 7 }));
    let up = true;
    const put: SnapshotStore["put"] = (name, value) => (up ? store.put(name, value) : broken());
    const world = peerWorld({ store: { get: store.get, put } });
    for (const [sequence, reachable] of [
      [7, true],
      [8, false],
      [8, true],
    ] as const) {
      up = reachable;
      world.serve(documentOf({ sequence }));
      expect(await world.refresh()).toBe("refreshed"); // oxlint-disable-line no-await-in-loop
      world.now += LATER;
    }
    const next = peerWorld({ store });
    next.serve(documentOf({ sequence: 7 }));
    expect(await next.refresh()).toBe("rolled_back");
  });

  it("knows what another instance was told meanwhile", async () => {
    const store = await stored(documentOf({ sequence: 5 }));
    const world = peerWorld({ store });
    world.serve(documentOf({ sequence: 5 }));
    await world.refresh();
    await stored(documentOf({ sequence: 7, kids: ["seven"] }), store);
    world.serve(documentOf({ sequence: 6, kids: ["six"] }));
    world.now += LATER;
    expect(await world.refresh()).toBe("rolled_back");
    expect(world.kids()).toEqual(["seven"]);
  });
});

describe("a configured bundle beside a stored one", () => {
  it.each([
    ["older", 6, 7, ["stored"], "stored"],
    ["newer", 8, 7, ["configured"], "configured"],
    ["as old, with other keys", 7, 7, ["configured"], "configured"],
    ["without sequence", undefined, 7, ["stored"], "stored"],
    ["newer than one without", 7, undefined, ["configured"], "configured"],
    ["both without", undefined, undefined, ["stored"], "stored"],
  ])("%s", async (_, mine, theirs, kids, source) => {
    const of = (sequence: number | undefined, kid: string) =>
      documentOf({ kids: [kid], ...(sequence !== undefined && { sequence }) });
    const store = await stored(of(theirs, "stored"));
    const world = peerWorld({ store, initial: configured(of(mine, "configured")) });
    expect(world.kids()).toEqual(["configured"]);
    world.answer = DOWN;
    await world.refresh();
    expect(world.kids()).toEqual(kids);
    expect(world.peer.held?.source).toBe(source);
  });

  it("is as old as the peer's own last word of it", async () => {
    const store = await stored(documentOf({ sequence: 7 }));
    const world = peerWorld({
      store,
      initial: configured(documentOf({ sequence: 7 })),
      maxAge: 3600,
    });
    world.now += 5000;
    world.answer = DOWN;
    await world.refresh();
    expect(world.peer.held?.heldSince).toBe(NOW);
    expect(world.kids()).toBeUndefined();
  });
});
