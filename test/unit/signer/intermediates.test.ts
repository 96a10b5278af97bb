import { describe, expect, it, vi } from "vitest";
import type { X509Key } from "../../../src/signer/authority.ts";
import { Intermediates } from "../../../src/signer/intermediates.ts";
import { SignerError } from "../../../src/signer/signer.ts";
import { leafKey } from "../../fakes/x509-key.ts";
import { DAY, delegation, HOUR, modeBench, T, type ModeBench } from "./mode-bench.ts";

const signatures = ({ history }: ModeBench): number =>
  history.filter((one) => one === "signed").length;

/** Intermediates that cost nothing, for longest leaves of an hour. @param life seconds that the CA gives them */
function instant(dice: number | undefined, life: number) {
  const asked: number[] = [];
  const random = (length: number) => new Uint8Array(length).fill(dice ?? asked.length * 37);
  const intermediates = new Intermediates("key", HOUR, { random }, async (now) => {
    asked.push(now);
    const key = {} as X509Key;
    const times = { notBefore: now - 60, notAfter: now + life, isLast: false };
    return { ok: true, value: { key, thumbprint: "", ...times } };
  });
  return { intermediates, asked };
}

/** Seconds after the first intermediate when the second is asked for: the first at which it is. */
async function renewedAt(dice: number, life = 2 * HOUR + 600): Promise<number> {
  const { log } = modeBench();
  let low = 0;
  let high = life;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    const { intermediates, asked } = instant(dice, life);
    await intermediates.key(T, log); // oxlint-disable-line no-await-in-loop -- a search
    void intermediates.key(T + middle, log);
    if (asked.length > 1) high = middle;
    else low = middle;
  }
  return high;
}

/** What was begun in the background is done. */
async function settled(bench: ModeBench, count: number): Promise<void> {
  await vi.waitFor(() => {
    const outcomes = bench.history.filter((one) => one === "intermediate_outcome");
    expect(outcomes.length).toBe(count);
  }, 45_000);
  // The one step behind the record: it is kept.
  await new Promise((resolve) => {
    setTimeout(resolve, 0);
  });
}

describe("the life of an intermediate", () => {
  it.each<[string, number, number, number]>([
    ["twice the longest leaf and 10 min", HOUR, 3650 * DAY, 2 * HOUR + 600],
    ["of short leaves, likewise", 60, 3650 * DAY, 720],
    ["48 h at most", DAY, 3650 * DAY, 2 * DAY],
    ["never beyond the root's end", HOUR, HOUR, HOUR],
  ])("is %s", async (_, leaf, rootLeft, life) => {
    const bench = modeBench(leaf);
    const { authority } = await delegation(bench, {}, {}, { notAfter: T + rootLeft });
    const { issuer } = await leafKey(authority, T, bench.log);
    expect(issuer.certificate.notAfter - T).toBe(life);
    expect(T - issuer.certificate.notBefore).toBe(60);
  });

  it("begins no earlier than the root's", async () => {
    const bench = modeBench();
    const { authority } = await delegation(bench, {}, {}, { notBefore: T - 5 });
    expect((await leafKey(authority, T, bench.log)).issuer.certificate.notBefore).toBe(T - 5);
  });

  it("is none once the root has ended, and nobody is asked", async () => {
    const bench = modeBench();
    const { authority } = await delegation(bench, {}, {}, { notAfter: T - 1 });
    expect(await authority.key(T, bench.log)).toMatchObject({
      error: { reason: "signer_unavailable", detail: "the certificate of key has ended" },
    });
    expect(bench.history).toEqual([]);
  });

  it("is not renewed where the next would end with the same root", async () => {
    const bench = modeBench();
    const { authority } = await delegation(bench, {}, {}, { notAfter: T + HOUR });
    for (const late of [0, HOUR / 2, HOUR - 1]) await authority.key(T + late, bench.log); // oxlint-disable-line no-await-in-loop -- time passes
    expect(signatures(bench)).toBe(1);
    expect(await authority.key(T + HOUR, bench.log)).toMatchObject({ ok: false });
  });
});

