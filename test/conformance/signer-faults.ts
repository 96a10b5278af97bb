import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import type { ProxyFault } from "../fakes/node/fault-proxy.ts";
import { FaultWorld, type Outcome, type SimulatedService } from "../interop/support/fault-world.ts";
import { refusedRequests } from "../interop/support/refused-requests.ts";

/** Milliseconds. Guards: a machine that is busy is slow, but what hangs, hangs longer. */
const BUDGET_MS = 2000;
const SLACK_MS = 3000;
const RECOVERY_MS = 5000;
/** What a key is asked at once, at the most. */
const IN_FLIGHT = 64;
/** Calls for as many requests at once: a tenth more, and three that a key may repeat in any case. */
const MOST_CALLS = IN_FLIGHT * 1.1 + 3;

/**
 * What a fault of a key service may do to an issuer, by a real `svidmint serve` over HTTP. Before each case all is
 * well; after each the issuer has to be well again within five seconds, and what is public was served throughout.
 */
export function signerFaults(
  service: SimulatedService,
  { refused }: { readonly refused: number },
): void {
  let world: FaultWorld;
  let watched: () => Promise<ReadonlySet<number>>;
  beforeAll(async () => {
    world = await FaultWorld.start(service);
  });
  afterAll(() => world[Symbol.asyncDispose]());
  beforeEach(() => {
    world.calls = 0;
    world.newEvents();
    watched = world.watchDocuments();
  });
  afterEach(async () => {
    expect(await world.recover()).toBeLessThan(RECOVERY_MS);
    expect([...(await watched())]).toEqual([200]);
  });

  const expectUnavailable = ({ status, retryAfter, took }: Outcome): void => {
    expect({ status, retryAfter }).toEqual({ status: 503, retryAfter: "5" });
    expect(took).toBeLessThan(BUDGET_MS + SLACK_MS);
  };
  /** Asks for an SVID that there cannot be. @returns what the audit log says of it */
  const eventsOfFailure = async () => {
    const outcome = await world.ask();
    expectUnavailable(outcome);
    return world.eventsOf(outcome);
  };

  it("signs nothing but what an intent before it says", async () => {
    const before = service.signed().length;
    for (const kind of ["x509", "jwt", "x509"] as const)
      expect((await world.ask(kind)).status).toBe(200); // oxlint-disable-line no-await-in-loop
    const intents = world.newEvents().filter(({ event }) => event === "intent");
    const intended = intents.map(({ x509, jwt }) => x509?.tbs_sha256 ?? jwt?.input_sha256);
    expect(service.signed().slice(before)).toEqual(intended);
    expect(world.calls).toBe(3);
  });

  it.each(Object.entries(service.lies))(
    "answers with %s: none, one call, an alarm",
    async (_, lie) => {
      world.lie = lie;
      const events = await eventsOfFailure();
      expect(world.calls).toBe(1);
      expect(events).toContainEqual(expect.objectContaining({ alarm: "signature_unsound" }));
      expect(events.at(-1)).toMatchObject({ result: "failed", reason: "signature_unsound" });
    },
  );

  it("refuses: one call, or one more where it may pass, and a cause of its own in the log", async () => {
    const causes = new Set<string>();
    const calls: Record<string, number> = {};
    for (const [name, refusal] of Object.entries(service.refusals)) {
      world.refusal = refusal;
      const before = world.calls;
      const outcome = (await eventsOfFailure()).at(-1); // oxlint-disable-line no-await-in-loop
      calls[name] = world.calls - before;
      expect(outcome).toMatchObject({ result: "failed", reason: "signer_unavailable" });
      causes.add(String(outcome?.["detail"]));
    }
    expect(calls).toEqual({
      "access denied": 1,
      "a disabled key": 1,
      throttling: 2,
      "a fault of its own": 2,
    });
    expect(causes.size).toBe(Object.keys(service.refusals).length);
  });

  it.each([
    { share: 10, least: 90, most: 113 },
    { share: 50, least: 0, most: 113 },
    // All the time: after five failures in a row it is left in peace.
    { share: 100, least: 0, most: 25 },
  ])(
    "throttles $share of 100 calls: at least $least of 100 requests succeed, for $most calls at most",
    async ({ share, least, most }) => {
      const signed = service.signed().length;
      world.refusal = service.refusals.throttling;
      world.spares = (call) => call % (100 / share) !== 0;
      const outcomes: Outcome[] = [];
      for (let i = 0; i < 20; i++)
        outcomes.push(...(await Promise.all(Array.from({ length: 5 }, () => world.ask())))); // oxlint-disable-line no-await-in-loop -- five at a time
      const issued = outcomes.filter(({ status }) => status === 200).length;
      expect(issued).toBeGreaterThanOrEqual(least);
      expect(issued).toBeLessThanOrEqual(service.signed().length - signed);
      outcomes.filter(({ status }) => status !== 200).forEach(expectUnavailable);
      expect(world.calls).toBeLessThanOrEqual(most);
    },
  );

  it("is slow: SVIDs are late, none is missing", async () => {
    world.proxy.fault = { kind: "latency", ms: 100, jitterMs: 100 };
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => world.ask()));
    expect(outcomes.map(({ status }) => status)).toEqual(outcomes.map(() => 200));
    expect(world.calls).toBe(20);
  });

  it.each<[ProxyFault, number]>([
    [{ kind: "latency", ms: 10_000 }, 2],
    [{ kind: "blackhole" }, 0],
    [{ kind: "half-open" }, 2],
    [{ kind: "trickle", bytes: 1, everyMs: 100 }, 2],
    [{ kind: "half-close" }, 0],
    [{ kind: "reset" }, 0],
    [{ kind: "truncate", at: 20 }, 2],
    [{ kind: "truncate", at: 200 }, 2],
  ])("%o: no SVID, in time, and at most %i calls", async (fault, most) => {
    world.proxy.fault = fault;
    expect((await eventsOfFailure()).at(-1)).toMatchObject({ reason: "signer_unavailable" });
    expect(world.calls).toBeLessThanOrEqual(most);
  });

  it("has a bit flipped on the way, wherever it is: an SVID that verifies, or none", async () => {
    const outcomes: Outcome[] = [];
    for (let at = 0; at < 600; at += 37) {
      world.proxy.fault = { kind: "corrupt", at };
      outcomes.push(await world.ask()); // oxlint-disable-line no-await-in-loop -- throws where an SVID does not verify
    }
    expect(outcomes).not.toEqual([]);
    outcomes.filter(({ status }) => status !== 200).forEach(expectUnavailable);
  });

  it("hangs while 200 ask: none waits for long, and at most 64 at once for it", async () => {
    world.proxy.peak = 0;
    world.proxy.fault = { kind: "half-open" };
    const outcomes = await Promise.all(Array.from({ length: 200 }, () => world.ask()));
    outcomes.forEach(expectUnavailable);
    expect(world.proxy.peak).toBeGreaterThan(1);
    expect(world.proxy.peak).toBeLessThanOrEqual(IN_FLIGHT);
    expect(world.calls).toBeLessThanOrEqual(MOST_CALLS);
  });

  it("is killed and comes back", async () => {
    const asking = Promise.all(Array.from({ length: 10 }, () => world.ask()));
    await world.proxy.kill();
    (await asking).filter(({ status }) => status !== 200).forEach(expectUnavailable);
    for (let i = 0; i < 10; i++) expectUnavailable(await world.ask()); // oxlint-disable-line no-await-in-loop
    await world.proxy.restart();
  });

  it(`is not asked for any of ${refused} requests that are refused`, async () => {
    const signed = service.signed().length;
    const families = refusedRequests(world.issuer.url, world.evidence);
    const names = Object.keys(families);
    const wrong = new Set<string>();
    const send = async (from: number): Promise<void> => {
      for (let i = from; i < refused; i += 16) {
        const name = names[i % names.length] ?? "";
        const answer = await world.post(families[name]!(i)); // oxlint-disable-line no-await-in-loop -- one of sixteen clients
        await answer.arrayBuffer(); // oxlint-disable-line no-await-in-loop -- one of sixteen clients
        if (answer.status < 400 || answer.status > 499) wrong.add(`${name}: ${answer.status}`);
      }
    };
    await Promise.all(Array.from({ length: 16 }, (_, from) => send(from)));
    expect([...wrong]).toEqual([]);
    expect(world.calls).toBe(0);
    expect(service.signed()).toHaveLength(signed);
    expect(world.newEvents().filter(({ event }) => event === "intent")).toEqual([]);
  }, 240_000);
}
