import { execFile, spawn, type ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, describe, expect, it, onTestFinished, vi } from "vitest";

vi.setConfig({ testTimeout: 60_000 });

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const run = promisify(execFile);
let demo: ChildProcess | undefined;
afterEach(() => demo?.kill("SIGKILL"));

/** The demo runs what was built: `npm run demo` builds first, a test does not. */
describe.runIf(existsSync(`${ROOT}dist/cli/main.js`))("npm run demo", () => {
  it("shows every step, and leaves running what its last lines need", async ({ skip }) => {
    try {
      await run("sh", ["-c", "command -v curl && command -v awk"]);
    } catch {
      skip("no curl or awk");
    }
    const child = spawn(process.execPath, ["scripts/demo.ts", "--keep"], {
      cwd: ROOT,
      stdio: ["ignore", "pipe", "pipe"],
    });
    demo = child;
    let transcript = "";
    const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
    const lines = await new Promise<string>((resolve, reject) => {
      child.stderr.on("data", (chunk: Buffer) => (transcript += chunk.toString("utf8")));
      child.stdout.on("data", (chunk: Buffer) => {
        transcript += chunk.toString("utf8");
        const block = /\n(cd \S+\n.*\n# the end\n)/s.exec(transcript)?.[1];
        if (block !== undefined) resolve(block);
      });
      void ended.then((code) => reject(new Error(`the demo ended with ${code}:\n${transcript}`)));
    });
    expect(transcript.match(/^ {3}proved: /gm)?.length).toBeGreaterThanOrEqual(8);
    expect(transcript.match(/^ {3}refused: /gm)?.length).toBeGreaterThanOrEqual(8);
    for (const reason of [
      "binding_mismatch",
      "audience_mismatch",
      "tenant_not_configured",
      "possession_missing",
      "claim_taken",
    ]) {
      expect(transcript).toContain(reason);
    }
    const { stdout } = await run("sh", ["-e", "-c", lines]);
    expect(stdout).toContain('"spiffe_sequence"');
    expect(stdout).toContain('"jwks_uri"');
    expect(stdout).toContain("-----BEGIN CERTIFICATE-----");
    expect(stdout).toContain('"code":"evidence_rejected"');

    child.kill("SIGINT");
    expect(await ended).toBe(0);
    const folder = /^cd (\S+)$/m.exec(lines)?.[1] ?? "";
    expect(existsSync(folder)).toBe(false);
  });

  it("leaves nothing behind when its reader goes away", async () => {
    const temporary = await mkdtemp(join(tmpdir(), "svidmint-test-"));
    onTestFinished(() => rm(temporary, { recursive: true, force: true }));
    const child = spawn(process.execPath, ["scripts/demo.ts", "--keep"], {
      cwd: ROOT,
      env: { ...process.env, TMPDIR: temporary },
      stdio: ["ignore", "pipe", "pipe"],
    });
    demo = child;
    let complaints = "";
    child.stderr.on("data", (chunk: Buffer) => (complaints += chunk.toString("utf8")));
    child.stdout.once("data", () => child.stdout.destroy());
    const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
    expect([code, complaints]).toEqual([0, ""]);
    expect(await readdir(temporary)).toEqual([]);
  });
});
