import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { resolve } from "node:path";
import { ConfigError, type ReadResource } from "../../config-issue.ts";

const MAX_BYTES = 64 * 1024;
const GROUP_AND_OTHERS = 0o077;

/**
 * A way to read private keys that refuses files which anybody but their owner can read: a key that was readable
 * once may have been read.
 * @param read for references that are no files
 * @param folder what `file:` paths are relative to
 */
export function privateReader(read: ReadResource, folder: string): ReadResource {
  return async (reference) => {
    if (!reference.startsWith("file:")) return read(reference);
    return readPrivateFile(resolve(folder, reference.slice("file:".length)));
  };
}

/** @throws ConfigError that names the file, never what is in it */
async function readPrivateFile(path: string): Promise<Uint8Array> {
  // Not waiting for whoever writes a pipe.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch(
    (error: unknown) => {
      const code = error instanceof Error && "code" in error ? String(error.code) : "unreadable";
      throw refused(
        code === "ENOENT" ? `${path} does not exist` : `${path} cannot be read: ${code}`,
      );
    },
  );
  try {
    // Of the file that is open, not of the path, which may be another one by then.
    const stat = await file.stat();
    const { mode, size } = stat;
    if (!stat.isFile()) throw refused(`${path} is no regular file`);
    if ((mode & GROUP_AND_OTHERS) !== 0) {
      throw refused(`${path} can be read by others: chmod 600 it, and consider the key known`);
    }
    if (size > MAX_BYTES) throw refused(`${path} is longer than any private key`);
    return new Uint8Array(await file.readFile());
  } finally {
    await file.close();
  }
}

function refused(message: string): ConfigError {
  return new ConfigError([{ path: [], message, severity: "error" }]);
}
