import { spawn, type ChildProcess } from "node:child_process";
import { onTestFinished } from "vitest";
import { freePort } from "../../../scripts/free-port.ts";
import { ENTRY, quickly } from "./run.ts";

/** `svidmint serve` as a process of its own, ended after the test. */

/** On a connection of its own: one kept open would have a server wait for more when it is stopped. */
export const fetch: typeof globalThis.fetch = (input, init) => {
  const headers = new Headers(init?.headers);
  headers.set("connection", "close");
  return globalThis.fetch(input, { ...init, headers });
};

export interface Server {
  readonly url: string;
  readonly child: ChildProcess;
  stdout(): string;
  stderr(): string;
}

export async function serve(
  cwd: string,
  url: string,
  args: readonly string[] = [],
  env: Record<string, string> = {},
): Promise<Server> {
  const child = spawn(process.execPath, [ENTRY, "serve", ...args], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  onTestFinished(async () => void (await stopped(child)));
  const written = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk: Buffer) => (written.stdout += chunk.toString("utf8")));
  child.stderr.on("data", (chunk: Buffer) => (written.stderr += chunk.toString("utf8")));
  const deadline = performance.now() + 45_000;
  while (performance.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`ended with ${child.exitCode}: ${written.stderr}`);
    const ready = await fetch(`${url}/readyz`).catch(() => undefined);
    if (ready?.ok === true)
      return { url, child, stdout: () => written.stdout, stderr: () => written.stderr };
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`not ready: ${written.stderr}`);
}

export async function stopped(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null) return child.exitCode;
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  return ended;
}

/** What `svidmint init` writes, for an address that is free. */
export async function initialised(
  cwd: string,
  more: readonly string[] = [],
): Promise<{ cwd: string; url: string }> {
  const url = `http://127.0.0.1:${await freePort()}`;
  await quickly(["init", "--issuer", url, ...more], { cwd });
  return { cwd, url };
}
