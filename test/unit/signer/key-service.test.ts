import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { KeyService } from "../../../src/signer/key-service.ts";
import { SignerError, type SignerErrorCode } from "../../../src/signer/signer.ts";

const fail = (code: SignerErrorCode) => () => Promise.reject(new SignerError(code, code));
const never = () => new Promise<never>(() => undefined);
const outcome = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => "answered",
    (error: unknown) => (error instanceof SignerError ? error.code : error),
  );

describe("how a key service is called", () => {
  let service: KeyService;
  let calls: number;
  const counted =
    <T>(once: () => Promise<T>) =>
    (): Promise<T> => {
      calls++;
      return once();
    };

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    service = new KeyService("it");
    calls = 0;
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  async function ask(once: () => Promise<unknown>, ms = 3000): Promise<unknown> {
    const result = outcome(service.call(counted(once)));
    await vi.advanceTimersByTimeAsync(ms);
    return result;
  }

  it("a hanging one is given up within 2 s, tried twice", async () => {
    let end = 0;
    const began = performance.now();
    const result = outcome(service.call(counted(never))).then((code) => {
      end = performance.now();
      return code;
    });
    await vi.advanceTimersByTimeAsync(5000);
    expect(await result).toBe("timeout");
    expect(end - began).toBeLessThanOrEqual(2001);
    expect(calls).toBe(2);
  });

  it("one that fails for long is asked once a second, and retries add little (F3)", async () => {
    for (let i = 0; i < 100; i++) expect(await ask(fail("unavailable"), 200)).toBe("unavailable"); // oxlint-disable-line no-await-in-loop
    // Five and their retries, then one in a second or so of twenty.
    expect(calls).toBeGreaterThanOrEqual(5 + 3);
    expect(calls).toBeLessThanOrEqual(5 + 3 + 20 + 3);
  });

  it("a denial is news once a minute, what is unsound always, and an outage never", async () => {
    const news = async (code: SignerErrorCode): Promise<boolean> => {
      const error: unknown = await service.call(fail(code)).catch((e: unknown) => e);
      return error instanceof SignerError && error.isNews;
    };
    expect([await news("denied"), await news("denied")]).toEqual([true, false]);
    await vi.advanceTimersByTimeAsync(59_000);
    expect(await news("denied")).toBe(false);
    await vi.advanceTimersByTimeAsync(1000);
    expect(await news("denied")).toBe(true);
    expect([await news("unsound"), await news("unsound")]).toEqual([true, true]);
    const outage = news("unavailable");
    await vi.advanceTimersByTimeAsync(200);
    expect(await outage).toBe(false);
  });

  it("the reason stays known while it rests, denied ones included (F7)", async () => {
    for (let i = 0; i < 50; i++) expect(await ask(fail("denied"), 1)).toBe("denied"); // oxlint-disable-line no-await-in-loop
    expect(calls).toBe(5);
  });

  it("is asked by one alone to see whether it is well, and by all once it is", async () => {
    for (let i = 0; i < 5; i++) await ask(fail("denied"), 1); // oxlint-disable-line no-await-in-loop
    await vi.advanceTimersByTimeAsync(1000);
    calls = 0;
    const first = service.call(counted(async () => "well"));
    expect(await outcome(service.call(counted(async () => "well")))).toBe("denied");
    expect(await first).toBe("well");
    expect(await ask(async () => "well")).toBe("answered");
    expect(calls).toBe(2);
  });

  it("is asked again after one that saw and never came back", async () => {
    for (let i = 0; i < 5; i++) await ask(fail("denied"), 1); // oxlint-disable-line no-await-in-loop
    await vi.advanceTimersByTimeAsync(1000);
    void outcome(service.call(never));
    await vi.advanceTimersByTimeAsync(4000);
    expect(await ask(async () => "well")).toBe("answered");
  });

  it("an unsound answer is an answer", async () => {
    for (let i = 0; i < 20; i++) expect(await ask(fail("unsound"), 1)).toBe("unsound"); // oxlint-disable-line no-await-in-loop
    expect(calls).toBe(20);
  });

  it("what is not the service's fault is passed on as it is", async () => {
    const fault = new TypeError("broken");
    expect(await ask(() => Promise.reject(fault))).toBe(fault);
    expect(calls).toBe(1);
  });

  it("takes no more than 64 at once, and again as many once those are over (F4)", async () => {
    const running = Array.from({ length: 64 }, () => outcome(service.call(counted(never))));
    expect(await outcome(service.call(counted(never)))).toBe("throttled");
    expect(calls).toBe(64);
    await vi.advanceTimersByTimeAsync(4000);
    expect(new Set(await Promise.all(running))).toEqual(new Set(["timeout"]));
  });
});
