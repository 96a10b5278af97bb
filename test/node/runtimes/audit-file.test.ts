import { execFileSync } from "node:child_process";
import {
  closeSync,
  constants,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createApp } from "../../../src/handlers/app.ts";
import { createIssuer } from "../../../src/issuer/issuer.ts";
import { nodePlatform } from "../../../src/platform/node/node-platform.ts";
import { auditFile } from "../../../src/runtimes/node/audit-file.ts";
import { createWorld, cronToken, AUDIENCE, ENDPOINT } from "../../unit/issuer/world.ts";
import { quickest } from "../support/quickest.ts";

let folder: string;
let names = 0;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "svidmint-audit-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const fresh = (): string => join(folder, `log-${names++}`);
const linesOf = (path: string): string[] => readFileSync(path, "utf8").split("\n").slice(0, -1);
const settled = async (promise: void | Promise<void>): Promise<string> =>
  Promise.resolve(promise).then(
    () => "written",
    (error: unknown) => (error instanceof Error ? error.message : "?"),
  );
const codeOf = async (promise: void | Promise<void>): Promise<unknown> =>
  Promise.resolve(promise).then(
    () => "written",
    (error: unknown) => (error instanceof Error && "code" in error ? error.code : error),
  );

/** A pipe of which the test holds both ends; nobody reads unless it says so. */
function blockedPipe(): { writeEnd: number; read(): string; close(): void } {
  const path = fresh();
  execFileSync("mkfifo", [path]);
  const readEnd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const writeEnd = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
  const buffer = Buffer.alloc(1 << 20);
  return {
    writeEnd,
    read() {
      try {
        return buffer.toString("latin1", 0, readSync(readEnd, buffer));
      } catch {
        return "";
      }
    },
    close() {
      closeSync(readEnd);
      closeSync(writeEnd);
    },
  };
}

