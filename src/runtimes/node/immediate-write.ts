import { fstatSync, writeSync } from "node:fs";
import { isatty } from "node:tty";

/** A write that took longer than this was not the copy into the system's memory that it should have been. Milliseconds. */
const SLOW_MS = 20;
/** For how long a slow target is left to the thread pool. Milliseconds. */
const PATIENCE_MS = 10_000;

/** @param written grows as bytes leave, also where it then throws; less than all of them where the target is full or slow */
type WriteNow = (bytes: Uint8Array, written: { length: number }) => void;

/**
 * Writes in place what the system takes at once, sparing the way to a thread and back, which costs more than the write.
 * Only where that cannot hang: on a regular file, which takes bytes into memory, for as long as it is quick about it;
 * and on standard output, which Node makes non-blocking where it is a pipe, but not where it is a terminal.
 * @returns undefined for any other target
 */
export function immediateWriter(fd: number): WriteNow | undefined {
  if (fd === 1 ? isatty(fd) : !fstatSync(fd).isFile()) return undefined;
  let slowUntil = 0;
  return (bytes, written) => {
    const started = performance.now();
    if (started < slowUntil) return;
    try {
      while (written.length < bytes.length) written.length += writeSync(fd, bytes, written.length);
    } catch (error) {
      if (!isFull(error)) throw error;
    }
    if (performance.now() - started > SLOW_MS) slowUntil = started + PATIENCE_MS;
  };
}

function isFull(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EAGAIN";
}
