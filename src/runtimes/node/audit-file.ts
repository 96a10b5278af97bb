import { closeSync, fdatasync, openSync, write } from "node:fs";
import type { AuditSink } from "../../issuer/audit.ts";

/** Pause before a full pipe is tried again, in milliseconds. */
const RETRY_MS = 5;
/** How long a line that nobody waits for may wait for others, in milliseconds. */
const LINGER_MS = 20;

export interface AuditFileOptions {
  /** A file descriptor (1 is stdout) or the path of a file to append to. */
  readonly target: number | string;
  /** Also wait for `fdatasync`: the line survives the machine, not only this process. */
  readonly sync?: boolean;
  /** Bytes that may wait before further events are refused: a blocked reader must not fill the memory. Default 8 MiB. */
  readonly maxPendingBytes?: number;
}

export type AuditFile = Required<AuditSink> & { close(): Promise<void> };

/** Lines that leave in one write, and the promise that whoever needs them waits for. */
class Batch {
  readonly lines: string[] = [];
  readonly written: Promise<void>;
  resolve!: () => void;
  reject!: (error: unknown) => void;

  constructor() {
    this.written = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }
}

/**
 * Audit sink over a file descriptor with group commit: all lines that arrive while one write is under way leave
 * together in the next, and each promise resolves when the system has taken its bytes. Lines keep their order.
 */
export function auditFile(options: AuditFileOptions): AuditFile {
  const fd =
    typeof options.target === "number" ? options.target : openSync(options.target, "a", 0o600);
  const limit = options.maxPendingBytes ?? 8 * 1024 * 1024;
  let batch: Batch | undefined;
  let pendingLength = 0;
  let writing = false;
  let timer: NodeJS.Timeout | undefined;
  let immediate: NodeJS.Immediate | undefined;

  function add(line: string): Promise<void> {
    if (pendingLength + line.length > limit) throw new Error("audit log does not keep up");
    pendingLength += line.length + 1;
    batch ??= new Batch();
    batch.lines.push(line, "\n");
    return batch.written;
  }

  /** Writes batch after batch until none waits. */
  async function drain(): Promise<void> {
    if (writing) return;
    writing = true;
    for (let current = batch; current !== undefined; current = batch) {
      clearTimeout(timer);
      clearImmediate(immediate);
      timer = immediate = undefined;
      batch = undefined;
      pendingLength = 0;
      await commit(current); // oxlint-disable-line no-await-in-loop -- lines leave in order
    }
    writing = false;
  }

  async function commit(current: Batch): Promise<void> {
    try {
      await writeAll(fd, Buffer.from(current.lines.join(""), "latin1")); // audit lines are ASCII
      if (options.sync === true) await syncData(fd);
      current.resolve();
    } catch (error) {
      current.reject(error);
    }
  }

  return {
    write(line) {
      const written = add(line);
      // At the end of this turn of the event loop, so that requests that came together are recorded together.
      if (!writing) immediate ??= setImmediate(() => void drain());
      return written;
    },
    note(line) {
      const written = add(line);
      if (!writing) timer ??= setTimeout(() => void drain(), LINGER_MS);
      return written;
    },
    async close() {
      while (batch !== undefined || writing) {
        void drain();
        // Whoever wrote a line was told what became of it; here it only has to be over.
        await (batch?.written ?? turn()).catch(() => {}); // oxlint-disable-line no-await-in-loop -- in order
      }
      if (typeof options.target === "string") closeSync(fd);
    },
  };
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function syncData(fd: number): Promise<void> {
  return new Promise((resolve, reject) =>
    fdatasync(fd, (error) => (error === null ? resolve() : reject(error))),
  );
}

async function writeAll(fd: number, bytes: Buffer): Promise<void> {
  let at = 0;
  while (at < bytes.length) {
    at += await writeSome(fd, bytes, at); // oxlint-disable-line no-await-in-loop -- bytes leave in order
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
