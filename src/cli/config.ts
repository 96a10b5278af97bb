import { dirname, resolve } from "node:path";
import type * as z from "zod/mini";
import type { FactorInfo } from "../attestation.ts";
import type { Attestor } from "../attestors/attestor.ts";
import type { ConfigIssue, ReadResource } from "../config-issue.ts";
import { isJsonObject, type JsonObject } from "../encoding/json.ts";
import { loadConfig, type Config, type ConfigDeps } from "../issuer/config.ts";
import { describeIssues } from "../issuer/request.ts";
import { forbiddenKeys } from "../policy/schema-issues.ts";
import type { CompiledPolicy } from "../policy/policy.ts";
import { attestors as registry } from "../runtimes/node/attestors.ts";
import { readNodeReference } from "../runtimes/node/references.ts";
import { readYaml, type Position, type ReadDocument } from "./config-document.ts";
import { CommandError } from "./errors.ts";
import { readInput } from "./files.ts";
import { platform } from "./key-file.ts";
import { printable, printableWords, printError } from "./output.ts";

const DEFAULT_PATH = "svidmint.yaml";

export function configPath(given: string | undefined): string {
  return given ?? DEFAULT_PATH;
}

/** An issue with its place, as `policy check` prints it. */
export interface LocatedIssue extends Position {
  readonly file: string;
  readonly severity: ConfigIssue["severity"];
  /** `rules.3.spiffe_id`; empty for the whole document. */
  readonly path: string;
  readonly message: string;
}

export interface CheckedConfig {
  readonly config?: Config;
  readonly document?: JsonObject;
  readonly issues: readonly LocatedIssue[];
}

/** What judging evidence and asking the rules needs: no key of the issuer, no claim store. */
export interface Judging {
  readonly trustDomain: string;
  readonly attestors: ReadonlyMap<string, Attestor>;
  readonly factors: readonly FactorInfo[];
  readonly policy: CompiledPolicy;
  readonly document: JsonObject;
}

/** Everything that is wrong with a configuration file, at once. @throws CommandError (2) where it cannot be read */
export async function checkConfig(
  path: string,
  options: Pick<ConfigDeps, "assumeClaimStore" | "openPeers" | "keep" | "keys"> = {},
): Promise<CheckedConfig> {
  const read = readYaml(await readInput(path));
  const located = (issue: ConfigIssue) => locateIssue(path, issue, read);
  if (read.issues.length > 0)
    return {
      issues: read.issues.map(({ line, column, ...issue }) => ({
        ...located(issue),
        line,
        column,
      })),
    };
  const { config, issues } = await loadConfig(read.value, {
    platform,
    registry,
    read: resourceReader(path),
    ...options,
  });
  return {
    ...(config && { config }),
    ...(isJsonObject(read.value) && { document: read.value }),
    issues: inOrder(issues.map(located)),
  };
}

/** As they stand in the file. */
export function inOrder(issues: readonly LocatedIssue[]): readonly LocatedIssue[] {
  return issues.toSorted((one, other) => one.line - other.line || one.column - other.column);
}

/** As `checkConfig`; warnings about evidence go to standard error. @throws CommandError (2) with everything that is wrong */
export async function loadForJudging(path: string): Promise<Judging> {
  const { config, document, issues } = await checkConfig(path, { assumeClaimStore: true });
  if (config === undefined || document === undefined) throw configurationError(issues);
  const { trustDomain, attestors, factors, policy } = config;
  // What is doubtful in a setting of the evidence bears on the verdict; the rest is for `policy check`.
  const unused = new Set(factors.map(({ name }) => `evidence.${name}`));
  for (const issue of issues) {
    if (issue.path.startsWith("evidence.") && !unused.has(issue.path)) printError(issueLine(issue));
  }
  return { trustDomain, attestors, factors, policy, document };
}

export function configurationError(issues: readonly LocatedIssue[]): CommandError {
  const lines = issues.map(issueLine);
  return new CommandError(["the configuration cannot be used", ...lines].join("\n"), 2);
}

/** `file:line:column: severity: path: message`, as compilers print it. */
export function issueLine({ file, line, column, severity, path, message }: LocatedIssue): string {
  const at = path === "" ? "" : `${path}: `;
  return `${printable(`${file}:${line}:${column}: ${severity}: ${at}`)}${printableWords(message)}`;
}

function locateIssue(
  file: string,
  { path, severity, message }: ConfigIssue,
  read: ReadDocument,
): LocatedIssue {
  return { file, ...read.locate(path), severity, path: path.join("."), message };
}

/** Issues of a document that was checked, with their places in the file. */
export async function locateAll(
  path: string,
  issues: readonly ConfigIssue[],
): Promise<readonly LocatedIssue[]> {
  const read = readYaml(await readInput(path));
  return issues.map((issue) => locateIssue(path, issue, read));
}

/** The document alone, for what needs no more of it. @throws CommandError (2) */
export async function readDocument(path: string): Promise<JsonObject> {
  const read = readYaml(await readInput(path));
  if (read.issues.length > 0)
    throw configurationError(
      read.issues.map(({ line, column, ...issue }) => ({
        ...locateIssue(path, issue, read),
        line,
        column,
      })),
    );
  if (!isJsonObject(read.value))
    throw new CommandError(`${printable(path)} is not a configuration`, 2);
  return read.value;
}

/** `file:` is relative to the configuration. */
export function resourceReader(config: string): ReadResource {
  return (reference) => readNodeReference(reference, dirname(resolve(config)));
}

/** YAML or JSON of a given shape. @throws CommandError (2) */
export async function readData<T>(path: string, schema: z.ZodMiniType<T>): Promise<T> {
  const read = readYaml(await readInput(path));
  const [issue] = read.issues;
  if (issue !== undefined)
    throw new CommandError(
      `${printable(path)}:${issue.line}:${issue.column}: ${printable(issue.message)}`,
      2,
    );
  const [forbidden] = forbiddenKeys(read.value);
  if (forbidden !== undefined)
    throw new CommandError(
      `${printable(path)}: ${printable(forbidden.path.join("."))}: ${forbidden.message}`,
      2,
    );
  const parsed = schema.safeParse(read.value);
  if (parsed.success) return parsed.data;
  const [first] = parsed.error.issues;
  const { line, column } = read.locate(
    (first?.path ?? []).map((step) => (typeof step === "symbol" ? String(step) : step)),
  );
  throw new CommandError(
    `${printable(path)}:${line}:${column}: ${printable(parsed.error.issues.map(inWords).join("; "))}`,
    2,
  );
}

/** What a schema says in its own words is told in them; the rest as in answers of the API. */
function inWords(issue: z.core.$ZodIssue): string {
  return issue.code === "custom"
    ? `${issue.path.map(String).join(".")}: ${issue.message}`
    : describeIssues([issue]);
}
