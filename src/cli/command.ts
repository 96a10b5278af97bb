import type { ArgsDef, ParsedArgs } from "citty";
import { readArguments } from "./arguments.ts";
import type { ExitCode } from "./errors.ts";

interface Example {
  readonly command: string;
  readonly does: string;
}

interface CommandHelp {
  /** What it does, in a sentence or a few; the one-line summary stands in the table of `main.ts`. */
  readonly about: string;
  /** At least one, and each works as printed. */
  readonly examples: readonly Example[];
  /** Which exit code means what, where it is more than "0 done, 1 failed". */
  readonly exits?: string;
}

/** One command as the dispatcher sees it. Its file is imported only when it is called. */
export interface Command extends CommandHelp {
  readonly args: ArgsDef;
  /** @param raw what stands behind the command's name. @throws UsageError, CommandError */
  invoke(raw: readonly string[]): Promise<ExitCode>;
}

export interface CommandSpec<A extends ArgsDef> extends CommandHelp {
  readonly args: A;
  run(args: ParsedArgs<A>): Promise<ExitCode>;
}

export function defineCommand<const A extends ArgsDef>(spec: CommandSpec<A>): Command {
  return { ...spec, invoke: async (raw) => spec.run(readArguments(raw, spec.args)) };
}