describe("a file", () => {
  it("has a line when its promise is kept, all of them in the order in which they came", async () => {
    const path = fresh();
    const audit = auditFile({ target: path });
    const wanted: string[] = [];
    const waits: unknown[] = [];
    const missing: number[] = [];
    for (let index = 0; index < 2000; index++) {
      const line = `{"n":${index}}`;
      wanted.push(line);
      waits.push(index % 3 === 0 ? audit.note(line) : audit.write(line));
      if (index % 100 === 0) {
        await audit.write(`{"mark":${index}}`); // oxlint-disable-line no-await-in-loop
        wanted.push(`{"mark":${index}}`);
        if (linesOf(path).length !== wanted.length) missing.push(index);
      }
    }
    expect(missing).toEqual([]);
    await Promise.all(waits);
    expect(linesOf(path)).toEqual(wanted);
    await audit.close();
  });

  it("is appended to, and is nobody else's to read", async () => {
    const path = fresh();
    for (const line of ["1", "2"]) {
      const audit = auditFile({ target: path, sync: true });
      await audit.write(line); // oxlint-disable-line no-await-in-loop
      await audit.close(); // oxlint-disable-line no-await-in-loop
    }
    expect(linesOf(path)).toEqual(["1", "2"]);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it("has at its close what nobody waited for", async () => {
    const path = fresh();
    const audit = auditFile({ target: path });
    void audit.note("noted");
    await audit.close();
    expect(linesOf(path)).toEqual(["noted"]);
  });

  it("takes nothing once it is closed: the descriptor may be another file's by then", async () => {
    for (const last of ["written", "quiet"]) {
      const path = fresh();
      const audit = auditFile({ target: path });
      await audit.write("1"); // oxlint-disable-line no-await-in-loop
      if (last === "quiet") await delay(5); // oxlint-disable-line no-await-in-loop
      await audit.close(); // oxlint-disable-line no-await-in-loop
      const [other, another] = [fresh(), fresh()].map((one) => openSync(one, "w+"));
      expect(() => void audit.write("late")).toThrow("closed");
      expect(() => void audit.note("late")).toThrow("closed");
      await delay(40); // oxlint-disable-line no-await-in-loop
      for (const fd of [other, another]) {
        expect(readFileSync(fd ?? -1, "utf8")).toBe("");
        closeSync(fd ?? -1);
      }
      expect(linesOf(path)).toEqual(["1"]);
    }
  });

  it("on a full disk rejects, each time, and takes nothing for written (ENOSPC)", async () => {
    const audit = auditFile({ target: "/dev/full" });
    expect(
      await Promise.all([audit.write("1"), audit.note("2"), audit.write("3")].map(codeOf)),
    ).toEqual(["ENOSPC", "ENOSPC", "ENOSPC"]);
    expect(await codeOf(audit.write("4"))).toBe("ENOSPC");
  });

  it("on a full disk tells why, once: what cannot be written cannot tell itself", async () => {
    const told: unknown[] = [];
    const audit = auditFile({ target: "/dev/full", report: (trouble) => void told.push(trouble) });
    for (const line of ["1", "2", "3"]) await codeOf(audit.write(line)); // oxlint-disable-line no-await-in-loop
    expect(told).toEqual(["ENOSPC"]);
  });

  it("on a full disk tells so of the last lines, too, which a stop writes", async () => {
    const told: unknown[] = [];
    const audit = auditFile({ target: "/dev/full", report: (trouble) => void told.push(trouble) });
    const noted = codeOf(audit.note("1"));
    await audit.close();
    expect(await noted).toBe("ENOSPC");
    expect(told).toEqual(["ENOSPC"]);
  });

  it("that was closed under it rejects (EBADF)", async () => {
    const fd = openSync(fresh(), "a");
    const audit = auditFile({ target: fd });
    await audit.write("1");
    closeSync(fd);
    expect(await codeOf(audit.write("2"))).toBe("EBADF");
  });

  it("that cannot be opened is told at once", () => {
    expect(() => auditFile({ target: join(folder, "nowhere", "log") })).toThrow("ENOENT");
    writeFileSync(join(folder, "file"), "");
    expect(() => auditFile({ target: join(folder, "file", "log") })).toThrow("ENOTDIR");
  });
});

describe("a pipe that nobody reads (F17)", () => {
  const BEHIND = "audit log does not keep up";
  /** Milliseconds: more than the moment that they are given below. */
  const SOON_MS = 1500;
  const long = "x".repeat(100_000); // more than a pipe holds

  it("makes those who wait fail after a moment, and whoever comes then at once", async () => {
    const failing = async (): Promise<number> => {
      const pipe = blockedPipe();
      const audit = auditFile({ target: pipe.writeEnd, maxWaitMs: 100 });
      const began = performance.now();
      const first = audit.write(long);
      await delay(10);
      const queued = [audit.write("queued"), audit.note("noted")];
      expect(await Promise.all([first, ...queued].map(settled))).toEqual([BEHIND, BEHIND, BEHIND]);
      const took = performance.now() - began;
      expect(() => audit.write("late")).toThrow(BEHIND);
      expect(() => audit.note("late")).toThrow(BEHIND);
      await expect(audit.close()).rejects.toThrow(BEHIND);
      // The pipe stays open: a try to write that a thread has begun would go to whatever has its descriptor next.
      return took;
    };
    expect(await quickest(SOON_MS, failing)).toBeLessThan(SOON_MS);
  });

  it("works again once it is read, with every line whole and in order", async () => {
    const pipe = blockedPipe();
    const told: unknown[] = [];
    const report = (trouble?: string): void => void told.push(trouble);
    const audit = auditFile({ target: pipe.writeEnd, maxWaitMs: 100, report });
    const lost = audit.write(long);
    await delay(10);
    const queued = audit.write("queued");
    expect(await Promise.all([lost, queued].map(settled))).toEqual([BEHIND, BEHIND]);
    expect(told).toEqual([BEHIND]);
    let read = "";
    while (!read.endsWith("queued\n")) {
      read += pipe.read();
      await delay(5); // oxlint-disable-line no-await-in-loop
    }
    expect(await settled(audit.write("after"))).toBe("written");
    expect(told).toEqual([BEHIND, undefined]);
    read += pipe.read();
    expect(read.replaceAll(/x+/g, ({ length }) => String(length))).toBe("100000\nqueued\nafter\n");
    await audit.close();
    pipe.close();
  });

  it("fills no memory: beyond the bound lines are refused at once", async () => {
    const pipe = blockedPipe();
    const audit = auditFile({ target: pipe.writeEnd, maxPendingBytes: 10_000, maxWaitMs: 5000 });
    const first = audit.write("y".repeat(9_999));
    expect(() => audit.write("yy")).toThrow(BEHIND);
    await first;
    for (let index = 0; index < 5; index++) await audit.write("y".repeat(9_999)); // oxlint-disable-line no-await-in-loop
    const blocked = audit.write("y".repeat(9_999));
    await delay(20);
    const next = audit.write("y".repeat(9_000));
    expect(() => audit.note("y".repeat(1_001))).toThrow(BEHIND);
    for (let index = 0; index < 20; index++) {
      pipe.read();
      await delay(5); // oxlint-disable-line no-await-in-loop
    }
    expect(await Promise.all([blocked, next].map(settled))).toEqual(["written", "written"]);
    await audit.close();
    pipe.close();
  });

  it("whose reader is gone rejects (EPIPE)", async () => {
    const path = fresh();
    execFileSync("mkfifo", [path]);
    const readEnd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const audit = auditFile({ target: openSync(path, "w") });
    await audit.write("1");
    closeSync(readEnd);
    expect(await codeOf(audit.write("2"))).toBe("EPIPE");
  });

  it("stops issuance, and nothing else: 503, no signature, documents served", async () => {
    const world = await createWorld({ platform: nodePlatform });
    const pipe = blockedPipe();
    const audit = auditFile({ target: pipe.writeEnd, maxWaitMs: 100 });
    const app = createApp(
      createIssuer(() => world.snapshot, { audit }),
      { openapi: "{}" },
    );
    const body = JSON.stringify({
      evidence: [await cronToken(world)],
      jwt: { audience: [AUDIENCE] },
    });
    const headers = { "content-type": "application/json" };
    const post = async (): Promise<number> =>
      (await app.fetch(new Request(ENDPOINT, { method: "POST", body, headers }))).status;
    expect(await post()).toBe(200);
    void settled(audit.note(long));
    await delay(40);
    const before = world.keys.jwtSigner.signed.length;
    const refused = async (): Promise<number> => {
      const began = performance.now();
      expect(await Promise.all(Array.from({ length: 20 }, post))).toEqual(Array(20).fill(503));
      expect(await post()).toBe(503);
      return performance.now() - began;
    };
    expect(await quickest(SOON_MS, refused)).toBeLessThan(SOON_MS);
    expect(world.keys.jwtSigner.signed).toHaveLength(before);
    expect((await app.fetch(new Request(ENDPOINT.replace("/v1/svids", "/bundle")))).status).toBe(
      200,
    );
    let read = pipe.read();
    while (!read.includes("x\n")) {
      await delay(5); // oxlint-disable-line no-await-in-loop
      read += pipe.read();
    }
    await expect.poll(post).toBe(200);
    pipe.read();
    await audit.close();
    pipe.close();
  });
});
