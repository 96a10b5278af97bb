import { closeSync, fdatasync, openSync, write } from "node:fs";
import type { AuditSink } from "../../issuer/audit.ts";

/** Pause before a full pipe is tried again, in milliseconds. */
const RETRY_MS = 5;

export interface AuditFileOptions {
  /** A file descriptor (1 is stdout) or the path of a file to append to. */
  readonly target: number | string;
  /** Also wait for `fdatasync`: the line survives the machine, not only this process. */
  readonly sync?: boolean;
  /** Bytes that may wait before further events are refused: a blocked reader must not fill the memory. Default 8 MiB. */
  readonly maxPendingBytes?: number;
}

/**
 * Audit sink over a file descriptor with group commit: all lines that arrive while one write is under way leave
 * together in the next, and each `write` resolves when the system has taken its bytes.
 */
export function auditFile(options: AuditFileOptions): AuditSink & { close(): Promise<void> } {
  const fd = typeof options.target === "number" ? options.target : openSync(options.target, "a", 0o600);
  const limit = options.maxPendingBytes ?? 8 * 1024 * 1024;
  let lines: string[] = [];
  let pendingLength = 0;
  let commit: Promise<void> | undefined;
  let next: Promise<void> | undefined;

  async function flush(): Promise<void> {
    const batch = lines.join("");
    lines = [];
    pendingLength = 0;
    await writeAll(fd, Buffer.from(batch, "latin1")); // audit lines are ASCII
    if (options.sync === true) await new Promise<void>((resolve, reject) => fdatasync(fd, (error) => (error ? reject(error) : resolve())));
  }

  /** The commit that will carry lines added from now on: it starts when the one under way is done. */
  function schedule(): Promise<void> {
    next ??= (async () => {
      await commit?.catch(() => {});
      commit = next;
      next = undefined;
      await flush();
    })();
    return next;
  }

  return {
    write(line) {
      if (pendingLength + line.length > limit) throw new Error("audit log does not keep up");
      lines.push(line, "\n");
      pendingLength += line.length + 1;
      return schedule();
    },
    async close() {
      if (lines.length > 0) await schedule();
      await commit;
      if (typeof options.target === "string") closeSync(fd);
    },
  };
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