describe("a renewal", () => {
  it("begins when the longest leaf and 5 min are left, or up to 4 min later, so that instances spread", async () => {
    const due = 2 * HOUR + 600 - (HOUR + 300);
    expect(await renewedAt(0)).toBe(due);
    expect(await renewedAt(128)).toBe(due + 120);
    expect(await renewedAt(255)).toBe(due + 240);
  });

  it("begins in the second half of a life that a CA cut short", async () => {
    expect(await renewedAt(0, 600)).toBe(300);
    expect(await renewedAt(255, 600)).toBe(450);
  });

  it("is done in the background, by one request, while the one before serves", async () => {
    const bench = modeBench();
    bench.dice = 0;
    const { authority } = await delegation(bench);
    const first = await leafKey(authority, T, bench.log);
    const due = T + HOUR + 300;
    const during = await Promise.all(
      Array.from({ length: 100 }, () => leafKey(authority, due, bench.log)),
    );
    expect(new Set(during)).toEqual(new Set([first]));
    await settled(bench, 2);
    const second = await leafKey(authority, due + 1, bench.log);
    expect(second).not.toBe(first);
    expect(second.issuer.certificate.notAfter).toBe(due + 2 * HOUR + 600);
    expect(signatures(bench)).toBe(2);
    // Of both keys: leaves of the first are still about.
    for (const { subject_key } of bench.events)
      expect(authority.owns?.(String(subject_key))).toBe(true);
  });

  it("is handed to the platform as the first one is, so that it outlives the request", async () => {
    const bench = modeBench();
    const kept: Promise<unknown>[] = [];
    const platform = {
      ...bench.platform,
      background: (work: Promise<unknown>) => void kept.push(work),
    };
    const { authority } = await delegation({
      ...bench,
      platform,
      deps: { ...bench.deps, platform },
    });
    await authority.key(T, bench.log);
    expect(kept).toHaveLength(1);
    await authority.key(T + 2 * HOUR, bench.log);
    expect(kept).toHaveLength(2);
    await Promise.all(kept);
    expect(signatures(bench)).toBe(2);
  });

  it("that fails leaves the old one serving, is tried again in 30 s, and is an outage only at its end", async () => {
    const bench = modeBench();
    let down = false;
    const fault = (signature: Uint8Array) =>
      down ? Promise.reject(new SignerError("unavailable", "down")) : signature;
    const { authority } = await delegation(bench, {}, { fault });
    const first = await leafKey(authority, T, bench.log);
    down = true;
    const late = T + 2 * HOUR;
    for (const [second, tries] of [
      [0, 2],
      [1, 2],
      [29, 2],
      [30, 3],
      [59, 3],
      [60, 4],
    ] as const) {
      expect(await leafKey(authority, late + second, bench.log)).toBe(first); // oxlint-disable-line no-await-in-loop -- time passes
      await settled(bench, tries); // oxlint-disable-line no-await-in-loop
    }
    const end = first.issuer.certificate.notAfter;
    expect(await leafKey(authority, end - 1, bench.log)).toBe(first);
    expect(await authority.key(end, bench.log)).toMatchObject({
      error: { reason: "signer_unavailable" },
    });
    down = false;
    const next = await leafKey(authority, end + 2, bench.log);
    expect(next.issuer.certificate.notAfter).toBe(end + 2 + 2 * HOUR + 600);
  });
});

describe("many requests at once", () => {
  it("of which none finds an intermediate have one made", async () => {
    const bench = modeBench();
    const { authority } = await delegation(bench);
    const keys = await Promise.all(
      Array.from({ length: 100 }, () => leafKey(authority, T, bench.log)),
    );
    expect(new Set(keys).size).toBe(1);
    expect(bench.history).toEqual(["intermediate", "signed", "intermediate_outcome"]);
  });

  it("are told of one failure, and the next second of what comes then", async () => {
    const bench = modeBench();
    let down = true;
    const fault = (signature: Uint8Array) =>
      down ? Promise.reject(new SignerError("timeout", "late")) : signature;
    const { authority } = await delegation(bench, {}, { fault });
    const ask = async (now: number) => authority.key(now, bench.log);
    const answers = await Promise.all(Array.from({ length: 100 }, () => ask(T)));
    for (const answer of answers)
      expect(answer).toMatchObject({ error: { reason: "signer_unavailable", detail: "late" } });
    expect(signatures(bench)).toBe(1);
    down = false;
    expect((await ask(T + 1)).ok).toBe(true);
    expect(signatures(bench)).toBe(2);
  });

  it("are held up by none that was cut off (Workers)", async () => {
    vi.useFakeTimers();
    try {
      const bench = modeBench();
      let lost = true;
      const fault = (signature: Uint8Array) =>
        lost ? new Promise<Uint8Array>(() => {}) : signature;
      const { authority } = await delegation(bench, {}, { fault });
      void authority.key(T, bench.log);
      const waiting = authority.key(T + 1, bench.log);
      await vi.advanceTimersByTimeAsync(5000);
      expect(await waiting).toMatchObject({
        error: { detail: "the intermediate of key is not at hand in time" },
      });
      lost = false;
      expect((await authority.key(T + 10, bench.log)).ok).toBe(true);
    } finally {
      vi.useRealTimers();
    }
  });
});

describe("a clock that jumps", () => {
  it.each<[string, number, number]>([
    ["an hour back", -HOUR, 2],
    ["61 s back", -61, 2],
    ["60 s back, within what certificates allow for", -60, 1],
    ["beyond the end", 3 * HOUR, 2],
    ["a year on", 365 * DAY, 2],
  ])("%s: never a leaf of an intermediate that is not valid", async (_, jump, made) => {
    const bench = modeBench();
    const { authority } = await delegation(bench);
    await authority.key(T, bench.log);
    const now = T + jump;
    const { issuer } = await leafKey(authority, now, bench.log);
    expect(issuer.certificate.notBefore).toBeLessThanOrEqual(now);
    expect(issuer.certificate.notAfter).toBeGreaterThan(now);
    expect(signatures(bench)).toBe(made);
  });
});

it("an instance asks its key service twice at most in the life of an intermediate", async () => {
  const life = 2 * HOUR + 600;
  const lives = 50;
  const { intermediates, asked } = instant(undefined, life);
  for (let late = 0; late < lives * life; late += 97) {
    void intermediates.key(T + late, modeBench().log);
    await new Promise((resolve) => queueMicrotask(() => queueMicrotask(resolve as () => void))); // oxlint-disable-line no-await-in-loop -- time passes
  }
  expect(asked.length).toBeLessThanOrEqual(2 * lives);
  expect(asked.length).toBeGreaterThan(lives);
});
