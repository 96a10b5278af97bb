import { describe, expect, it, vi } from "vitest";
import type { HeldPeers } from "../../../src/federation/held-peers.ts";
import { federation } from "../../../src/federation/open-peers.ts";
import type { FetchBundle } from "../../../src/federation/peer.ts";
import type { PeerEvent } from "../../../src/federation/peer-events.ts";
import { peersSchema } from "../../../src/federation/peers-schema.ts";
import { webCryptoPlatform } from "../../../src/platform/webcrypto.ts";
import { DOWN, documentOf, NOW, served } from "./support.ts";

type Answer = Awaited<ReturnType<FetchBundle>>;
const HANG = new Promise<never>(() => undefined);

interface Many {
  now: number;
  readonly held: HeldPeers;
  readonly fetched: Map<string, number>;
  most: number;
  readonly events: PeerEvent[];
  readonly counted: string[];
  readonly background: Promise<unknown>[];
  answer: (peer: string) => Answer | Promise<Answer>;
}

async function many(count: number, more: object = {}): Promise<Many> {
  const names = Array.from({ length: count }, (_, i) => `p${i}.example`);
  let running = 0;
  const background: Promise<unknown>[] = [];
  const ask = async (peer: string): Promise<Answer> => {
    world.most = Math.max(world.most, ++running);
    world.fetched.set(peer, (world.fetched.get(peer) ?? 0) + 1);
    const answer = await world.answer(peer);
    running--;
    return answer;
  };
  const endpoint =
    ({ url }: { url: string }): FetchBundle =>
    () =>
      ask(new URL(url).host);
  const config = peersSchema.parse(
    Object.fromEntries(
      names.map((name) => [name, { url: `https://${name}/`, profile: "https_web", ...more }]),
    ),
  );
  const world: Many = {
    now: NOW,
    fetched: new Map(),
    most: 0,
    events: [],
    counted: [],
    background,
    answer: () => served(documentOf({ sequence: 1 })),
    held: await federation({ https_web: endpoint })(config, {
      platform: webCryptoPlatform({
        now: () => world.now,
        random: (length) => new Uint8Array(length),
        background: (work) => void background.push(work),
      }),
      trustDomain: "prod.example",
      read: () => Promise.reject(new Error("nothing to read")),
      report: ({ message }) => {
        throw new Error(message);
      },
    }),
  };
  world.held.bind({
    trustDomain: "prod.example",
    tell: (event) => void world.events.push(event),
    count: (peer, outcome) => void world.counted.push(`${peer} ${outcome}`),
    storeFailed: () => undefined,
  });
  return world;
}

describe("a thousand peers", () => {
  it("are all fetched in one look, sixteen at a time", async () => {
    const world = await many(1000);
    world.answer = async () => {
      await Promise.resolve();
      return served(documentOf({ sequence: 1 }));
    };
    await world.held.refreshAll(() => world.now);
    expect(world.most).toBe(16);
    expect(world.fetched.size).toBe(1000);
    expect([...world.fetched.values()].every((times) => times === 1)).toBe(true);
    expect(world.held.states(world.now).every(({ usable }) => usable)).toBe(true);
  });

  it("are not all begun by requests either", async () => {
    const world = await many(40);
    world.answer = () => HANG;
    for (let i = 0; i < 40; i++) expect(world.held.peek(`p${i}.example`, NOW)).toBeUndefined();
    await Promise.resolve();
    await Promise.resolve();
    expect(world.background.length).toBe(16);
    expect(world.held.states(NOW).filter(({ nextRefreshAt }) => nextRefreshAt).length).toBe(16);
  });

  it("do not wait for some that hang", async () => {
    const world = await many(100);
    world.answer = (peer) =>
      Number(peer.slice(1, -8)) < 10 ? HANG : served(documentOf({ sequence: 1 }));
    void world.held.refreshAll(() => world.now);
    await vi.waitFor(
      () => expect(world.held.states(NOW).filter(({ usable }) => usable).length).toBe(90),
      45_000,
    );
    expect(world.fetched.size).toBe(100);
  });

  it("do not wait for ever where all that run hang", async () => {
    const world = await many(20);
    world.answer = () => HANG;
    void world.held.refreshAll(() => world.now);
    world.now += 29;
    await world.held.refreshAll(() => world.now);
    expect(world.held.states(NOW).filter(({ nextRefreshAt }) => nextRefreshAt).length).toBe(16);
    world.answer = () => served(documentOf());
    world.now += 1;
    await world.held.refreshAll(() => world.now);
    expect(world.held.states(world.now).every(({ usable }) => usable)).toBe(true);
  });

  it("are no more at a time because evidence waits for others", async () => {
    const world = await many(100);
    world.answer = () => HANG;
    for (let i = 0; i < 20; i++) void world.held.find(`p${i}.example`, NOW);
    void world.held.refreshAll(() => world.now);
    expect(world.held.states(NOW).filter(({ nextRefreshAt }) => nextRefreshAt).length).toBe(20);
  });

  it("make room for one another for as long as there is something to do, and nothing grows", async () => {
    const world = await many(40);
    let waiting = 0;
    let most = 0;
    let asked = 0;
    // Each is due again when all others had their turn.
    world.answer = async () => {
      world.now += 400;
      if (++asked === 4000) void world.held.close();
      await Promise.resolve();
      return DOWN;
    };
    const all = vi.spyOn(Promise, "all").mockImplementation(async function (
      this: unknown,
      values: Iterable<unknown>,
    ) {
      most = Math.max(most, ++waiting);
      const results: unknown[] = [];
      for (const value of values) results.push(await value); // oxlint-disable-line no-await-in-loop
      waiting--;
      return results;
    } as typeof Promise.all);
    await world.held.refreshAll(() => world.now);
    all.mockRestore();
    expect(asked).toBeGreaterThanOrEqual(4000);
    expect(most).toBe(1);
  });

  it("begin nothing once they are closed", async () => {
    const world = await many(20);
    let open: (answer: Answer) => void = () => undefined;
    const gate = new Promise<Answer>((resolve) => (open = resolve));
    world.answer = () => gate;
    const refreshed = world.held.refreshAll(() => world.now);
    await vi.waitFor(() => expect(world.fetched.size).toBe(16), 45_000);
    void world.held.close();
    open(served(documentOf()));
    await refreshed;
    world.held.peek("p0.example", world.now + 1e6);
    await world.held.refreshAll(() => world.now + 1e6);
    expect(world.fetched.size).toBe(16);
  });
});

