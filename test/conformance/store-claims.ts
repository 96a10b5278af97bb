import { describe, expect, it } from "vitest";
import type { ClaimAnswer } from "../../src/stores/claim-store.ts";
import { A, B, C, freshKey, NOW, type Subject } from "./store-subject.ts";

/** `claim`: who owns a key, by order, generation, time and number. */
export function claimTests({ store, ask, outcome }: Subject): void {
  describe("the first key owns it", () => {
    it("creates, recognises, and tells everybody else who stands in the way", async () => {
      const key = freshKey();
      expect(await ask(key, A)).toMatchObject({ outcome: "created" });
      expect(await ask(key, A)).toMatchObject({ outcome: "same" });
      expect(await ask(key, B)).toEqual({ outcome: "taken", owners: [A] });
      expect(await outcome(freshKey(), B)).toBe("created");
    });

    it("makes exactly one owner of 100 that come at once", async () => {
      const key = freshKey();
      const answers = await Promise.all(
        Array.from({ length: 100 }, (_, i) => ask(key, `owner-${i}`)),
      );
      expect(tally(answers)).toEqual({ created: 1, taken: 99 });
      const record = await store().show(key);
      const winner = answers.findIndex((answer) => answer.outcome === "created");
      expect(record?.owners.map((o) => o.owner)).toEqual([`owner-${winner}`]);
    });

    it("makes exactly maxOwners owners of 100 that come at once", async () => {
      const key = freshKey();
      const answers = await Promise.all(
        Array.from({ length: 100 }, (_, i) => ask(key, `owner-${i}`, { maxOwners: 7 })),
      );
      expect(tally(answers)).toEqual({ created: 7, taken: 93 });
      expect((await store().show(key))?.owners.length).toBe(7);
    });

    it("answers the same to a request that asks again, and takes it back as its own", async () => {
      const key = freshKey();
      const requestId = "again";
      expect(await outcome(key, A, { requestId })).toBe("created");
      expect(await outcome(key, A, { requestId })).toBe("created");
      expect(await store().release(key, { owner: A, unusedBy: requestId })).toBe(true);
      expect(await store().show(key)).toBeUndefined();
    });
  });

  describe("create: false", () => {
    it("makes nobody an owner, and tells of none", async () => {
      const key = freshKey();
      expect(await ask(key, A, { create: false })).toEqual({ outcome: "taken", owners: [] });
      expect(await store().show(key)).toBeUndefined();
    });

    it("recognises an owner, and prolongs its claim", async () => {
      const key = freshKey();
      await ask(key, A);
      const later = { now: NOW + 90, create: false };
      expect(await outcome(key, A, later)).toBe("same");
      expect(await outcome(key, B, { now: NOW + 150 })).toBe("taken");
    });

    it("changes nothing for anybody else, be its generation higher", async () => {
      const key = freshKey();
      await ask(key, A, { generation: 5 });
      const before = await store().show(key);
      expect(await ask(key, B, { generation: 6, create: false })).toEqual({
        outcome: "taken",
        owners: [A],
      });
      expect(await ask(key, B, { maxOwners: 2, create: false, generation: 5 })).toEqual({
        outcome: "taken",
        owners: [A],
      });
      expect(await store().show(key)).toEqual(before);
    });
  });

  describe("generations", () => {
    it("lets a higher one replace the owner and shuts a lower one out", async () => {
      const key = freshKey();
      expect(await outcome(key, A, { generation: 10 })).toBe("created");
      expect(await outcome(key, B, { generation: 9 })).toBe("stale");
      expect(await outcome(key, A, { generation: 9 })).toBe("stale");
      expect(await outcome(key, B, { generation: 11 })).toBe("created");
      expect(await outcome(key, A, { generation: 10 })).toBe("stale");
      expect(await outcome(key, A, { generation: 11 })).toBe("taken");
      expect(await store().show(key)).toMatchObject({ generation: 11, owners: [{ owner: B }] });
    });

    it("recognises an owner that comes with a higher one, and then knows no lower", async () => {
      const key = freshKey();
      await ask(key, A, { generation: 1 });
      expect(await outcome(key, A, { generation: 2, create: false })).toBe("same");
      expect(await outcome(key, B, { generation: 1 })).toBe("stale");
      expect(await outcome(key, A, { generation: 1 })).toBe("stale");
      expect((await store().show(key))?.generation).toBe(2);
    });

    it("leaves only those of the later life, where there may be several", async () => {
      const key = freshKey();
      await ask(key, A, { generation: 1, maxOwners: 2 });
      await ask(key, B, { generation: 1, maxOwners: 2 });
      expect(await outcome(key, A, { generation: 2, maxOwners: 2 })).toBe("same");
      expect((await store().show(key))?.owners.map((o) => o.owner)).toEqual([A]);
    });

    it("ends with the highest, whoever comes first", async () => {
      const key = freshKey();
      await Promise.all(
        Array.from({ length: 50 }, (_, i) => ask(key, `owner-${i}`, { generation: i % 10 })),
      );
      const record = await store().show(key);
      expect(record?.generation).toBe(9);
      expect(record?.owners.length).toBe(1);
      expect(Number(record?.owners[0]?.owner.slice(6)) % 10).toBe(9);
    });
  });

  describe("time", () => {
    it("ends a claim at its second, not before and not after", async () => {
      const key = freshKey();
      await ask(key, A, { ttlSeconds: 100 });
      expect(await outcome(key, B, { now: NOW + 99 })).toBe("taken");
      expect(await outcome(key, B, { now: NOW + 100 })).toBe("created");
      expect(await outcome(key, A, { now: NOW + 100 })).toBe("taken");
    });

    it("does not keep the generation of a claim that has ended", async () => {
      const key = freshKey();
      await ask(key, A, { generation: 7 });
      expect(await outcome(key, B, { generation: 3, now: NOW + 100 })).toBe("created");
    });

    it("extends by each renewal, and never shortens", async () => {
      const key = freshKey();
      await ask(key, A);
      await ask(key, A, { now: NOW + 50 });
      expect((await store().show(key))?.expiresAt).toBe(NOW + 150);
      await ask(key, A, { now: NOW + 60, ttlSeconds: 5 });
      expect((await store().show(key))?.expiresAt).toBe(NOW + 150);
      await ask(key, A, { now: NOW - 20 });
      expect(await store().show(key)).toMatchObject({
        expiresAt: NOW + 150,
        owners: [{ owner: A, since: NOW, renewedAt: NOW + 60 }],
      });
    });
  });

  describe("several owners", () => {
    const two = { maxOwners: 2, idleSeconds: 30, ttlSeconds: 1000 };

    it("gives an idle owner's place away, the longest idle first, not a second early", async () => {
      const key = freshKey();
      await ask(key, A, two);
      await ask(key, B, { ...two, now: NOW + 10 });
      expect(await ask(key, C, { ...two, now: NOW + 29 })).toEqual({
        outcome: "taken",
        owners: [A, B],
      });
      expect(await outcome(key, C, { ...two, now: NOW + 30 })).toBe("created");
      expect(await outcome(key, B, { ...two, now: NOW + 39 })).toBe("same");
      expect(await outcome(key, A, { ...two, now: NOW + 40 })).toBe("taken");
    });

    it("gives away the longest idle of two", async () => {
      for (const [first, second] of [
        [A, B],
        [B, A],
      ] as const) {
        const key = freshKey();
        await ask(key, A, two);
        await ask(key, B, two);
        await ask(key, second, { ...two, now: NOW + 10 });
        expect(await outcome(key, C, { ...two, now: NOW + 100 })).toBe("created");
        expect(await outcome(key, first, { ...two, now: NOW + 100, create: false })).toBe("taken");
        expect(await outcome(key, second, { ...two, now: NOW + 100 })).toBe("same");
      }
    });

    it("recognises an idle owner whose place nobody took", async () => {
      const key = freshKey();
      await ask(key, A, two);
      expect(await outcome(key, B, { ...two, now: NOW + 500 })).toBe("created");
      expect(await outcome(key, A, { ...two, now: NOW + 501 })).toBe("same");
    });

    it("frees no place where idleness was not stated, or where there is one place", async () => {
      const key = freshKey();
      await ask(key, A, { ttlSeconds: 1000 });
      expect(await outcome(key, B, { now: NOW + 900, idleSeconds: 10 })).toBe("taken");
      await ask(key, B, { maxOwners: 2, ttlSeconds: 1000 });
      expect(await outcome(key, C, { now: NOW + 900, maxOwners: 2 })).toBe("taken");
    });

    it("keeps those who are in when the limit is lowered", async () => {
      const key = freshKey();
      for (const owner of [A, B, C]) await ask(key, owner, { maxOwners: 3 });
      expect(await outcome(key, A, { maxOwners: 1 })).toBe("same");
      expect(await outcome(key, "owner-d", { maxOwners: 3 })).toBe("taken");
    });

    it("lets nobody who came by a laxer rule past a stricter one, which has the eldest alone", async () => {
      const key = freshKey();
      await ask(key, A, { maxOwners: 1 });
      for (const owner of [B, C]) await ask(key, owner, { maxOwners: 3 });
      expect(await ask(key, B, { maxOwners: 1 })).toEqual({ outcome: "taken", owners: [A, C] });
      expect(await outcome(key, C, { maxOwners: 2 })).toBe("taken");
      expect(await outcome(key, B, { maxOwners: 2 })).toBe("same");
      expect(await outcome(key, C, { maxOwners: 3 })).toBe("same");
      expect(await store().release(key, { owner: A })).toBe(true);
      expect(await outcome(key, B, { maxOwners: 1 })).toBe("same");
    });

    it("counts no elder that is idle, where idleness was stated", async () => {
      const key = freshKey();
      for (const owner of [A, B, C]) await ask(key, owner, { ...two, maxOwners: 3 });
      await ask(key, B, { ...two, now: NOW + 20 });
      expect(await outcome(key, C, { ...two, now: NOW + 29 })).toBe("taken");
      expect(await outcome(key, C, { ...two, now: NOW + 30 })).toBe("same");
      expect(await outcome(key, B, { ...two, now: NOW + 30, maxOwners: 1 })).toBe("taken");
    });
  });
}

function tally(answers: readonly ClaimAnswer[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { outcome } of answers) counts[outcome] = (counts[outcome] ?? 0) + 1;
  return counts;
}
