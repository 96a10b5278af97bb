import { parseArgs, type ArgsDef, type ParsedArgs } from "citty";
import { UsageError } from "./errors.ts";
import { printable } from "./output.ts";

/**
 * Reads a command's arguments. Stricter than the library, which takes unknown options for harmless: a misspelt
 * `--config` must never fall back to a default in a tool that decides who is believed.
 * @throws UsageError for an unknown or repeated option, a missing value, a value for a switch, or too many arguments
 */
export function readArguments<A extends ArgsDef>(raw: readonly string[], defs: A): ParsedArgs<A> {
  const { options, positionals } = sortWords(raw, defs);
  const wanted = Object.values(defs).filter((def) => def.type === "positional").length;
  if (positionals.length > wanted) {
    throw new UsageError(`unexpected argument ${quoted(positionals[wanted] ?? "")}`);
  }
  try {
    return parseArgs<A>([...options, "--", ...positionals], defs);
  } catch (error) {
    throw new UsageError(
      error instanceof Error ? firstLower(stripColour(error.message)) : "wrong arguments",
    );
  }
}

/** No value on a command line of a single line holds one. */
const SEPARATOR = "\n";

/** What an option with `repeatable: true` was given, once or more often. */
export function repeated(value: string): readonly string[] {
  return value.split(SEPARATOR);
}

interface SortedWords {
  /** `--name` or `--name=value`, each known and said once, values of a repeatable one in a row. */
  readonly options: readonly string[];
  readonly positionals: readonly string[];
}

function sortWords(raw: readonly string[], defs: ArgsDef): SortedWords {
  const options = new Map<string, string>();
  const positionals: string[] = [];
  for (let at = 0; at < raw.length; at++) {
    const word = raw[at] ?? "";
    if (word === "--") {
      positionals.push(...raw.slice(at + 1));
      break;
    }
    if (!isOption(word)) {
      positionals.push(word);
      continue;
    }
    const equals = word.indexOf("=");
    const flag = equals < 0 ? word : word.slice(0, equals);
    const name = flag.startsWith("--") ? flag.slice(2) : undefined;
    const def = name === undefined || !Object.hasOwn(defs, name) ? undefined : defs[name];
    if (name === undefined || def === undefined || def.type === "positional") {
      throw new UsageError(`unknown option ${quoted(flag)}${suggestion(flag, defs)}`);
    }
    const before = options.get(name);
    if (before !== undefined && !("repeatable" in def))
      throw new UsageError(`option --${name} is given twice`);
    if (def.type === "boolean") {
      if (equals >= 0) throw new UsageError(`option --${name} takes no value`);
      options.set(name, `--${name}`);
      continue;
    }
    const value = equals < 0 ? raw[++at] : word.slice(equals + 1);
    if (value === undefined || value === "" || (equals < 0 && isOption(value))) {
      throw new UsageError(`option --${name} needs a value`);
    }
    options.set(name, before === undefined ? `--${name}=${value}` : before + SEPARATOR + value);
  }
  return { options: [...options.values()], positionals };
}

/** `-` is standard input, and one thumbprint in 64 begins with a hyphen. */
function isOption(word: string): boolean {
  return word.startsWith("-") && word !== "-" && !/^-[\w-]{42}$/.test(word);
}

function suggestion(flag: string, defs: ArgsDef): string {
  const wanted = flag.replace(/^-+/, "").toLowerCase();
  const near = Object.entries(defs)
    .filter(([, def]) => def.type !== "positional")
    .map(([name]) => name)
    .find(
      (name) => name.startsWith(wanted) || wanted.startsWith(name) || distance(name, wanted) <= 2,
    );
  return near === undefined ? "" : `; did you mean --${near}?`;
}

/** Levenshtein distance, for words as short as options are. */
function distance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 2) return 3;
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 3;
}

function quoted(word: string): string {
  return `"${printable(word.slice(0, 64))}"`;
}

function stripColour(text: string): string {
  // oxlint-disable-next-line no-control-regex -- what the library wraps names in
  return text.replaceAll(/\u001b\[\d+m/g, "");
}

function firstLower(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