describe("a peer", () => {
  it("is peeked at without waiting, and fetched in the background", async () => {
    const world = await many(1);
    expect(world.held.peek("p0.example", NOW)).toBeUndefined();
    await Promise.all(world.background);
    expect(world.held.peek("p0.example", NOW)?.source).toBe("fetched");
    expect(world.background.length).toBe(1);
  });

  it("is waited for once, where evidence needs it", async () => {
    const world = await many(1);
    const [one, other] = await Promise.all([
      world.held.find("p0.example", NOW),
      world.held.find("p0.example", NOW),
    ]);
    expect(one).toBe(other);
    expect(one?.bundle.sequence).toBe(1n);
    expect(world.fetched.get("p0.example")).toBe(1);
    expect(world.held.find("p0.example", NOW)).toBe(one);
  });

  it("is not waited for while it is known to be down", async () => {
    const world = await many(1);
    world.answer = () => DOWN;
    expect(await world.held.find("p0.example", NOW)).toBeUndefined();
    expect(world.held.find("p0.example", NOW + 14)).toBeUndefined();
    expect(world.fetched.get("p0.example")).toBe(1);
  });

  it("is waited for a few seconds at most, also where the promise of another request never settles", async () => {
    const world = await many(1);
    world.answer = () => HANG;
    vi.useFakeTimers();
    world.held.peek("p0.example", NOW);
    const found = world.held.find("p0.example", NOW);
    await vi.advanceTimersByTimeAsync(6000);
    vi.useRealTimers();
    expect(await found).toBeUndefined();
  });

  it("that nobody configured is nobody", async () => {
    const { held } = await many(1);
    for (const name of ["x.example", "__proto__", "constructor", "P0.example", "p0.example."]) {
      expect(held.has(name)).toBe(false);
      expect(held.peek(name, NOW)).toBeUndefined();
      expect(held.find(name, NOW)).toBeUndefined();
    }
  });
});

describe("what is told of a peer", () => {
  it("is each change, once", async () => {
    const world = await many(1, { max_age: "5m" });
    const peer = { event: "peer", peer: "p0.example" };
    const step = async (answer: Answer): Promise<PeerEvent[]> => {
      world.answer = () => answer;
      world.events.length = 0;
      await world.held.refreshAll(() => world.now);
      world.now += 160;
      return [...world.events];
    };
    const first = { ...peer, result: "changed", sequence: "1", source: "fetched" };
    expect(await step(served(documentOf({ sequence: 1 })))).toEqual([first]);
    expect(await step(served(documentOf({ sequence: 1 })))).toEqual([]);
    const rolledBack = { result: "failed", reason: "rolled_back", alarm: true };
    expect(await step(served(documentOf({ sequence: 0 })))).toEqual([
      { ...peer, ...rolledBack, detail: "sequence 0, 1 was seen" },
    ]);
    const down = { ...peer, result: "failed", reason: "network" };
    const givenUp = { ...peer, result: "given_up", reason: "network", alarm: true };
    expect(await step(DOWN)).toEqual([down, givenUp]);
    expect(await step(DOWN)).toEqual([]);
    const second = { ...first, sequence: "2" };
    expect(await step(served(documentOf({ sequence: 2 })))).toEqual([
      second,
      { ...peer, result: "refreshed" },
    ]);
    expect(world.counted).toEqual(
      ["refreshed", "refreshed", "rolled_back", "network", "network", "refreshed"].map(
        (outcome) => `p0.example ${outcome}`,
      ),
    );
  });
});
