// On a disk that is full, or where its reader is gone, a line is lost. Without this the process would end with it.
process.stderr.on("error", () => {});

/** One line for whoever runs the process. */
export function toStandardError(line: string): void {
  process.stderr.write(`${line}\n`);
}
