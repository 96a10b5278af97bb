import { existsSync } from "node:fs";
import { isJsonObject } from "../encoding/json.ts";
import { configPath, readDocument } from "./config.ts";
import { CommandError, UsageError } from "./errors.ts";
import { printable } from "./output.ts";

/** What S begins with, for one kind of evidence; `evidence` is "" for all that name no audience of their own. */
export interface AudienceBase {
  readonly evidence: string;
  readonly base: string;
}

/**
 * The issuer URL first, then each audience that the configuration gives to single kinds of evidence. Empty where
 * neither option is given and there is no configuration in this folder. @throws UsageError, CommandError
 */
export async function audienceBases(
  issuer: string | undefined,
  config: string | undefined,
): Promise<readonly AudienceBase[]> {
  if (issuer !== undefined) {
    if (config !== undefined) throw new UsageError("give --issuer or --config, not both");
    // oxlint-disable-next-line no-control-regex -- control characters are what it looks for
    if (/[\u0000-\u0020\u007f]/.test(issuer) || issuer.endsWith("/")) {
      throw new UsageError("--issuer is a base: no spaces, and no slash at its end");
    }
    return [{ evidence: "", base: issuer }];
  }
  const path = configPath(config);
  if (config === undefined && !existsSync(path)) return [];
  const document = await readDocument(path);
  return [
    { evidence: "", base: issuerOf(document["issuer"], path) },
    ...ownAudiences(document["evidence"]),
  ];
}

/** @throws CommandError (2) */
export async function issuerUrl(config: string | undefined): Promise<string> {
  const path = configPath(config);
  return issuerOf((await readDocument(path))["issuer"], path);
}

export function issuerOf(issuer: unknown, path: string): string {
  if (typeof issuer === "string" && issuer !== "") return issuer;
  throw new CommandError(`${printable(path)} names no issuer`, 2);
}

/** Sections and entries with one audience; where there are several, nobody can tell which is meant. */
function ownAudiences(evidence: unknown): AudienceBase[] {
  return entries(evidence).flatMap(([type, section]) =>
    [
      [type, section] as const,
      ...entries(section).map(([name, entry]) => [`${type}.${name}`, entry] as const),
    ].flatMap(([name, one]) =>
      typeof one["audience"] === "string" && type !== "azure_msi"
        ? [{ evidence: name, base: one["audience"] }]
        : [],
    ),
  );
}

function entries(value: unknown): [string, Record<string, unknown>][] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [];
  return Object.entries(value).filter((entry): entry is [string, Record<string, unknown>] =>
    isJsonObject(entry[1]),
  );
}
