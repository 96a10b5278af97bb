import { mkdtempSync, rmSync } from "node:fs";
import { chmod, mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { openFileStore } from "../../../src/stores/node/file.ts";
import { storeConformance } from "../../conformance/store.ts";
import { ask, claimer, freshDirectory, journals, NOW, opened } from "./file-support.ts";

const shared = mkdtempSync(join(tmpdir(), "svidmint-store-"));
afterAll(() => rmSync(shared, { recursive: true, force: true }));
storeConformance("file", () => openFileStore({ directory: join(shared, "store") }), { runs: 40 });

describe("the file store", () => {
  it("remembers everything when it is opened again", async () => {
    const directory = await freshDirectory();
    const first = await opened(directory);
    await ask(first, "k1", "a", { generation: 4 });
    await first.assign("k2", "b", NOW, 100);
    await first.ban("k3", NOW);
    await ask(first, "k4", "a");
    await first.release("k4");
    await first.once("j", NOW, 1000);
    await first.put("bundle", new Uint8Array([1, 2, 3]));
    const before = await first.list();
    await first.close();

    const second = await opened(directory);
    expect(await second.list()).toEqual(before);
    expect(before.map(({ key }) => key)).toEqual(["k1", "k2", "k3"]);
    expect(await ask(second, "k1", "b", { generation: 3 })).toBe("stale");
    expect(await ask(second, "k3", "a")).toBe("banned");
    expect(await ask(second, "k4", "b")).toBe("created");
    expect(await second.once("j", NOW, 1000)).toBe("seen");
    expect(await second.get("bundle")).toEqual(new Uint8Array([1, 2, 3]));
    await second.close();

    // The second has written anew what the first had: nothing is lost by that.
    const third = await opened(directory);
    expect(await ask(third, "k3", "a")).toBe("banned");
    expect(await third.once("j", NOW, 1000)).toBe("seen");
    expect(await third.get("bundle")).toEqual(new Uint8Array([1, 2, 3]));
  });

  it("still knows which request made a claim", async () => {
    const directory = await freshDirectory();
    const first = await opened(directory);
    await ask(first, "k", "a", { requestId: "r1" });
    await first.close();
    const second = await opened(directory);
    expect(await second.release("k", { owner: "a", unusedBy: "r1" })).toBe(true);
  });

  it("keeps its files to itself", async () => {
    const directory = join(await freshDirectory(), "state");
    await opened(directory);
    expect((await stat(directory)).mode & 0o777).toBe(0o700);
    const [journal = ""] = await journals(directory);
    expect((await stat(join(directory, journal))).mode & 0o777).toBe(0o600);
  });

  it.each([0o777, 0o770, 0o702])(
    "refuses a directory that others may write in: %o",
    async (mode) => {
      const directory = join(await freshDirectory(), "state");
      await mkdir(directory);
      await chmod(directory, mode);
      await expect(opened(directory)).rejects.toThrow(/others may write/);
    },
  );

  it.each(["", "claims.lock"])(
    "says in its own words what the file system refuses: %j",
    async (name) => {
      const directory = join(await freshDirectory(), "state");
      if (name === "") await writeFile(directory, "");
      else await mkdir(join(directory, name), { recursive: true });
      const options = { directory, lock: { patienceMs: 300 } };
      await expect(openFileStore(options)).rejects.toMatchObject({
        name: "StoreError",
        message: expect.stringMatching(/^the claim store cannot be written: E(?:EXIST|ISDIR)$/),
      });
    },
  );

  it("answers nothing any more once it is closed, and may be closed twice", async () => {
    const store = await opened(await freshDirectory());
    await ask(store, "k", "a");
    await store.close();
    await store.close();
    await expect(ask(store, "k", "a")).rejects.toThrow(/closed/);
    await expect(store.show("k")).rejects.toThrow(/closed/);
  });

  it("shares one sync among all that wait", async () => {
    const store = await opened(await freshDirectory());
    const outcomes = await Promise.all(
      Array.from({ length: 2000 }, (_, i) => ask(store, `k${i}`, "a")),
    );
    expect(outcomes.every((outcome) => outcome === "created")).toBe(true);
  });

  it("drops what is long outlived when it rewrites itself, and nothing else", async () => {
    const directory = await freshDirectory();
    const store = await opened(directory);
    const day = 86_400;
    await ask(store, "old", "a", { now: NOW - 3 * day });
    await ask(store, "ended", "a", { now: NOW - 2000 });
    await ask(store, "new", "a");
    await store.ban("banned", NOW - 9 * day);
    await store.once("seen-old", NOW - day, 10);
    await store.once("seen-ended", NOW - 2000, 10);
    await store.once("seen-new", NOW, 1000);
    const value = new Uint8Array(300_000);
    for (let i = 0; i < 4; i++) await store.put("bundle", value.fill(i)); // oxlint-disable-line no-await-in-loop -- one after another
    expect(await journals(directory)).toEqual(["claims.0000000002.log"]);
    expect((await store.list()).map(({ key }) => key)).toEqual(["ended", "new", "banned"]);
    expect(await store.once("seen-new", NOW, 1000)).toBe("seen");
    // For who asks by a clock that is behind.
    expect(await store.once("seen-ended", NOW - 1995, 10)).toBe("seen");
    expect(await store.get("bundle")).toEqual(value);
    await store.close();
    const again = await opened(directory);
    expect((await again.list()).map(({ key }) => key)).toEqual(["ended", "new", "banned"]);
  });
});

describe("two processes", () => {
  it("do not open one store: the second is told who has it", async () => {
    const directory = await freshDirectory();
    const first = claimer(directory, "c");
    await first.started();
    await expect(opened(directory)).rejects.toMatchObject({
      code: "locked",
      message: `${join(directory, "claims.lock")} is held by process ${first.child.pid}`,
    });
    await first.killed();
    await expect(opened(directory)).resolves.toBeDefined();
  });

  it("nor does one process twice", async () => {
    const directory = await freshDirectory();
    await opened(directory);
    await expect(opened(directory)).rejects.toMatchObject({ code: "locked" });
  });

  it("take over a lock whose process number another process has now", async () => {
    const directory = await freshDirectory();
    const first = await opened(directory);
    const lock = await readFile(join(directory, "claims.lock"), "utf8");
    await first.close();
    const reused = lock.replace(/"started":"\d+"/, '"started":"1"');
    await writeFile(join(directory, "claims.lock"), reused);
    await expect(opened(directory)).resolves.toBeDefined();
  });

  it("wait for a sign of life from a holder that they cannot look up", async () => {
    const directory = await freshDirectory();
    const first = await opened(directory, { lock: { heartbeatMs: 50 } });
    const path = join(directory, "claims.lock");
    const lock = await readFile(path, "utf8");
    await writeFile(path, lock.replace(/"space":"[^"]*"/, '"space":"elsewhere"'));
    const patient = { lock: { patienceMs: 20_000 } }; // its first sign of life is enough
    await expect(opened(directory, patient)).rejects.toMatchObject({ code: "locked" });
    await first.close();
    await writeFile(path, lock.replace(/"space":"[^"]*"/, '"space":"elsewhere"'));
    await opened(directory, { lock: { patienceMs: 300 } });
  });

  it("cannot both answer, even where the lock failed", async () => {
    const directory = await freshDirectory();
    const first = await opened(directory);
    await ask(first, "k", "a");
    await writeFile(join(directory, "claims.lock"), "{}");
    const second = await opened(directory, { lock: { patienceMs: 1 } });
    expect(await ask(second, "k", "b")).toBe("taken");
    await expect(ask(first, "k2", "a")).rejects.toMatchObject({ code: "lost" });
    await expect(ask(first, "k3", "a")).rejects.toMatchObject({ code: "lost" });
    expect(await ask(second, "k2", "b")).toBe("created");
    await first.close();
    await second.close();
    const third = await opened(directory);
    expect((await third.show("k2"))?.owners.map(({ owner }) => owner)).toEqual(["b"]);
  });

  it("lose no answer while one takes over from the other again and again", async () => {
    const directory = await freshDirectory();
    const answered: string[] = [];
    const enough = 60;
    const work = async (name: string) => {
      // A busy machine takes over more often than it answers: such a one gets more turns, up to a bound.
      for (let i = 0; i < 12 || (answered.length < enough && i < 400); i++) {
        await writeFile(join(directory, "claims.lock"), "{}"); // oxlint-disable-line no-await-in-loop -- by turns
        const store = await opened(directory, { lock: { patienceMs: 1 } }).catch(() => undefined); // oxlint-disable-line no-await-in-loop -- by turns
        if (store === undefined) continue;
        for (let j = 0; j < 50; j++) {
          const key = `${name}-${i}-${j}`;
          const outcome = await ask(store, key, name).catch(() => "failed"); // oxlint-disable-line no-await-in-loop -- one after another
          if (outcome === "failed") break;
          answered.push(key);
        }
      }
    };
    await Promise.all([work("a"), work("b"), work("c")]);
    await writeFile(join(directory, "claims.lock"), "{}");
    const last = await opened(directory, { lock: { patienceMs: 1 } });
    const kept = new Set((await last.list()).map(({ key }) => key));
    expect(answered.filter((key) => !kept.has(key))).toEqual([]);
    expect(answered.length).toBeGreaterThanOrEqual(enough);
  });
});

describe("kill -9", () => {
  it("costs no claim that was answered", async () => {
    const directory = await freshDirectory();
    const answered: string[] = [];
    const enough = 100;
    const deadline = performance.now() + 7000;
    const goesOn = (round: number): boolean =>
      round < 3 || answered.length <= enough || (round < 15 && performance.now() < deadline);
    for (let round = 0; goesOn(round); round++) {
      const child = claimer(directory, `r${round}`);
      await child.started(); // oxlint-disable-line no-await-in-loop -- one after another
      await new Promise((resolve) => setTimeout(resolve, 5 + Math.random() * 60)); // oxlint-disable-line no-await-in-loop -- one after another
      await child.killed(); // oxlint-disable-line no-await-in-loop -- one after another
      answered.push(...child.lines());
    }
    const store = await opened(directory);
    const kept = new Set((await store.list()).map(({ key }) => `${key} created`));
    expect(answered.filter((line) => !kept.has(line))).toEqual([]);
    expect(answered.length).toBeGreaterThan(enough);
  });
});
