import { open, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Change } from "../../../src/stores/node/journal-format.ts";
import { Journal, type OpenFile } from "../../../src/stores/node/journal.ts";
import { ask, freshDirectory, journals, NOW, opened } from "./file-support.ts";

/** A store with three claims, each a line of its own, closed. @returns its journal */
async function written(directory: string): Promise<{ path: string; bytes: Buffer }> {
  const store = await opened(directory);
  for (const key of ["k1", "k2", "k3"]) await ask(store, key, "a"); // oxlint-disable-line no-await-in-loop -- a line each
  await store.close();
  const [name = ""] = await journals(directory);
  const path = join(directory, name);
  return { path, bytes: await readFile(path) };
}

async function keysOf(directory: string): Promise<string[]> {
  const store = await opened(directory);
  const keys = (await store.list()).map(({ key }) => key);
  await store.close();
  return keys;
}

describe("a journal that was cut short", () => {
  it("opens with all whole lines, wherever it was cut", async () => {
    const whole = await written(await freshDirectory());
    const ends = [...whole.bytes.entries()].filter(([, b]) => b === 10).map(([at]) => at + 1);
    expect(ends.length).toBe(4);
    for (const cut of ends.slice(0, 3)) {
      for (const length of [cut, cut + 1, cut + 17, cut + 40]) {
        const directory = await freshDirectory();
        await writeFile(join(directory, "claims.0000000001.log"), whole.bytes.subarray(0, length));
        expect(await keysOf(directory)).toEqual(["k1", "k2", "k3"].slice(0, ends.indexOf(cut)));
      }
    }
  });

  it.each<[string, (tail: Buffer) => void]>([
    ["zeros", (tail) => void tail.fill(0)],
    ["a flipped bit", (tail) => void (tail[20] = (tail[20] ?? 0) ^ 1)],
    ["zeros at its beginning", (tail) => void tail.subarray(0, 8).fill(0)],
  ])("drops a last line with %s: nobody was answered", async (_, spoil) => {
    const directory = await freshDirectory();
    const { path, bytes } = await written(directory);
    spoil(bytes.subarray(bytes.lastIndexOf(10, -2) + 1, -1));
    await writeFile(path, bytes);
    expect(await keysOf(directory)).toEqual(["k1", "k2"]);
  });

  it("goes on from the last whole line", async () => {
    const directory = await freshDirectory();
    const { path, bytes } = await written(directory);
    await writeFile(path, bytes.subarray(0, -3));
    const store = await opened(directory);
    await ask(store, "k4", "a");
    await store.close();
    expect(await keysOf(directory)).toEqual(["k1", "k2", "k4"]);
  });
});

const lines = (bytes: Buffer) => bytes.toString("latin1").split("\n").slice(0, -1);
const text = (parts: readonly string[]) => parts.map((line) => `${line}\n`).join("");

