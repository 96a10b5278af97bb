import { describe, expect, it } from "vitest";
import { DOWN, documentOf, NOW, peerWorld, served, UNCHANGED } from "./support.ts";

const LATER = 400;

describe("the bundle of a peer", () => {
  it("is the very same object while its bytes are, and its age is new", async () => {
    const world = peerWorld();
    world.serve(documentOf({ sequence: 1 }));
    await world.refresh();
    const { bundle, document } = world.peer.held ?? {};
    world.now += LATER;
    expect(await world.refresh()).toBe("refreshed");
    expect(world.peer.held?.bundle).toBe(bundle);
    expect(world.peer.held?.document).toBe(document);
    expect(world.peer.held?.heldSince).toBe(NOW + LATER);
    expect(world.outcomes.map(({ changed }) => changed)).toEqual([true, false]);
  });

  it("is confirmed by 304", async () => {
    const world = peerWorld();
    world.serve(documentOf(), '"one"');
    await world.refresh();
    const { bundle } = world.peer.held ?? {};
    world.now += LATER;
    world.answer = UNCHANGED;
    expect(await world.refresh()).toBe("refreshed");
    expect(world.asked).toEqual(["-", '"one"']);
    expect(world.peer.held).toMatchObject({ heldSince: NOW + LATER, source: "fetched" });
    expect(world.peer.held?.bundle).toBe(bundle);
  });

  it("is not confirmed by a 304 that nobody asked for", async () => {
    const world = peerWorld();
    world.answer = UNCHANGED;
    expect(await world.refresh()).toBe("status");
    expect(world.kids()).toBeUndefined();
    world.serve(documentOf());
    world.now += 60;
    await world.refresh();
    world.answer = UNCHANGED;
    world.now += LATER;
    expect(await world.refresh()).toBe("status");
    expect(world.peer.held?.heldSince).toBe(NOW + 60);
  });

  it.each(["", '"a b"', '"é"', '"\n"', `"${"x".repeat(300)}"`])(
    "sends no tag like %j",
    async (tag) => {
      const world = peerWorld();
      world.serve(documentOf(), tag);
      await world.refresh();
      world.now += LATER;
      await world.refresh();
      expect(world.asked).toEqual(["-", "-"]);
    },
  );

  it("is replaced by one of a higher sequence, whatever it holds", async () => {
    const world = peerWorld();
    world.serve(documentOf({ sequence: 2n ** 63n, kids: ["a", "b"] }));
    await world.refresh();
    world.serve(documentOf({ sequence: 2n ** 63n + 1n, kids: ["c"] }));
    world.now += LATER;
    expect(await world.refresh()).toBe("refreshed");
    expect(world.kids()).toEqual(["c"]);
    expect(world.peer.held?.bundle.sequence).toBe(2n ** 63n + 1n);
  });

  it("may hold no key: then nobody of that trust domain is believed", async () => {
    const world = peerWorld();
    world.serve(documentOf({ sequence: 1 }));
    await world.refresh();
    world.serve('{"keys":[],"spiffe_sequence":2}');
    world.now += LATER;
    expect(await world.refresh()).toBe("refreshed");
    expect(world.kids()).toEqual([]);
  });

  it.each([
    ["a lower sequence", documentOf({ sequence: 6, kids: ["z"] })],
    ["one lower by 1 beyond 2^53", documentOf({ sequence: 2n ** 60n - 1n }), 2n ** 60n],
    ["a sequence that vanished", documentOf({ kids: ["z"] })],
    ["other keys of the same sequence", documentOf({ sequence: 7, kids: ["z"] })],
    ["no keys of the same sequence", '{"keys":[],"spiffe_sequence":7}'],
  ])("is not rolled back: %s", async (_, document, sequence: bigint | number = 7) => {
    const world = peerWorld();
    world.serve(documentOf({ sequence }), '"7"');
    await world.refresh();
    world.serve(document, '"z"');
    world.now += LATER;
    expect(await world.refresh()).toBe("rolled_back");
    expect(world.kids()).toEqual(["a"]);
    expect(world.peer.held?.heldSince).toBe(NOW);
    world.now += LATER;
    world.answer = UNCHANGED;
    expect(await world.refresh()).toBe("refreshed");
    expect(world.asked.at(-1)).toBe('"7"');
  });

  it("may have another hint by the same sequence: a hint is no key", async () => {
    const world = peerWorld();
    world.serve(documentOf({ sequence: 7 }));
    await world.refresh();
    world.serve(documentOf({ sequence: 7, hint: 60 }));
    world.now += LATER;
    expect(await world.refresh()).toBe("refreshed");
    expect(world.peer.held?.bundle.refreshHint).toBe(60);
  });

  it("may have its keys in another order by the same sequence: a set has none", async () => {
    const world = peerWorld();
    world.serve(documentOf({ sequence: 7, kids: ["a", "b"] }));
    await world.refresh();
    world.serve(documentOf({ sequence: 7, kids: ["b", "a"] }));
    world.now += LATER;
    expect(await world.refresh()).toBe("refreshed");
    expect(world.kids()).toEqual(["b", "a"]);
    world.serve(documentOf({ sequence: 7, kids: ["b", "c"] }));
    world.now += LATER;
    expect(await world.refresh()).toBe("rolled_back");
  });

  it("is the latest that was fetched where the peer counts nothing", async () => {
    const world = peerWorld();
    await world.refresh();
    world.serve(documentOf({ kids: ["b"] }));
    world.now += LATER;
    expect(await world.refresh()).toBe("refreshed");
    expect(world.kids()).toEqual(["b"]);
  });

  it("has at least the sequence that the configuration asks for", async () => {
    const world = peerWorld({ minSequence: 5 });
    world.serve(documentOf({ sequence: 4 }));
    expect(await world.refresh()).toBe("rolled_back");
    world.serve(documentOf());
    world.now += LATER;
    expect(await world.refresh()).toBe("rolled_back");
    expect(world.kids()).toBeUndefined();
    world.serve(documentOf({ sequence: 5 }));
    world.now += LATER;
    expect(await world.refresh()).toBe("refreshed");
  });

  it("is given up when nobody has confirmed it for too long, and taken up again", async () => {
    const world = peerWorld({ maxAge: 3600 });
    await world.refresh();
    world.answer = DOWN;
    world.now += 3600;
    expect(await world.refresh()).toBe("network");
    expect(world.kids()).toEqual(["a"]);
    expect(world.outcomes.at(-1)?.usable).toBe(true);
    world.now += 60;
    expect(await world.refresh()).toBe("network");
    expect(world.kids()).toBeUndefined();
    expect(world.outcomes.at(-1)?.usable).toBe(false);
    world.serve(documentOf());
    world.now += 60;
    expect(await world.refresh()).toBe("refreshed");
    expect(world.kids()).toEqual(["a"]);
  });

  it("is not rolled back after it was given up either", async () => {
    const world = peerWorld({ maxAge: 3600 });
    world.serve(documentOf({ sequence: 7 }));
    await world.refresh();
    world.serve(documentOf({ sequence: 6 }));
    world.now += 4000;
    expect(await world.refresh()).toBe("rolled_back");
    expect(world.kids()).toBeUndefined();
  });
});

