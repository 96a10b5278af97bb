import { mkdir, readFile, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { toHex } from "../../encoding/bytes.ts";
import { acquireLock, type Lock } from "../../stores/node/lock.ts";
import { StoreError } from "../../stores/store-error.ts";
import { CommandError, UsageError } from "../errors.ts";
import { replaceFile } from "../replace-file.ts";
import type { Address } from "./address.ts";
import { compare, PublishError, type Place, type PlaceDeps, type Publication } from "./place.ts";

/** How long another publisher is waited for. */
const PATIENCE_MS = 5000;
const PAUSE_MS = 50;

/**
 * `file:PATH`: the bundle alone, in the place of a file at once. `file:FOLDER/`: every document under its path, for a
 * web server. A file has no conditional write: a lock beside it stands in for that, between processes of one machine.
 */
export async function openFile({ rest }: Address, { platform }: PlaceDeps): Promise<Place> {
  if (rest === "")
    throw new UsageError("file: expected a path, with a slash at its end for a folder");
  const site = rest.endsWith("/");
  const name = `file:${rest}`;
  const pathOf = ({ path }: Publication): string => (site ? join(rest, path) : rest);
  const version = async (bytes: Uint8Array): Promise<string> =>
    toHex(await platform.digest("SHA-256", bytes));

  return {
    name,
    holds: site ? "site" : "bundle",
    async read(document) {
      const bytes = await bytesIn(pathOf(document), name);
      return bytes && compare(document, { bytes, version: await version(bytes) }, name);
    },
    async write(document, over) {
      const path = pathOf(document);
      try {
        if (site) await mkdir(dirname(path), { recursive: true });
        const lock = await locked(`${path}.lock`);
        try {
          const bytes = await bytesIn(path, name);
          if ((bytes && (await version(bytes))) !== over?.version) return false;
          await replaceFile(path, document.body);
          return true;
        } finally {
          await lock.release();
        }
      } catch (error) {
        throw failure(name, error);
      }
    },
  };
}

async function bytesIn(path: string, name: string): Promise<Uint8Array | undefined> {
  try {
    // A link that leads nowhere, or a folder, is not "nothing there".
    await stat(path);
    return new Uint8Array(await readFile(path));
  } catch (error) {
    const code = codeOf(error);
    if (code === "ENOENT") return undefined;
    throw failure(name, error);
  }
}

async function locked(path: string): Promise<Lock> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await acquireLock(path); // oxlint-disable-line no-await-in-loop -- until it is free
    } catch (error) {
      const held = error instanceof StoreError && error.code === "locked";
      if (!held || performance.now() > deadline) throw error;
    }
    await sleep(PAUSE_MS); // oxlint-disable-line no-await-in-loop -- waiting is the point
  }
}

function failure(name: string, error: unknown): PublishError {
  if (error instanceof PublishError) return error;
  if (error instanceof StoreError)
    return new PublishError("unavailable", `${name}: another publisher is at work`, {
      cause: error,
    });
  if (error instanceof CommandError)
    return new PublishError("refused", `${name}: ${error.message}`, { cause: error });
  const code = codeOf(error);
  if (code === "EACCES" || code === "EPERM" || code === "EROFS")
    return new PublishError("denied", `${name}: may not be written by this process (${code})`);
  if (code === undefined) throw error;
  return new PublishError("refused", `${name}: ${code}`, { cause: error });
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error ? String(error.code) : undefined;
}