describe("a journal that is damaged", () => {
  it.each<[string, (original: readonly string[]) => string, RegExp]>([
    [
      "a flipped bit in its middle",
      ([a, b = "", ...c]) => text([a ?? "", b.replace("k1", "k9"), ...c]),
      /line 2 is damaged/,
    ],
    ["a line that is gone", ([a = "", , ...c]) => text([a, ...c]), /line 2 is damaged/],
    [
      "a line that stands twice",
      ([a = "", b = "", ...c]) => text([a, b, b, ...c]),
      /line 3 is damaged/,
    ],
    [
      "two lines in the wrong order",
      ([a = "", b = "", c = "", ...d]) => text([a, c, b, ...d]),
      /line 2 is damaged/,
    ],
    [
      "a line cut short",
      ([a = "", b = "", ...c]) => text([a, b.slice(0, -1), ...c]),
      /line 2 is damaged/,
    ],
    ["an empty line", ([a = "", ...b]) => text([a, "", ...b]), /line 2 is damaged/],
    ["nothing whole at its beginning", ([, ...b]) => text(["x", ...b]), /line 1 is damaged/],
  ])("keeps the store from starting: %s", async (_, spoil, expected) => {
    const directory = await freshDirectory();
    const { path, bytes } = await written(directory);
    const spoilt = spoil(lines(bytes));
    await writeFile(path, spoilt, "latin1");
    await expect(opened(directory)).rejects.toMatchObject({ code: "corrupt" });
    await expect(opened(directory)).rejects.toThrow(expected);
    await expect(opened(directory)).rejects.toThrow(/restore it from a backup/);
    // Nothing was touched: a repair has all there is.
    expect(await journals(directory)).toEqual(["claims.0000000001.log"]);
    expect(await readFile(path, "latin1")).toBe(spoilt);
  });

  it("does not take an empty file for an empty store, unless it is the very first", async () => {
    const directory = await freshDirectory();
    await writeFile(join(directory, "claims.0000000007.log"), "");
    await expect(opened(directory)).rejects.toThrow(/its beginning is damaged/);
    const fresh = await freshDirectory();
    await writeFile(join(fresh, "claims.0000000001.log"), "");
    expect(await keysOf(fresh)).toEqual([]);
  });

  it("does not take a file under another's number", async () => {
    const { bytes } = await written(await freshDirectory());
    const directory = await freshDirectory();
    await writeFile(join(directory, "claims.0000000002.log"), bytes);
    await expect(opened(directory)).rejects.toMatchObject({ code: "corrupt" });
  });
});

describe("a take-over that was cut short", () => {
  it("is begun again from the file before, wherever it stopped", async () => {
    const first = await freshDirectory();
    const { bytes } = await written(first);
    const second = await opened(first);
    await second.close();
    const next = await readFile(join(first, "claims.0000000002.log"));
    for (const length of [0, 1, 30, next.length - 30, next.length - 1, next.length]) {
      const directory = await freshDirectory();
      await writeFile(join(directory, "claims.0000000001.log"), bytes);
      await writeFile(join(directory, "claims.0000000002.log"), next.subarray(0, length));
      expect(await keysOf(directory)).toEqual(["k1", "k2", "k3"]);
      expect(await journals(directory)).toEqual(["claims.0000000003.log"]);
    }
  });

  it("is begun again where blocks of the new file never reached the disk", async () => {
    const first = await freshDirectory();
    const { bytes } = await written(first);
    await (await opened(first)).close();
    const next = await readFile(join(first, "claims.0000000002.log"));
    next.fill(0, 10, 40);
    const directory = await freshDirectory();
    await writeFile(join(directory, "claims.0000000001.log"), bytes);
    await writeFile(join(directory, "claims.0000000002.log"), next);
    expect(await keysOf(directory)).toEqual(["k1", "k2", "k3"]);
  });
});

const failure = (code: string) => Object.assign(new Error(code), { code });

describe("two journals opened at one moment", () => {
  it("are never both written to", async () => {
    const directory = await freshDirectory();
    for (let round = 0; round < 20; round++) {
      const tries = await Promise.allSettled(
        [1, 2, 3].map(() => Journal.open(directory, (c) => c)),
      ); // oxlint-disable-line no-await-in-loop -- one after another
      const both = tries.flatMap((t) => (t.status === "fulfilled" ? [t.value] : []));
      const change = ["once", `k${round}`, NOW] as const;
      const writes = await Promise.allSettled(both.map((journal) => journal.append([change]))); // oxlint-disable-line no-await-in-loop -- one after another
      expect(writes.filter(({ status }) => status === "fulfilled").length).toBeLessThanOrEqual(1);
      await Promise.all(both.map((journal) => journal.close())); // oxlint-disable-line no-await-in-loop -- one after another
    }
    const read: Change[] = [];
    const last = await Journal.open(directory, (changes) => {
      read.push(...changes);
      return changes;
    });
    await last.close();
    expect(new Set(read.map(([, key]) => key)).size).toBe(read.length);
  });
});

