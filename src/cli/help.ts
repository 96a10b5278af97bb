import type { ArgsDef } from "citty";
import type { Command } from "./command.ts";

const WIDTH = 100;

/** The help of one command: what it does, its arguments, examples that work, exit codes. */
export function commandHelp(name: string, command: Command): string {
  const positionals = Object.entries(command.args).filter(([, def]) => def.type === "positional");
  const options = Object.entries(command.args).filter(([, def]) => def.type !== "positional");
  const usage = [
    `svidmint ${name}`,
    ...positionals.map(([arg, def]) =>
      def.required === false ? `[${arg.toUpperCase()}]` : arg.toUpperCase(),
    ),
    ...(options.length > 0 ? ["[options]"] : []),
  ].join(" ");
  return [
    wrap(command.about),
    `\nUsage: ${usage}`,
    ...(positionals.length > 0
      ? ["\nArguments:", columns(describe(positionals, (arg) => arg.toUpperCase()))]
      : []),
    "\nOptions:",
    columns([...describe(options, (arg) => `--${arg}`), ["--help", "print this"]]),
    "\nExamples:",
    ...command.examples.map((example) => `  # ${example.does}\n  ${example.command}`),
    `\nExit code: ${command.exits ?? "0 done, 1 failed, 2 wrong usage or configuration"}`,
  ].join("\n");
}

function describe(
  args: readonly [string, ArgsDef[string]][],
  label: (arg: string) => string,
): [string, string][] {
  return args.map(([arg, def]) => {
    const hint = def.type === "string" || def.type === "enum" ? ` ${def.valueHint ?? "VALUE"}` : "";
    const choices = def.type === "enum" ? ` (${def.options?.join(", ")})` : "";
    const fallback =
      def.default === undefined || def.default === false ? "" : ` [default: ${def.default}]`;
    return [label(arg) + hint, `${def.description ?? ""}${choices}${fallback}`];
  });
}

/** Two columns, the second wrapped beside the first. */
export function columns(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows
    .map(
      ([left, right]) =>
        `  ${left.padEnd(width)}  ${wrap(right, WIDTH - width - 4).replaceAll("\n", `\n${" ".repeat(width + 4)}`)}`,
    )
    .join("\n");
}

function wrap(text: string, width = WIDTH): string {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return [...lines, line].join("\n");
}
