import type * as z from "zod/mini";
import type { ConfigIssue } from "../config-issue.ts";

type Path = readonly (string | number)[];
type ZodIssue = z.core.$ZodIssue;

/**
 * What zod found, in our words and all at once. The message never repeats a value: it may be a secret.
 * @param input what was parsed, to say what was found in place of what was expected
 */
export function schemaIssues(
  error: z.core.$ZodError,
  input: unknown,
  base: Path = [],
): ConfigIssue[] {
  // A text has a length too, which says nothing where a list is expected.
  const mistyped = new Set(
    error.issues.filter(({ code }) => code === "invalid_type").map(({ path }) => path.join(".")),
  );
  return error.issues
    .filter(({ code, path }) => !OF_SIZE.has(code) || !mistyped.has(path.join(".")))
    .flatMap((issue) => translate(issue, input, base));
}

const OF_SIZE = new Set<string | undefined>(["too_small", "too_big"]);

function translate(issue: ZodIssue, input: unknown, base: Path): ConfigIssue[] {
  const own = issue.path.map((key) => (typeof key === "symbol" ? String(key) : key));
  const path = [...base, ...own];
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => configError([...path, key], "unknown key"));
  }
  const found = valueAt(input, own);
  if (issue.code === "invalid_union") {
    // A union of a value and a list or map of values: where that was given, what is wrong in it says more.
    const inner = isMap(found) ? onlyOne(issue.errors.filter(looksInside)) : undefined;
    if (inner !== undefined) return inner.flatMap((one) => translate(one, found, path));
    const told = issue.message === DEFAULT_MESSAGE ? undefined : issue.message;
    const unfit = told ?? `found ${describe(found)}, which is not allowed here`;
    return [configError(path, found === undefined ? "required" : unfit)];
  }
  return [configError(path, messageOf(issue, found))];
}

/** Whether a member of a union is of the kind that was given, and found fault with what is in it. */
function looksInside(issues: readonly ZodIssue[]): boolean {
  return issues.some(({ code, path }) => code === "unrecognized_keys" || path.length > 0);
}

/** Of several none was meant more than another. */
function onlyOne<T>([one, ...others]: readonly T[]): T | undefined {
  return others.length === 0 ? one : undefined;
}

function messageOf(issue: ZodIssue, found: unknown): string {
  if (issue.code === "invalid_key")
    return issue.issues[0]?.message ?? "not a name that is allowed here";
  // What a whole section lacks, and why, the check that misses it says best.
  if (found === undefined) return issue.code === "custom" ? issue.message : "required";
  if (issue.message !== DEFAULT_MESSAGE) return issue.message;
  if (issue.code === "invalid_type") {
    if (issue.expected === "string" && (typeof found === "number" || typeof found === "boolean")) {
      return quoteIt(found);
    }
    return `expected ${EXPECTED[issue.expected] ?? issue.expected}, found ${describe(found)}`;
  }
  if (issue.code === "invalid_value") {
    return `expected ${issue.values.map((value) => JSON.stringify(value)).join(" or ")}`;
  }
  if (issue.code === "too_small") {
    if (typeof found !== "number" && Number(issue.minimum) <= 1) return "must not be empty";
    return `expected at least ${issue.minimum}${units(found)}`;
  }
  if (issue.code === "too_big") return `expected at most ${issue.maximum}${units(found)}`;
  if (issue.code === "invalid_format" && issue.pattern !== undefined) {
    return `does not have the expected form ${issue.pattern}`;
  }
  return "not allowed here";
}

/** What zod/mini says where a schema gives no message of its own. */
const DEFAULT_MESSAGE = "Invalid input";

const EXPECTED: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  tuple: "a pair",
  object: "a map",
  record: "a map",
};

/** An account id without quotes is a number to YAML, and a leading zero of it is lost: only quotes keep it. */
export function quoteIt(found: unknown): string {
  return `expected text, found ${describe(found)}: quote it`;
}

function describe(value: unknown): string {
  if (value === null) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a map";
  return value === "" ? "an empty text" : typeof value === "string" ? "text" : `a ${typeof value}`;
}

function units(found: unknown): string {
  if (typeof found === "number") return "";
  return Array.isArray(found) ? " entries" : " characters";
}

function valueAt(input: unknown, path: Path): unknown {
  let value = input;
  for (const key of path) {
    if (!isMap(value) || !Object.hasOwn(value, key)) return undefined;
    value = value[key];
  }
  return value;
}

export function configError(path: Path, message: string): ConfigIssue {
  return { path, message, severity: "error" };
}

export function configWarning(path: Path, message: string): ConfigIssue {
  return { path, message, severity: "warning" };
}

/** A map or a list, as a document has them. */
export function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

/**
 * Keys that no schema may see: a schema library drops `__proto__` without a word, and a matcher that is dropped
 * widens a rule.
 */
export function forbiddenKeys(input: unknown, base: Path = []): ConfigIssue[] {
  if (!isMap(input)) return [];
  return Object.keys(input).flatMap((key) => {
    const path = [...base, Array.isArray(input) ? Number(key) : key];
    const deeper = forbiddenKeys(input[key], path);
    return key === "__proto__"
      ? [configError(path, "a key of this name is not allowed"), ...deeper]
      : deeper;
  });
}