/** A disk with so many bytes left, which writes what still fits. */
function disk(free: { bytes: number; syncFails?: boolean }): OpenFile {
  return async (path, flags, mode) => {
    const handle = await open(path, flags, mode);
    const write = async (buffer: Buffer, offset: number) => {
      const part = buffer.subarray(offset, offset + free.bytes);
      if (part.length === 0) throw failure("ENOSPC");
      const result = await handle.write(part, 0);
      free.bytes -= result.bytesWritten;
      return result;
    };
    return new Proxy(handle, {
      get(target, name) {
        if (name === "write") return write;
        if (name === "datasync" && free.syncFails === true)
          return () => Promise.reject(failure("EIO"));
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
  };
}

describe("a full disk", () => {
  it("refuses what it cannot keep, goes on when there is room, and has lost nothing", async () => {
    const directory = await freshDirectory();
    const free = { bytes: 2000 };
    const store = await opened(directory, { openFile: disk(free) });
    const answered: string[] = [];
    let refused = 0;
    for (let i = 0; i < 40; i++) {
      const outcome = await ask(store, `k${i}`, "a").catch((error: unknown) => error); // oxlint-disable-line no-await-in-loop -- one after another
      if (outcome === "created") answered.push(`k${i}`);
      else refused++;
      if (i === 30) free.bytes = 1_000_000;
      if (i === 30) await new Promise((resolve) => setTimeout(resolve, 1100)); // oxlint-disable-line no-await-in-loop -- until it tries again
    }
    expect(refused).toBeGreaterThan(10);
    expect(answered).toContain("k31");
    await expect(store.show("k39")).resolves.toBeDefined();
    await store.close();
    const kept = await keysOf(directory);
    expect(answered.filter((key) => !kept.includes(key))).toEqual([]);
  });

  it("says so, as a fault that may pass", async () => {
    const free = { bytes: 60 };
    const store = await opened(await freshDirectory(), { openFile: disk(free) });
    free.bytes = 10;
    await expect(ask(store, "k", "a")).rejects.toMatchObject({
      name: "StoreError",
      code: "unavailable",
      retryable: true,
      message: "the claim store cannot be written: ENOSPC",
    });
  });

  it("keeps what was decided on top of a failed write from being answered", async () => {
    const free = { bytes: 10_000 };
    const store = await opened(await freshDirectory(), { openFile: disk(free) });
    free.bytes = 20;
    const outcomes = await Promise.all(
      ["a", "b", "c"].map((owner) => ask(store, "k", owner).catch(() => "failed")),
    );
    expect(outcomes).toEqual(["failed", "failed", "failed"]);
    free.bytes = 10_000;
    expect(await ask(store, "k", "d").catch(() => ask(store, "k", "d"))).toBe("created");
  });

  it("does not stop the journal that still has room when a rewrite has none", async () => {
    const directory = await freshDirectory();
    const free = { bytes: 10_000_000 };
    const store = await opened(directory, { openFile: disk(free) });
    await store.put("a", new Uint8Array(700_000));
    free.bytes = 300_000;
    await store.put("b", new Uint8Array(100_000));
    free.bytes = 10_000; // what the file that was given up held is free again
    expect(await ask(store, "k", "a")).toBe("created");
    expect(await journals(directory)).toEqual(["claims.0000000001.log"]);
  });
});

describe("a sync that fails", () => {
  it("answers nobody, and reads the disk again before it goes on", async () => {
    const free = { bytes: 1_000_000, syncFails: false };
    const store = await opened(await freshDirectory(), { openFile: disk(free) });
    await ask(store, "k", "a", { now: NOW });
    free.syncFails = true;
    await expect(ask(store, "k2", "a")).rejects.toMatchObject({ code: "unavailable" });
    free.syncFails = false;
    expect(await ask(store, "k", "b")).toBe("taken");
  });
});