describe("refreshes of a peer", () => {
  it("are one at a time", async () => {
    const world = peerWorld();
    const [one, other] = [world.refresh(), world.refresh()];
    expect([await one, await other]).toEqual(["refreshed", "-"]);
    expect(world.asked.length).toBe(1);
  });

  it("do not wait for one whose request has gone", async () => {
    const world = peerWorld();
    world.answer = "hang";
    void world.refresh();
    while (world.asked.length === 0) await Promise.resolve();
    world.serve(documentOf());
    world.now += 29;
    expect(await world.refresh()).toBe("-");
    world.now += 1;
    expect(await world.refresh()).toBe("refreshed");
    expect(world.kids()).toEqual(["a"]);
  });

  it("take no late answer over that of a later one", async () => {
    const world = peerWorld();
    let answerLate: (answer: ReturnType<typeof served>) => void = () => undefined;
    const late = new Promise<ReturnType<typeof served>>((resolve) => (answerLate = resolve));
    world.answer = () => late;
    const first = world.peer.refresh(world.now);
    while (world.asked.length === 0) await Promise.resolve();
    world.serve(documentOf({ kids: ["new"] }));
    world.now += 30;
    await world.refresh();
    answerLate(served(documentOf({ kids: ["old"] })));
    await first;
    expect(world.kids()).toEqual(["new"]);
    expect(world.outcomes.length).toBe(1);
  });

  it("take no late 304 for word of what came meanwhile, nor what it was about back", async () => {
    const world = peerWorld();
    world.serve(documentOf({ sequence: 1, kids: ["old"] }), '"old"');
    await world.refresh();
    const begin = async () => {
      let resolve: (answer: ReturnType<typeof served>) => void = () => undefined;
      const promise = new Promise<ReturnType<typeof served>>((settle) => (resolve = settle));
      const before = world.asked.length;
      world.answer = () => promise;
      const ended = world.peer.refresh(world.now);
      while (world.asked.length === before) await Promise.resolve();
      return { resolve, ended };
    };
    world.now += LATER;
    const first = await begin();
    world.now += 30;
    const second = await begin();
    first.resolve(served(documentOf({ sequence: 2, kids: ["new"] }), '"new"'));
    await first.ended;
    second.resolve(UNCHANGED);
    await second.ended;
    expect(world.asked).toEqual(["-", '"old"', '"old"']);
    expect(world.peer.error?.code).toBe("status");
    expect(world.kids()).toEqual(["new"]);
    expect(world.peer.held?.heldSince).toBe(NOW + LATER);
  });

  it("end where the endpoint's code throws", async () => {
    const world = peerWorld();
    world.answer = () => {
      throw new RangeError("secret");
    };
    expect(await world.refresh()).toBe("network");
    expect(JSON.stringify(world.peer.error)).not.toContain("secret");
  });
});
