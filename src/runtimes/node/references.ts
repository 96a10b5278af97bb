import { readFile, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { ConfigError } from "../../config-issue.ts";
import { readReference } from "../references.ts";

/** No key, certificate or key set that a configuration names is bigger. */
const MAX_BYTES = 1024 * 1024;

/**
 * Reads `file:` (absolute, or relative to the configuration's folder), `env:` and `data:` references.
 * @throws ConfigError that names the file, never what is in it
 */
export async function readNodeReference(
  reference: string,
  folder: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<Uint8Array> {
  if (!reference.startsWith("file:")) return readReference(reference, (name) => env[name]);
  const path = resolve(folder, reference.slice("file:".length));
  try {
    const { size } = await stat(path);
    if (size > MAX_BYTES) throw unreadable(path, "is bigger than 1 MiB");
    return await readFile(path);
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    const code = error instanceof Error && "code" in error ? String(error.code) : "unreadable";
    throw unreadable(path, code === "ENOENT" ? "does not exist" : `cannot be read: ${code}`);
  }
}

function unreadable(path: string, message: string): ConfigError {
  return new ConfigError([{ path: [], message: `${path} ${message}`, severity: "error" }]);
}
