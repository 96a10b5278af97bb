/** 0: done, or yes. 1: no, or it could not be done. 2: wrong usage or configuration. */
export type ExitCode = 0 | 1 | 2;

/** The command line itself is wrong: exit code 2, with a pointer to the help. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** What was asked for could not be done, and the message says what to do about it. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  readonly exitCode: ExitCode;
  constructor(message: string, exitCode: ExitCode = 1, options?: { cause?: unknown }) {
    super(message, options);
    this.exitCode = exitCode;
  }
}
