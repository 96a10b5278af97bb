import { type ChildProcess, spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string | Uint8Array;
  /** The process is killed after this time. Milliseconds. */
  readonly deadlineMs: number;
  /** CPU core that the process is pinned to. */
  readonly core?: number;
}

export interface RunResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end. Throws only when it cannot be started or outlives its deadline. */
export async function run(
  command: string,
  args: readonly string[],
  options: RunOptions,
): Promise<RunResult> {
  const child = launch(command, args, options);
  child.stdin?.on("error", () => undefined); // it may end without reading all of its input
  child.stdin?.end(options.input ?? "");
  const stdout = collect(child.stdout);
  const stderr = collect(child.stderr);
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    child.kill("SIGKILL");
  }, options.deadlineMs);
  try {
    const code = await exitCode(child);
    if (late) throw new Error(`${command} passed its deadline of ${options.deadlineMs} ms`);
    return { code, stdout: await stdout, stderr: await stderr };
  } finally {
    clearTimeout(timer);
  }
}

/** As `run`, but any other exit code than 0 throws with the end of what was printed. */
export async function runChecked(
  command: string,
  args: readonly string[],
  options: RunOptions,
): Promise<string> {
  const result = await run(command, args, options);
  if (result.code === 0) return result.stdout;
  const tail = `${result.stdout}\n${result.stderr}`.trim().slice(-2_000);
  throw new Error(`${command} ${args.join(" ")}: exit code ${result.code}\n${tail}`);
}

export interface Server extends AsyncDisposable {
  readonly pid: number;
  /** Everything printed so far, both streams, the last 64 KiB. */
  output(): string;
  /** Asks it to end, then makes it end. */
  stop(): Promise<void>;
}

export interface ServerOptions extends RunOptions {
  /** Tried until it answers true. What it throws counts as not ready. */
  readonly ready: () => Promise<boolean>;
  /** How long that may take; a minute if absent, since a machine may be busy. Milliseconds. */
  readonly readyMs?: number;
  /** A folder of the server's own, removed when it has ended or could not start. */
  readonly folder?: string;
}

/** Starts a server that ends with `stop`, at its deadline, or when this process dies. */
export async function startServer(
  command: string,
  args: readonly string[],
  options: ServerOptions,
): Promise<Server> {
  const child = launch(command, args, options);
  child.stdin?.end();
  let output = "";
  const keep = (chunk: Buffer): void => {
    output = (output + chunk.toString("utf8")).slice(-65_536);
  };
  child.stdout?.on("data", keep);
  child.stderr?.on("data", keep);
  const end = exitCode(child);
  end.catch(() => undefined);
  const timer = setTimeout(() => child.kill("SIGKILL"), options.deadlineMs);
  timer.unref();

  const stop = async (): Promise<void> => {
    clearTimeout(timer);
    if (child.exitCode === null && child.signalCode === null) {
      child.kill("SIGTERM");
      const hard = setTimeout(() => child.kill("SIGKILL"), 15_000);
      await end.catch(() => undefined);
      clearTimeout(hard);
    }
    if (options.folder !== undefined) rmSync(options.folder, { recursive: true, force: true });
  };
  const giveUp = Date.now() + (options.readyMs ?? 60_000);
  while (!(await options.ready().catch(() => false))) {
    const ended = child.exitCode !== null || child.signalCode !== null || child.pid === undefined;
    if (ended || Date.now() > giveUp) {
      await stop();
      const reason = ended ? "ended before it was ready" : "was not ready in time";
      throw new Error(`${command} ${reason}\n${output.slice(-2_000)}`);
    }
    await sleep(50);
  }
  if (child.pid === undefined) throw new Error(`${command} could not be started`);
  return { pid: child.pid, output: () => output, stop, [Symbol.asyncDispose]: stop };
}

/** Whether something listens on this port of 127.0.0.1. */
export function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(true));
    socket.once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}

/** Whether a GET of the URL answers with a 2xx status. */
export async function answers(url: string): Promise<boolean> {
  const response = await fetch(url, { signal: AbortSignal.timeout(10_000) });
  await response.arrayBuffer();
  return response.ok;
}

function launch(command: string, args: readonly string[], options: RunOptions): ChildProcess {
  // Both wrappers replace themselves by the program, so its process id is the child's. The first
  // makes the kernel end it with us, even when we are killed and can clean up nothing.
  const wrapped =
    process.platform === "linux"
      ? [
          "setpriv",
          "--pdeathsig",
          "SIGKILL",
          ...(options.core === undefined ? [] : ["taskset", "-c", String(options.core)]),
          command,
          ...args,
        ]
      : [command, ...args];
  const [first = command, ...rest] = wrapped;
  return spawn(first, rest, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ["pipe", "pipe", "pipe"],
  });
}

async function collect(stream: NodeJS.ReadableStream | null): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream ?? []) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString("utf8");
}

function exitCode(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve(code ?? 128));
  });
}
