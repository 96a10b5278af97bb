import { describe, expect, it } from "vitest";
import { A, B, C, freshKey, NOW, type Subject } from "./store-subject.ts";

/** Everything beside `claim`: what requests take back, what operators say, one-time values, snapshots. */
export function operationTests({ store, ask, outcome }: Subject): void {
  describe("release", () => {
    it("takes back what the request made", async () => {
      const key = freshKey();
      await ask(key, A, { requestId: "r1" });
      expect(await store().release(key, { owner: A, unusedBy: "r1" })).toBe(true);
      expect(await outcome(key, B)).toBe("created");
    });

    it("takes nothing back that another request was told is its own", async () => {
      const key = freshKey();
      await ask(key, A, { requestId: "r1" });
      await ask(key, A, { requestId: "r2" });
      expect(await store().release(key, { owner: A, unusedBy: "r1" })).toBe(false);
      expect(await store().release(key, { owner: A, unusedBy: "r2" })).toBe(false);
      expect(await outcome(key, B)).toBe("taken");
    });

    it("takes nothing back of another request, owner or key", async () => {
      const key = freshKey();
      await ask(key, A, { requestId: "r1" });
      expect(await store().release(key, { owner: A, unusedBy: "r2" })).toBe(false);
      expect(await store().release(key, { owner: B, unusedBy: "r1" })).toBe(false);
      expect(await store().release(key, { owner: B })).toBe(false);
      expect(await store().release(freshKey(), { unusedBy: "r1" })).toBe(false);
      expect(await store().release(freshKey())).toBe(false);
      expect(await outcome(key, B)).toBe("taken");
    });

    it("takes all back that the request made, and nothing that it did not", async () => {
      const key = freshKey();
      await ask(key, A, { maxOwners: 3, requestId: "r1" });
      await ask(key, B, { maxOwners: 3, requestId: "r1" });
      await ask(key, C, { maxOwners: 3, requestId: "r2" });
      expect(await store().release(key, { unusedBy: "r1" })).toBe(true);
      expect((await store().show(key))?.owners.map((o) => o.owner)).toEqual([C]);
      expect(await store().release(key, { unusedBy: "r2" })).toBe(true);
      expect(await store().show(key)).toBeUndefined();
    });

    it("takes one of several, and leaves the others as they were", async () => {
      const key = freshKey();
      await ask(key, A, { generation: 5, maxOwners: 2 });
      const before = await store().show(key);
      await ask(key, B, { generation: 5, maxOwners: 2, requestId: "r1" });
      expect(await store().release(key, { unusedBy: "r1" })).toBe(true);
      expect(await store().show(key)).toEqual(before);
      expect(await outcome(key, A, { generation: 4 })).toBe("stale");
      expect(await outcome(key, B, { generation: 5, now: NOW + 99 })).toBe("taken");
      expect(await store().release(key, { owner: A })).toBe(true);
      expect(await store().show(key)).toBeUndefined();
    });

    it("takes all, be it an operator's own", async () => {
      const key = freshKey();
      await store().assign(key, A, NOW, 100);
      expect(await store().release(key, { owner: A, unusedBy: "r1" })).toBe(false);
      expect(await store().release(key)).toBe(true);
      expect(await store().show(key)).toBeUndefined();
    });
  });

  describe("an operator's word", () => {
    it("assigns over whoever stood there, and keeps older documents out", async () => {
      const key = freshKey();
      await ask(key, A, { generation: 5, maxOwners: 2 });
      await ask(key, C, { generation: 5, maxOwners: 2 });
      await store().assign(key, B, NOW, 100);
      expect(await store().show(key)).toEqual({
        generation: 5,
        banned: false,
        expiresAt: NOW + 100,
        owners: [{ owner: B, since: NOW, renewedAt: NOW }],
      });
      expect(await outcome(key, A, { generation: 5 })).toBe("taken");
      expect(await outcome(key, B, { generation: 4 })).toBe("stale");
      expect(await outcome(key, B, { generation: 5, create: false })).toBe("same");
      expect(await outcome(key, A, { generation: 6 })).toBe("created");
    });

    it("assigns what was never seen: no document is later until its owner came", async () => {
      const key = freshKey();
      await store().assign(key, B, NOW, 100);
      expect(await ask(key, A, { generation: 50 })).toEqual({ outcome: "taken", owners: [B] });
      expect(await outcome(key, B, { generation: 40, create: false })).toBe("same");
      expect(await outcome(key, A, { generation: 39 })).toBe("stale");
      expect(await outcome(key, A, { generation: 41 })).toBe("created");
    });

    it("bans for good, until assigned or released", async () => {
      const key = freshKey();
      await ask(key, A);
      await store().ban(key, NOW);
      expect(await ask(key, A)).toEqual({ outcome: "banned" });
      expect(await outcome(key, B, { generation: 9, create: false })).toBe("banned");
      expect(await outcome(key, A, { now: NOW + 100 * 365 * 86_400 })).toBe("banned");
      expect(await store().show(key)).toEqual({
        generation: 0,
        banned: true,
        expiresAt: Infinity,
        owners: [],
      });
      expect(await store().release(key, { owner: A })).toBe(false);
      await store().assign(key, A, NOW, 100);
      expect(await outcome(key, A)).toBe("same");
      await store().ban(key, NOW);
      expect(await store().release(key)).toBe(true);
      expect(await outcome(key, B)).toBe("created");
    });

    it("bans what was never seen", async () => {
      const key = freshKey();
      await store().ban(key, NOW);
      expect(await outcome(key, A)).toBe("banned");
      await store().assign(key, B, NOW, 100);
      expect(await outcome(key, A, { generation: 50 })).toBe("taken");
    });
  });

  describe("once", () => {
    it("sees a value as new one time, until its end", async () => {
      const key = freshKey();
      expect(await store().once(key, NOW, 120)).toBe("new");
      expect(await store().once(key, NOW, 120)).toBe("seen");
      expect(await store().once(key, NOW + 119, 120)).toBe("seen");
      expect(await store().once(key, NOW + 120, 120)).toBe("new");
      expect(await store().once(key, NOW + 239, 120)).toBe("seen");
      expect(await store().once(freshKey(), NOW, 120)).toBe("new");
    });

    it("is new to one of 100 at once", async () => {
      const key = freshKey();
      const answers = await Promise.all(
        Array.from({ length: 100 }, () => store().once(key, NOW, 120)),
      );
      expect(answers.filter((answer) => answer === "new").length).toBe(1);
    });

    it("is neither released nor in the way of a claim of that name", async () => {
      const key = freshKey();
      await store().once(key, NOW, 120);
      expect(await store().release(key)).toBe(false);
      expect(await outcome(key, A)).toBe("created");
      expect(await store().once(key, NOW, 120)).toBe("seen");
    });
  });

  describe("snapshots", () => {
    it("gives back the bytes that were put, the last ones", async () => {
      const key = `bundle/${freshKey()}`;
      expect(await store().get(key)).toBeUndefined();
      const value = Uint8Array.from({ length: 256 }, (_, i) => i);
      await store().put(key, value);
      expect(await store().get(key)).toEqual(value);
      await store().put(key, new Uint8Array(0));
      expect(await store().get(key)).toEqual(new Uint8Array(0));
    });

    it("keeps what has another name apart", async () => {
      const [one, other] = [`bundle/${freshKey()}`, `bundle/${freshKey()}`];
      await store().put(one, new Uint8Array([1]));
      expect(await store().get(other)).toBeUndefined();
      await store().put(other, new Uint8Array([2]));
      expect(await store().get(one)).toEqual(new Uint8Array([1]));
    });

    it("is as long as the bundle of a big trust domain", async () => {
      const key = `bundle/${freshKey()}`;
      const value = crypto.getRandomValues(new Uint8Array(65_536));
      const long = new Uint8Array([...value, ...value, ...value, ...value]);
      await store().put(key, long);
      expect(await store().get(key)).toEqual(long);
    });

    it("keeps its own copy", async () => {
      const key = `bundle/${freshKey()}`;
      const value = new Uint8Array([1, 2, 3]);
      await store().put(key, value);
      value[0] = 9;
      const read = await store().get(key);
      expect(read).toEqual(new Uint8Array([1, 2, 3]));
      read?.fill(0);
      expect(await store().get(key)).toEqual(new Uint8Array([1, 2, 3]));
    });
  });
}
