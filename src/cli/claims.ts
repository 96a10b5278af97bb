import type { ClaimRecord, ClaimStore } from "../stores/claim-store.ts";
import { StoreError } from "../stores/store-error.ts";
import { openClaimStore } from "./claim-access.ts";
import { CommandError, UsageError } from "./errors.ts";
import { printable } from "./output.ts";
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
 * Does one thing with the claim store that a configuration names: through the running server where that holds it.
 * @throws CommandError where there is none, or it does not answer
 */
export async function withClaimStore<T>(
  configPath: string,
  work: (store: ClaimStore) => Promise<T>,
): Promise<T> {
  const store = await openClaimStore(configPath);
  try {
    return await work(store);
  } catch (error) {
    if (error instanceof StoreError)
      throw new CommandError(`the claim store failed: ${printable(error.message)}`, 1, {
        cause: error,
      });
    throw error;
  } finally {
    await store.close?.();
  }
}

/** @throws CommandError where the store cannot tell */
export async function listClaims(
  store: ClaimStore,
): Promise<readonly ({ readonly key: string } & ClaimRecord)[]> {
  if (store.list === undefined)
    throw new CommandError("this claim store cannot list claims: name a claim key");
  return store.list();
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
