import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FaultProxy, type ProxyFault } from "../../fakes/node/fault-proxy.ts";
import { listen, type Listening } from "../../fakes/node/listen.ts";

const TEXT = "what the service says, word for word";
let asked = 0;
let service: Listening;
let proxy: FaultProxy;
beforeEach(async () => {
  asked = 0;
  service = await listen(async (request) => {
    asked++;
    return new Response(await request.text().then((text) => text || TEXT));
  });
  proxy = await FaultProxy.start(Number(new URL(service.url).port));
});
afterEach(async () => {
  await proxy.kill();
  await service.close();
});

async function get(timeoutMs = 20_000): Promise<string> {
  const answer = await fetch(proxy.url, { signal: AbortSignal.timeout(timeoutMs) });
  return answer.text();
}
const fails = (timeoutMs?: number): Promise<string> =>
  get(timeoutMs).then(
    (text) => expect.fail(`answered: ${text}`),
    (error: unknown) => String(error instanceof Error ? error.name : error),
  );
async function lengthOfAnswer(): Promise<number> {
  // Found by truncation: the shortest that still arrives whole.
  for (let at = TEXT.length; ; at += 8) {
    proxy.fault = { kind: "truncate", at };
    const text = await get().catch(() => ""); // oxlint-disable-line no-await-in-loop -- one after another
    if (text === TEXT) return at;
  }
}

describe("a proxy with faults", () => {
  it("changes nothing while it has none, on one connection and on many", async () => {
    for (let i = 0; i < 3; i++) expect(await get()).toBe(TEXT); // oxlint-disable-line no-await-in-loop
    const texts = await Promise.all(Array.from({ length: 20 }, () => get()));
    expect(new Set(texts)).toEqual(new Set([TEXT]));
    expect(asked).toBe(23);
    expect(proxy.peak).toBeGreaterThan(1);
    expect(proxy.peak).toBeLessThanOrEqual(20);
  });

  it.each<[ProxyFault, number]>([
    [{ kind: "reset" }, 0],
    [{ kind: "half-close" }, 0],
    [{ kind: "truncate", at: 0 }, 1],
    [{ kind: "truncate", at: 40 }, 1],
  ])("%o: the connection ends without an answer, and not by the clock", async (fault, reached) => {
    proxy.fault = fault;
    expect(await fails()).toBe("TypeError");
    expect(asked).toBe(reached);
    proxy.fault = undefined;
    expect(await get()).toBe(TEXT);
  });

  it.each<[ProxyFault, number]>([
    [{ kind: "blackhole" }, 0],
    [{ kind: "half-open" }, 1],
    [{ kind: "latency", ms: 20_000 }, 1],
    [{ kind: "trickle", bytes: 1, everyMs: 100 }, 1],
  ])("%o: nothing ends but by the clock, on an open connection too", async (fault, reached) => {
    await get();
    asked = 0;
    proxy.fault = fault;
    expect(await fails(150)).toBe("TimeoutError");
    await expect.poll(() => asked).toBe(reached);
    proxy.fault = undefined;
    expect(await get()).toBe(TEXT);
  });

  it("passes on what is late or in pieces, whole", async () => {
    proxy.fault = { kind: "latency", ms: 5, jitterMs: 5 };
    expect(await get()).toBe(TEXT);
    proxy.fault = { kind: "trickle", bytes: 20, everyMs: 1 };
    expect(await get()).toBe(TEXT);
  });

  it("cuts an answer in the middle of its body, or flips one bit of it", async () => {
    const length = await lengthOfAnswer();
    proxy.fault = { kind: "truncate", at: length - 8 };
    await fails();
    const at = length - 12;
    proxy.fault = { kind: "corrupt", at };
    const text = await get();
    expect(text).toHaveLength(TEXT.length);
    const wrong = Array.from(text).filter((character, i) => character !== TEXT[i]);
    expect(wrong).toHaveLength(1);
  });

  it("is killed with all connections, and is there again at the same address", async () => {
    proxy.fault = { kind: "half-open" };
    const waiting = fails();
    await expect.poll(() => asked).toBe(1);
    await proxy.kill();
    expect(await waiting).toBe("TypeError");
    expect(await fails()).toBe("TypeError");
    proxy.fault = undefined;
    await proxy.restart();
    expect(await get()).toBe(TEXT);
  });
});
