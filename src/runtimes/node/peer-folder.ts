import { randomBytes } from "node:crypto";
import { mkdir, open, readFile, rename, unlink } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { SnapshotStore } from "../../federation/snapshots.ts";
import { isSingle, type Config } from "../../issuer/config.ts";
import { DATA_FOLDER } from "./file-store.ts";

/**
 * Peers' bundles in `.svidmint/peers/`, a file each, where one process alone serves and no claim store outlives it.
 * @param folder the configuration's
 * @returns undefined where the claim store keeps them, or several instances would each know something else
 */
export function peerStoreOf(
  config: Pick<Config, "issuer" | "singleInstance" | "claims">,
  folder: string,
): SnapshotStore | undefined {
  const forgets = config.claims === undefined || config.claims.store === "memory";
  return forgets && isSingle(config)
    ? peerFolder(resolve(folder, DATA_FOLDER, "peers"))
    : undefined;
}

export function peerFolder(directory: string): SnapshotStore {
  // No name of a trust domain leads out of the folder: a colon stands in each, and becomes %3A.
  const pathOf = (name: string): string => join(directory, `${encodeURIComponent(name)}.json`);
  return {
    async get(name) {
      try {
        return new Uint8Array(await readFile(pathOf(name)));
      } catch (error) {
        if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
        throw error;
      }
    },
    async put(name, value) {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      const draft = join(directory, `.${randomBytes(8).toString("hex")}`);
      try {
        await write(draft, value);
        await rename(draft, pathOf(name)); // whoever reads it sees the old or the new one whole
      } catch (error) {
        await unlink(draft).catch(() => undefined);
        throw error;
      }
    },
  };
}

async function write(path: string, value: Uint8Array): Promise<void> {
  const file = await open(path, "wx", 0o600);
  try {
    await file.writeFile(value);
    await file.sync();
  } finally {
    await file.close();
  }
}
