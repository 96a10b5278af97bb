import { resolve } from "node:path";
import type { ClaimsConfig } from "../../issuer/config-schema.ts";
import type { ClaimStore } from "../../stores/claim-store.ts";
import { serveAdmin } from "../../stores/node/admin-socket.ts";
import { openFileStore } from "../../stores/node/file.ts";

/** Where keys, claims and the socket of a single instance live, beside its configuration. */
export const DATA_FOLDER = ".svidmint";

export interface OpenedStore {
  readonly store: ClaimStore;
  close(): Promise<void>;
}

/** The folder of the file store that a configuration names. */
export function storeFolder(
  claims: Extract<ClaimsConfig, { store: "file" }>,
  folder: string,
): string {
  return resolve(folder, claims.path ?? DATA_FOLDER);
}

/**
 * Opens it, and lets `svidmint claims` work on it while this process has it.
 * @throws StoreError where another process holds it, or it cannot be believed
 */
export async function openStore(
  claims: Extract<ClaimsConfig, { store: "file" }>,
  folder: string,
): Promise<OpenedStore> {
  const directory = storeFolder(claims, folder);
  const store = await openFileStore({ directory });
  try {
    const admin = await serveAdmin(store, directory);
    return {
      store,
      async close() {
        await admin.close();
        await store.close();
      },
    };
  } catch (error) {
    await store.close();
    throw error;
  }
}
