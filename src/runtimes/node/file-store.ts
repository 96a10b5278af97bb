import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { Config } from "../../issuer/config.ts";
import type { ClaimStore } from "../../stores/claim-store.ts";
import type { ClaimsSection } from "../../stores/definition.ts";
import type { FileConfig } from "../../stores/definitions.ts";
import { openClaimAdmin } from "../../stores/node/admin-client.ts";
import type { ClaimAdmin } from "../../stores/admin-protocol.ts";
import { serveAdmin } from "../../stores/node/admin-socket.ts";
import { openFileStore } from "../../stores/node/file.ts";
import { StoreError } from "../../stores/store-error.ts";

/** Where keys, claims and the socket of a single instance live, beside its configuration. */
export const DATA_FOLDER = ".svidmint";

function storeFolder({ path }: FileConfig, folder: string): string {
  return resolve(folder, path ?? DATA_FOLDER);
}

/**
 * Where a configuration keeps what no other may share: local keys, and the file store.
 * @param folder the configuration's
 */
export function dataFolders(
  { keys, claims }: Pick<Config, "keys" | "claims">,
  folder: string,
): readonly string[] {
  const folders = keys === undefined ? [resolve(folder, DATA_FOLDER)] : [];
  return isFile(claims) ? [...folders, storeFolder(claims, folder)] : folders;
}

function isFile(claims: ClaimsSection | undefined): claims is FileConfig {
  return claims?.store === "file";
}

/**
 * Opens it, and lets `svidmint claims` work on it while this process has it.
 * @param folder the configuration's
 * @throws StoreError where another process holds it, or it cannot be believed
 */
export async function openFile(config: FileConfig, folder: string): Promise<ClaimStore> {
  const directory = storeFolder(config, folder);
  const store = await openFileStore({ directory });
  try {
    const admin = await serveAdmin(store, directory);
    return {
      ...store,
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

/**
 * Its claims for an operator's command: through the running server where there is one, which alone may touch them.
 * @throws StoreError
 */
export async function openFileClaims(config: FileConfig, folder: string): Promise<ClaimAdmin> {
  const directory = storeFolder(config, folder);
  if (!existsSync(directory))
    throw new StoreError("unavailable", `${directory} is not there: nothing was claimed yet`);
  return openClaimAdmin(directory);
}
