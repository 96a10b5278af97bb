import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const SERVER = fileURLToPath(new URL("./process-child.ts", import.meta.url));
const SIGNALS = fileURLToPath(new URL("./signal-child.ts", import.meta.url));
let folder: string;
const running = new Set<ChildProcess>();

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "svidmint-process-"));
});
afterAll(() => {
  for (const child of running) child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

interface Child {
  readonly process: ChildProcess;
  /** Resolves with the line of stderr that matches. */
  says(pattern: RegExp): Promise<string>;
  /** Exit code or signal. */
  readonly end: Promise<number | string>;
}

function start(script: string, ...args: readonly string[]): Child {
  const child = spawn(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", script, ...args],
    {
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  running.add(child);
  let errors = "";
  child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
  let closed = false; // unlike its end, after all of its output
  child.on("close", () => (closed = true));
  const end = once(child, "exit").then(([code, signal]: unknown[]) =>
    typeof code === "number" ? code : String(signal),
  );
  return {
    process: child,
    end,
    async says(pattern) {
      for (;;) {
        const line = errors.split("\n").find((one) => pattern.test(one));
        if (line !== undefined) return line;
        if (closed)
          throw new Error(`ended before it said ${String(pattern)}: ${errors.slice(0, 500)}`);
        await delay(5); // oxlint-disable-line no-await-in-loop
      }
    },
  };
}

const eventsOf = (text: string): string[] =>
  text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => (JSON.parse(line) as { event: string }).event);

describe.concurrent("signals", () => {
  it.each([
    ["resolves", ["SIGTERM"], 0],
    ["resolves", ["SIGINT"], 0],
    ["rejects", ["SIGTERM"], 1],
    ["hangs", ["SIGTERM", "SIGTERM"], 143],
    ["hangs", ["SIGTERM", "SIGINT"], 130],
    ["hangs", ["SIGINT", "SIGTERM"], 143],
  ] as const)("%s, %j: exit %i", async (mode, signals, code) => {
    const child = start(SIGNALS, mode);
    await child.says(/^ready/);
    for (const signal of signals) {
      child.process.kill(signal);
      await child.says(/^stopping/); // oxlint-disable-line no-await-in-loop
    }
    expect(await child.end).toBe(code);
  });
});

describe("the audit log of a process", () => {
  it("has the intent of a signature during which it was killed (AU-1)", async () => {
    const path = join(folder, "killed");
    const child = start(SERVER, "sign-hangs", path);
    await child.says(/^signing/);
    child.process.kill("SIGKILL");
    expect(await child.end).toBe("SIGKILL");
    const log = readFileSync(path, "utf8");
    expect(log.endsWith("\n")).toBe(true);
    expect(eventsOf(log)).toEqual(["intent"]);
  });

  it("killed under load at any moment: whole lines, and an intent for each token that got out", async () => {
    const path = join(folder, "load");
    const child = start(SERVER, "serve", path);
    const { port, body } = JSON.parse(await child.says(/^\{/)) as { port: number; body: string };
    const issued: true[] = [];
    let down = false;
    const ask = async (): Promise<void> => {
      while (!down) {
        try {
          // oxlint-disable-next-line no-await-in-loop -- one after the other
          const answer = await fetch(`http://127.0.0.1:${port}/v1/svids`, {
            method: "POST",
            body,
            headers: { "content-type": "application/json" },
          });
          if (answer.status === 200 && (await answer.text()).includes('"jwt"')) issued.push(true); // oxlint-disable-line no-await-in-loop
        } catch {
          down = true;
        }
      }
    };
    const clients = Array.from({ length: 8 }, ask);
    while (issued.length < 50) await delay(3); // oxlint-disable-line no-await-in-loop
    child.process.kill("SIGKILL");
    await Promise.all(clients);
    const lines = readFileSync(path, "utf8").split("\n");
    lines.pop(); // at most the last may be torn
    const events = eventsOf(lines.join("\n"));
    expect(events.filter((event) => event === "intent").length).toBeGreaterThanOrEqual(
      issued.length,
    );
  });

  it("has all of it after SIGTERM under load, and nobody's request was dropped (F18)", async () => {
    const path = join(folder, "stopped");
    const child = start(SERVER, "serve", path);
    const { port, body } = JSON.parse(await child.says(/^\{/)) as { port: number; body: string };
    const headers = { "content-type": "application/json", connection: "close" };
    const asked = Array.from(
      { length: 40 },
      async () =>
        (await fetch(`http://127.0.0.1:${port}/v1/svids`, { method: "POST", body, headers }))
          .status,
    );
    await Promise.any(asked);
    child.process.kill("SIGTERM");
    const statuses = (await Promise.allSettled(asked)).map((one) =>
      one.status === "fulfilled" ? one.value : "refused",
    );
    expect(statuses.filter((status) => status !== 200 && status !== "refused")).toEqual([]);
    expect(await child.end).toBe(0);
    const events = eventsOf(readFileSync(path, "utf8"));
    expect(events.filter((event) => event === "outcome")).toHaveLength(
      events.filter((event) => event === "intent").length,
    );
    expect(events.filter((event) => event === "outcome").length).toBeGreaterThanOrEqual(
      statuses.filter((status) => status === 200).length,
    );
  });

  it("that nobody reads stops issuance, and not the process from ending (F17, F18)", async () => {
    const child = start(SERVER, "serve"); // its stdout is a pipe of ours, and we do not read
    const { port, body } = JSON.parse(await child.says(/^\{/)) as { port: number; body: string };
    const post = async (): Promise<number> =>
      (
        await fetch(`http://127.0.0.1:${port}/v1/svids`, {
          method: "POST",
          body,
          headers: { "content-type": "application/json", connection: "close" },
        })
      ).status;
    const statuses: number[] = [];
    while (!statuses.includes(503)) {
      expect(statuses.length).toBeLessThan(5000);
      statuses.push(...(await Promise.all(Array.from({ length: 50 }, post)))); // oxlint-disable-line no-await-in-loop
    }
    expect(new Set(statuses)).toEqual(new Set([200, 503]));
    expect(
      (await fetch(`http://127.0.0.1:${port}/healthz`, { headers: { connection: "close" } }))
        .status,
    ).toBe(200);
    child.process.kill("SIGTERM");
    expect(await Promise.race([child.end, delay(30_000, "still there", { ref: false })])).toBe(1);
  });
});
