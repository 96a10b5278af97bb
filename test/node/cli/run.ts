import { spawn } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { afterAll, vi } from "vitest";
import { dispatch } from "../../../src/cli/dispatch.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

/**
 * The command as a person starts it: `bin/svidmint.js`, a process of its own. Where something under src/ is newer
 * than what was built, its source, which Node runs as it stands. `SVIDMINT_BIN` names an installed one instead.
 */
export const ENTRY =
  process.env["SVIDMINT_BIN"] ?? join(ROOT, isBuilt() ? "bin/svidmint.js" : "src/cli/main.ts");

function isBuilt(): boolean {
  const entry = join(ROOT, "dist/cli/main.js");
  const built = existsSync(entry) ? statSync(join(ROOT, "dist/.node.tsbuildinfo")).mtimeMs : 0;
  const sources = readdirSync(join(ROOT, "src"), { recursive: true, encoding: "utf8" });
  return sources.every((name) => statSync(join(ROOT, "src", name)).mtimeMs <= built);
}

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly input?: string | Uint8Array;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs `svidmint` with these arguments to its end; a hang is ended after 50 s and shows as `code: null`. */
export function svidmint(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const child = spawn(process.execPath, [ENTRY, ...args], {
    cwd: options.cwd ?? tmpdir(),
    env: { ...process.env, NO_COLOR: "1", ...options.env },
    timeout: 50_000,
  });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => err.push(chunk));
  // A command that refuses early closes its input; that is not this helper's fault.
  child.stdin.on("error", () => {});
  child.stdin.end(options.input ?? "");
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) =>
      resolve({
        code,
        stdout: Buffer.concat(out).toString("utf8"),
        stderr: Buffer.concat(err).toString("utf8"),
      }),
    );
  });
}

/**
 * The same without a process of its own, for the many cases that differ in little: a process costs a hundred times as
 * much. Tests of one file run one after the other, so that they may borrow the process's streams and folder.
 */
export async function quickly(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  if (process.env["SVIDMINT_BIN"] !== undefined) return svidmint(args, options);
  const streams = { stdin: process.stdin, cwd: process.cwd() };
  const written = { stdout: "", stderr: "" };
  const spies = (["stdout", "stderr"] as const).map((name) =>
    vi.spyOn(process[name], "write").mockImplementation((chunk) => {
      written[name] += String(chunk);
      return true;
    }),
  );
  const input =
    typeof options.input === "string"
      ? Buffer.from(options.input)
      : (options.input ?? Buffer.alloc(0));
  Object.defineProperty(process, "stdin", { value: Readable.from([input]), configurable: true });
  process.chdir(options.cwd ?? tmpdir());
  try {
    return { code: await dispatch(args), ...written };
  } finally {
    process.chdir(streams.cwd);
    Object.defineProperty(process, "stdin", { value: streams.stdin, configurable: true });
    for (const spy of spies) spy.mockRestore();
  }
}

/** Makes empty folders that are gone after the test file. */
export function temporaryFolders(): () => Promise<string> {
  const made: string[] = [];
  afterAll(async () => {
    await Promise.all(made.map((folder) => rm(folder, { recursive: true, force: true })));
  });
  return async () => {
    const folder = await mkdtemp(join(tmpdir(), "svidmint-cli-"));
    made.push(folder);
    return folder;
  };
}

export function record(text: string): Record<string, unknown> {
  const value: Record<string, unknown> = JSON.parse(text);
  return value;
}

/** JSON on standard output, as a program would read it. */
export function json(ran: Ran): Record<string, unknown> {
  return record(ran.stdout);
}
