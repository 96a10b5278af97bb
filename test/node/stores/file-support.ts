import { spawn, type ChildProcess } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import type { ClaimRequest, ClaimStore } from "../../../src/stores/claim-store.ts";
import {
  openFileStore,
  type FileStore,
  type FileStoreOptions,
} from "../../../src/stores/node/file.ts";

export const NOW = Math.floor(Date.now() / 1000);

export async function freshDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "svidmint-store-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** Closed again when the test is over. */
export async function opened(
  directory: string,
  options: Partial<FileStoreOptions> = {},
): Promise<FileStore> {
  const store = await openFileStore({ directory, ...options });
  onTestFinished(() => store.close().catch(() => undefined));
  return store;
}

export function ask(
  store: ClaimStore,
  key: string,
  owner: string,
  overrides: Partial<ClaimRequest> = {},
): Promise<string> {
  const request = {
    key,
    owner,
    generation: 0,
    now: NOW,
    ttlSeconds: 1000,
    maxOwners: 1,
    create: true,
    requestId: `${key} ${owner}`,
    ...overrides,
  };
  return store.claim(request).then(({ outcome }) => outcome);
}

export async function journals(directory: string): Promise<string[]> {
  return (await readdir(directory)).filter((name) => name.endsWith(".log")).toSorted();
}

export interface Claimer {
  readonly child: ChildProcess;
  /** Everything it printed, line by line; the last one may be cut off. */
  lines(): readonly string[];
  started(): Promise<void>;
  killed(): Promise<void>;
}

/** A process of its own that claims until it is killed. */
export function claimer(directory: string, prefix: string): Claimer {
  const script = fileURLToPath(new URL("./claimer.ts", import.meta.url));
  const child = spawn(process.execPath, [script, directory, prefix], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, NODE_OPTIONS: "" },
  });
  let output = "";
  child.stdout.setEncoding("utf8");
  const open = new Promise<void>((resolve, reject) => {
    child.stdout.on("data", (text: string) => {
      output += text;
      if (output.startsWith("open\n")) resolve();
    });
    child.on("exit", () => reject(new Error("ended before it was open")));
  });
  const closed = new Promise<void>((resolve) => child.on("close", () => resolve()));
  open.catch(() => undefined);
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await closed;
  });
  return {
    child,
    lines: () => output.split("\n").slice(1, -1),
    started: () => open,
    async killed() {
      child.kill("SIGKILL");
      await closed;
    },
  };
}
