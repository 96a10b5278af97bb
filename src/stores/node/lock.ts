import { randomUUID } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { link, open, readFile, rename, stat, unlink, utimes } from "node:fs/promises";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { StoreError } from "../store-error.ts";

/** Who holds a lock, as far as another process can check it. */
interface Holder {
  readonly pid: number;
  /** Clock ticks from boot to the start of the process: a later process of the same number differs in it. */
  readonly started: string;
  /** What process numbers are relative to: a boot and a process namespace, else the host's name. */
  readonly space: string;
  readonly nonce: string;
}

export interface LockOptions {
  /** How often a living holder shows itself. */
  readonly heartbeatMs?: number;
  /** How long a holder that cannot be looked up (another container or host) may be silent. */
  readonly patienceMs?: number;
}

export interface Lock {
  release(): Promise<void>;
}

/**
 * Keeps a second process from opening the same directory by mistake, and recovers by itself from one that died. It
 * is a courtesy: that nothing is lost where it errs is the journal's doing.
 * @throws StoreError `locked`, naming the process
 */
export async function acquireLock(path: string, options: LockOptions = {}): Promise<Lock> {
  const { heartbeatMs = 2000, patienceMs = 10_000 } = options;
  const me: Holder = {
    pid: process.pid,
    started: startOf(process.pid) ?? "",
    space: space(),
    nonce: randomUUID(),
  };
  const draft = `${path}.${me.nonce}`;
  const file = await open(draft, "wx", 0o600);
  try {
    await file.writeFile(JSON.stringify(me));
    await file.close();
    if (!(await linked(draft, path))) {
      await mayReplace(path, patienceMs);
      await rename(draft, path);
    }
  } finally {
    await unlink(draft).catch(() => undefined);
  }
  // Of two that replaced a dead holder at once, the later one has it.
  if ((await holderOf(path))?.nonce !== me.nonce) throw locked(path, await holderOf(path));
  const heartbeat = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(() => undefined);
  }, heartbeatMs);
  heartbeat.unref();
  return {
    async release() {
      clearInterval(heartbeat);
      if ((await holderOf(path))?.nonce === me.nonce) await unlink(path);
    },
  };
}

async function linked(draft: string, path: string): Promise<boolean> {
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  }
}

/** @throws StoreError `locked` where the holder lives */
async function mayReplace(path: string, patienceMs: number): Promise<void> {
  const holder = await holderOf(path);
  if (holder?.space === space()) {
    if (startOf(holder.pid) === holder.started) throw locked(path, holder);
    return;
  }
  const deadline = performance.now() + patienceMs;
  const before = await beatOf(path);
  while (performance.now() < deadline) {
    await sleep(Math.min(250, patienceMs)); // oxlint-disable-line no-await-in-loop -- waiting is the point
    const beat = await beatOf(path); // oxlint-disable-line no-await-in-loop -- waiting is the point
    if (beat === undefined) return;
    if (beat !== before) throw locked(path, holder);
  }
}

async function beatOf(path: string): Promise<number | undefined> {
  return stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => undefined,
  );
}

function locked(path: string, holder: Holder | undefined): StoreError {
  const who = holder === undefined ? "another process" : `process ${holder.pid}`;
  return new StoreError("locked", `${path} is held by ${who}`);
}

async function holderOf(path: string): Promise<Holder | undefined> {
  try {
    const value: unknown = JSON.parse(await readFile(path, "utf8"));
    return isHolder(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isHolder(value: unknown): value is Holder {
  return (
    typeof value === "object" &&
    value !== null &&
    "pid" in value &&
    Number.isInteger(value.pid) &&
    "started" in value &&
    "space" in value &&
    "nonce" in value
  );
}

function space(): string {
  try {
    return `${readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()} ${readlinkSync("/proc/self/ns/pid")}`;
  } catch {
    return hostname();
  }
}

/** @returns undefined for a process that is not there, or only waits to be collected; "" where starts are not told */
function startOf(pid: number): string | undefined {
  try {
    const line = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name in parentheses may hold anything; state is field 3 of `proc(5)`, start time 22.
    const fields = line.slice(line.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" || fields[0] === "X" ? undefined : fields[19];
  } catch {
    return process.platform === "linux" ? undefined : signalled(pid);
  }
}

function signalled(pid: number): string | undefined {
  try {
    process.kill(pid, 0);
    return "";
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM" ? "" : undefined;
  }
}
