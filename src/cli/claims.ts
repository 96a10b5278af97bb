import { dirname, resolve } from "node:path";
import { openClaimStore } from "../issuer/open-store.ts";
import type { Config } from "../issuer/config.ts";
import { openFileClaims } from "../runtimes/node/file-store.ts";
import { nodeStores } from "../runtimes/node/stores.ts";
import type { ClaimRecord } from "../stores/claim-store.ts";
import type { ClaimAdmin } from "../stores/admin-protocol.ts";
import { httpClaims } from "../stores/admin-http.ts";
import { StoreError } from "../stores/store-error.ts";
import { ConfigError } from "../config-issue.ts";
import type { ClaimsSection } from "../stores/definition.ts";
import { checkConfig, configurationError, locateAll, resourceReader } from "./config.ts";
import { CommandError, UsageError } from "./errors.ts";
import { platform } from "./key-file.ts";
import { printable, printError } from "./output.ts";
import { formatTime } from "./time.ts";

/** Arguments that all commands of the family have. */
export const CLAIM_ARGS = {
  key: {
    type: "positional",
    required: true,
    description: "claim key: 64 hex digits, as svidmint attest and the alarm event print it",
  },
  config: {
    type: "string",
    valueHint: "FILE",
    default: "svidmint.yaml",
    description: "configuration",
  },
  json: { type: "boolean", description: "print JSON" },
} as const;

/** @throws UsageError */
export function claimKeyArgument(text: string): string {
  if (!/^[0-9a-f]{64}$/.test(text)) {
    throw new UsageError("a claim key is 64 lower-case hex digits, as svidmint attest prints it");
  }
  return text;
}

/**
 * Does one thing with the claim store that a configuration names.
 * @throws CommandError where there is no store, or it does not answer
 */
export async function withClaims<T>(
  configPath: string,
  work: (claims: ClaimAdmin) => Promise<T>,
): Promise<T> {
  const { config, issues } = await checkConfig(configPath);
  if (config === undefined) throw configurationError(issues);
  if (config.claims === undefined || config.claims.store === "memory") {
    const why =
      config.claims === undefined
        ? "names no claim store"
        : "has a claim store that ends with its process";
    throw new CommandError(`${printable(configPath)} ${why}: write claims: { store: file }`, 2);
  }
  try {
    const claims = await openClaims(config, config.claims, configPath);
    try {
      return await work(claims);
    } finally {
      await claims.close?.();
    }
  } catch (error) {
    if (error instanceof ConfigError)
      throw configurationError(await locateAll(configPath, error.issues));
    if (!(error instanceof StoreError)) throw error;
    throw new CommandError(`the claim store failed: ${printable(error.message)}`, 1, {
      cause: error,
    });
  }
}

/** A file through the server that has it; a store that instances share as the issuer opens it. */
async function openClaims(
  { trustDomain }: Config,
  section: ClaimsSection,
  configPath: string,
): Promise<ClaimAdmin> {
  const folder = dirname(resolve(configPath));
  if (section.store === "file") return openFileClaims({ ...section, store: "file" }, folder);
  if (section.store === "durable_object") return workersClaims(section["admin"], configPath);
  return openClaimStore(section, nodeStores(folder), {
    platform,
    trustDomain,
    read: resourceReader(configPath),
    env: (name) => process.env[name],
    report: ({ path, message }) => printError(printable(`${path.join(".")}: ${message}`)),
  });
}

/** Durable Objects are reached from Workers only: by the one that operators have for it. */
function workersClaims(url: unknown, configPath: string): ClaimAdmin {
  if (typeof url !== "string")
    throw new CommandError(
      `${printable(configPath)}: only Workers reach Durable Objects: deploy the one for operators, and name it in claims.admin`,
      2,
    );
  const token = process.env["SVIDMINT_CLAIMS_TOKEN"] ?? "";
  if (token === "")
    throw new CommandError(
      "SVIDMINT_CLAIMS_TOKEN is not set: the token that claims.admin lets in",
      2,
    );
  return httpClaims(platform, url, token);
}

export function recordJson(key: string, record: ClaimRecord | undefined): Record<string, unknown> {
  if (record === undefined) return { key, claimed: false };
  return {
    key,
    claimed: record.owners.length > 0,
    banned: record.banned,
    generation: record.generation,
    expires_at: record.expiresAt,
    owners: record.owners.map(({ owner, since, renewedAt }) => ({
      owner,
      since,
      renewed_at: renewedAt,
    })),
  };
}

export function recordFields(record: ClaimRecord): (readonly [string, string | undefined])[] {
  return [
    ["banned", record.banned ? "yes: nobody may own it" : undefined],
    ["generation", record.generation === 0 ? undefined : formatTime(record.generation)],
    ["lasts until", Number.isFinite(record.expiresAt) ? formatTime(record.expiresAt) : "no end"],
    ...record.owners.map(
      ({ owner, since, renewedAt }) =>
        ["owner", `${owner} since ${formatTime(since)}, renewed ${formatTime(renewedAt)}`] as const,
    ),
  ];
}
