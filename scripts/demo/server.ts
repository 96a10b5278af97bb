import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const COMMAND = fileURLToPath(new URL("../../bin/svidmint.js", import.meta.url));
/** Safety nets: a machine that is busy is slow. */
const START_MS = 60_000;
const LOG_MS = 20_000;

/** An audit event as the server writes it: one JSON line on its standard output. */
interface AuditLine {
  readonly event: string;
  readonly request_id: string;
  readonly [member: string]: unknown;
}

export interface RunningIssuer {
  readonly url: string;
  /** What the log says of one request; waits for it, since the answer may come first. */
  event(requestId: string, name: string): Promise<AuditLine | undefined>;
  stop(): Promise<void>;
}

/**
 * The real server, as `svidmint serve` in a process of its own.
 * @param command where `svidmint` is
 * @param more of its options
 */
export async function startIssuer(
  folder: string,
  url: string,
  command = COMMAND,
  more: readonly string[] = [],
): Promise<RunningIssuer> {
  const child = spawn(
    process.execPath,
    [command, "serve", "--config", "svidmint.yaml", "--listen", new URL(url).host, ...more],
    { cwd: folder, stdio: ["ignore", "pipe", "pipe"] },
  );
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const log: AuditLine[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => {
    if (!line.startsWith("{")) return;
    const event: AuditLine = JSON.parse(line);
    log.push(event);
  });
  let complaints = "";
  child.stderr.on("data", (chunk: Buffer) => {
    complaints += chunk.toString("utf8");
  });
  try {
    await untilReady(url, child);
  } catch (error) {
    child.kill("SIGKILL");
    throw new Error(`the issuer did not start:\n${complaints}`, { cause: error });
  }
  return {
    url,
    async event(requestId, name) {
      const deadline = Date.now() + LOG_MS;
      for (;;) {
        const found = log.find((line) => line.request_id === requestId && line.event === name);
        if (found !== undefined || Date.now() > deadline) return found;
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    },
    async stop() {
      child.kill("SIGTERM");
      await ended;
    },
  };
}

async function untilReady(url: string, child: ChildProcess): Promise<void> {
  const deadline = Date.now() + START_MS;
  while (Date.now() < deadline) {
    const end = child.exitCode ?? child.signalCode;
    if (end !== null) throw new Error(`it ended with ${end}`);
    const ready = await fetch(`${url}/readyz`).catch(() => undefined);
    if (ready?.ok === true) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("it was not ready in time");
}
