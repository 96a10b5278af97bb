import { readFileSync } from "node:fs";
import { COMMANDS, type CommandEntry } from "./commands.ts";
import { CommandError, UsageError, type ExitCode } from "./errors.ts";
import { columns, commandHelp } from "./help.ts";
import { print, printable, printError, printJson } from "./output.ts";

/** Runs one command line to its end. Never throws: whatever went wrong is told, and is in the exit code. */
export async function dispatch(argv: readonly string[]): Promise<ExitCode> {
  return perform(argv).catch(report);
}

async function perform(argv: readonly string[]): Promise<ExitCode> {
  const [first, second] = argv;
  if (first === "--version") return tellVersion(argv.slice(1));
  if (first === undefined || first === "help" || first.startsWith("-")) {
    const asked = first === "--help" || first === "-h" || first === "help";
    if (asked && (argv.length === 1 || first !== "help")) {
      print(overview());
      return 0;
    }
    if (first === "help") return perform([...argv.slice(1), "--help"]);
    throw new UsageError(
      first === undefined
        ? "name a command\nsee svidmint --help"
        : `unknown option "${printable(first)}"\nsee svidmint --help`,
    );
  }
  const name =
    second !== undefined && Object.hasOwn(COMMANDS, `${first} ${second}`)
      ? `${first} ${second}`
      : first;
  const entry = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (entry === undefined) return group(first, second);
  return run(name, entry, argv.slice(name.split(" ").length));
}

/** `svidmint policy`: the commands of a family. */
function group(family: string, second: string | undefined): ExitCode {
  const members = Object.keys(COMMANDS).filter((name) => name.startsWith(`${family} `));
  if (members.length === 0)
    throw new UsageError(`unknown command "${printable(family)}"\nsee svidmint --help`);
  if (second === "--help" || second === "-h") {
    print(`Commands:\n${table(members)}\n\nsvidmint <command> --help tells more.`);
    return 0;
  }
  throw new UsageError(`say which: ${members.join(", ")}`);
}

async function run(name: string, entry: CommandEntry, rest: readonly string[]): Promise<ExitCode> {
  const command = (await entry.load()).default;
  if (rest.includes("--help") || rest.includes("-h")) {
    print(commandHelp(name, command));
    return 0;
  }
  try {
    return await command.invoke(rest);
  } catch (error) {
    if (error instanceof UsageError)
      throw new UsageError(`${error.message}\nsee svidmint ${name} --help`);
    throw error;
  }
}

function overview(): string {
  return [
    "svidmint: a stateless SPIFFE identity issuer",
    "\nUsage: svidmint <command> [options]",
    "\nCommands:",
    columns(overviewRows()),
    "\nOptions:",
    columns([
      ["--help", "print this, or the help of a command with examples"],
      ["--version", "print the version; --json: as JSON"],
    ]),
    "\nExamples:",
    "  # an issuer on this machine, without a cloud",
    "  svidmint init && svidmint serve",
    "  # a key for a workload, and what to ask evidence for",
    "  svidmint key new",
  ].join("\n");
}

/** Commands of a family in one row, where the first of them stands. */
function overviewRows(): [string, string][] {
  const rows = Object.entries(COMMANDS).map(([name, { family, summary }]): [string, string] =>
    family === undefined
      ? [name, summary]
      : [family, `fetch evidence of one type; svidmint ${family.split(" ")[0]} --help lists them`],
  );
  return [...new Map(rows)];
}

function table(names: readonly string[]): string {
  return columns(names.map((name) => [name, COMMANDS[name]?.summary ?? ""] as const));
}

function tellVersion(options: readonly string[]): ExitCode {
  const other = options.find((option) => option !== "--json");
  if (other !== undefined)
    throw new UsageError(
      `unknown option "${printable(other)}" beside --version\nsee svidmint --help`,
    );
  if (options.length === 0) print(version());
  else printJson({ version: version() });
  return 0;
}

function version(): string {
  const manifest: unknown = JSON.parse(
    readFileSync(new URL("../../package.json", import.meta.url), "utf8"),
  );
  const found =
    typeof manifest === "object" && manifest !== null && "version" in manifest
      ? manifest.version
      : undefined;
  return typeof found === "string" ? found : "unknown";
}

/** Whatever was thrown, as text for a person and an exit code. Never a stack, never a cause: those could quote input. */
function report(error: unknown): ExitCode {
  if (error instanceof UsageError) {
    printError(`svidmint: ${error.message}`);
    return 2;
  }
  if (error instanceof CommandError) {
    printError(`svidmint: ${error.message}`);
    return error.exitCode;
  }
  const name = error instanceof Error ? error.name : typeof error;
  printError(
    `svidmint: unexpected fault (${printable(name)}); run again with SVIDMINT_DEBUG=1 and report it`,
  );
  if (process.env["SVIDMINT_DEBUG"] === "1") console.error(error);
  return 1;
}
