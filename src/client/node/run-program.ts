import { execFile } from "node:child_process";
import { SourceError } from "./source-error.ts";

const TIMEOUT_MS = 30_000;
const MAX_BYTES = 262_144;

/**
 * What a program prints, which knows how to get evidence that Node cannot reach. No shell; its standard error is the
 * user's to see. @throws SourceError with `fix` where it is not there or fails
 */
export function outputOf(program: string, args: readonly string[], fix: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      program,
      [...args],
      { encoding: "buffer", timeout: TIMEOUT_MS, maxBuffer: MAX_BYTES },
      (error, stdout) => {
        if (error === null) resolve(stdout);
        else reject(new SourceError(`${program} ${whyFailed(error)}: ${fix}`));
      },
    );
    child.stderr?.pipe(process.stderr, { end: false });
  });
}

function whyFailed(error: { readonly code?: unknown; readonly killed?: boolean }): string {
  if (error.code === "ENOENT") return "is not there";
  if (error.code === "ERR_CHILD_PROCESS_STDIO_MAXBUFFER") return "printed too much";
  if (error.killed === true) return `did not end within ${TIMEOUT_MS / 1000} s`;
  return typeof error.code === "number" ? `ended with ${error.code}` : "could not be run";
}
