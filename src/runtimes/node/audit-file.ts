import { closeSync, fdatasync, openSync, write } from "node:fs";
import type { AuditSink } from "../../issuer/audit.ts";
import { immediateWriter } from "./immediate-write.ts";

/** Pause before a full pipe is tried again, in milliseconds. */
const RETRY_MS = 5;
/** How long a line that nobody waits for may wait for others, in milliseconds. */
const LINGER_MS = 20;
const LINE_FEED = 0x0a;
const BEHIND = "audit log does not keep up";

export interface AuditFileOptions {
  /** A file descriptor (1 is stdout) or the path of a file to append to. */
  readonly target: number | string;
  /** Also wait for `fdatasync`: the line survives the machine, not only this process. */
  readonly sync?: boolean;
  /** Bytes that may wait before further events are refused: a blocked reader must not fill the memory. Default 8 MiB. */
  readonly maxPendingBytes?: number;
  /** How long a write may take before those who wait for it are told that it failed, in milliseconds. Default 2 s. */
  readonly maxWaitMs?: number;
  /** Told why lines cannot be written, once, and of nothing once they can again. */
  readonly report?: (trouble: string | undefined) => void;
}

export type AuditFile = Required<AuditSink> & {
  /** Writes what waits. @throws where that is not to be done in the time that a write may take */
  close(): Promise<void>;
};

/** Lines that leave in one write, and who waits for it. */
interface Batch {
  readonly lines: string[];
  readonly written: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

function newBatch(): Batch {
  let resolve!: () => void;
  let reject!: (error: unknown) => void;
  const written = new Promise<void>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { lines: [], written, resolve, reject };
}

/**
 * Audit sink over a file descriptor with group commit: all lines that arrive while one write is under way leave
 * together in the next, and each promise resolves when the system has taken its bytes. Lines keep their order.
 * While whoever reads a pipe does not, nothing is accepted: no request waits for him longer than a moment.
 */
export function auditFile(options: AuditFileOptions): AuditFile {
  const { target, maxPendingBytes = 8 * 1024 * 1024, maxWaitMs = 2_000 } = options;
  const fd = typeof target === "number" ? target : openSync(target, "a", 0o600);
  // Node makes a standard stream that it opens non-blocking. A thread stuck in a write would keep the process from ending.
  if (fd === 1) process.stdout.on("error", () => {});
  const writeNow = options.sync === true ? undefined : immediateWriter(fd);
  let batch: Batch | undefined;
  let pendingLength = 0;
  let draining: Promise<void> | undefined;
  let stalled = false;
  /** Whether a failed write left a part of a line behind. */
  let torn = false;
  const abandoned = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let queued = false;
  let closed = false;
  let trouble: string | undefined;

  function tell(now: string | undefined): void {
    const changed = (now === undefined) !== (trouble === undefined);
    trouble = now;
    if (changed && !abandoned.signal.aborted) options.report?.(now);
  }

  function add(line: string): Promise<void> {
    // Of a request that nobody waited for: the descriptor may be another file's by now.
    if (closed) throw new Error("audit log is closed");
    if (stalled || pendingLength + line.length > maxPendingBytes) throw new Error(BEHIND);
    pendingLength += line.length + 1;
    batch ??= newBatch();
    batch.lines.push(line, "\n");
    return batch.written;
  }

  /** Writes batch after batch until none waits. */
  function drain(): Promise<void> {
    draining ??= (async () => {
      for (let current = batch; current !== undefined; current = batch) {
        clearTimeout(timer);
        timer = undefined;
        batch = undefined;
        pendingLength = 0;
        await commit(current); // oxlint-disable-line no-await-in-loop -- lines leave in order
      }
      draining = undefined;
    })();
    return draining;
  }

  async function commit({ lines, resolve, reject }: Batch): Promise<void> {
    // The write itself goes on: its lines may still come to stand in the log, as intents that came to nothing.
    const patience = setTimeout(() => {
      stalled = true;
      tell(BEHIND);
      reject(new Error(BEHIND));
      batch?.reject(new Error(BEHIND));
    }, maxWaitMs);
    const bytes = Buffer.from((torn ? "\n" : "") + lines.join(""), "latin1"); // audit lines are ASCII
    const written = { length: 0 };
    try {
      writeNow?.(bytes, written);
      await writeAll(fd, bytes, written, abandoned.signal);
      torn = false;
      if (options.sync === true) await syncData(fd);
      tell(undefined);
      resolve();
    } catch (error) {
      tell(error instanceof Error && "code" in error ? String(error.code) : "unexpected failure");
      if (written.length > 0) torn = bytes[written.length - 1] !== LINE_FEED;
      reject(error);
    }
    clearTimeout(patience);
    stalled = false;
  }

  return {
    write(line) {
      const written = add(line);
      // Once everything that is under way has come so far: requests that go together are recorded together.
      if (draining === undefined && !queued) {
        queued = true;
        process.nextTick(() => {
          queued = false;
          void drain();
        });
      }
      return written;
    },
    note(line) {
      const written = add(line);
      if (draining === undefined) timer ??= setTimeout(() => void drain(), LINGER_MS);
      return written;
    },
    async close() {
      closed = true;
      try {
        await within(maxWaitMs, drain());
      } catch (error) {
        abandoned.abort(error); // the descriptor may be another file's tomorrow
        throw error;
      }
      if (typeof target === "string") closeSync(fd);
    },
  };
}

async function within(ms: number, done: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(BEHIND)), ms);
  });
  await Promise.race([done, late]);
  clearTimeout(timer);
}

function syncData(fd: number): Promise<void> {
  return new Promise((resolve, reject) =>
    fdatasync(fd, (error) => (error === null ? resolve() : reject(error))),
  );
}

/** @param written grows as bytes leave, also where it then throws */
async function writeAll(
  fd: number,
  bytes: Buffer,
  written: { length: number },
  abandoned: AbortSignal,
): Promise<void> {
  while (written.length < bytes.length) {
    abandoned.throwIfAborted();
    written.length += await writeSome(fd, bytes, written.length); // oxlint-disable-line no-await-in-loop -- bytes leave in order
  }
}

function writeSome(fd: number, bytes: Buffer, at: number): Promise<number> {
  return new Promise((resolve, reject) => {
    write(fd, bytes, at, bytes.length - at, null, (error, written) => {
      if (error === null) resolve(written);
      else if (error.code === "EAGAIN") setTimeout(() => resolve(0), RETRY_MS);
      else reject(error);
    });
  });
}
