import { ConfigError } from "../config-issue.ts";
import { decodeBase64 } from "../encoding/base64.ts";
import { utf8Encode } from "../encoding/bytes.ts";

const DATA = /^data:[\w.+/-]*;base64,(.*)$/s;

/**
 * Reads what a compiled configuration refers to: `data:` URLs and `env:` names; `file:` needs a file system.
 * @param env the runtime's variables and secrets
 * @throws ConfigError where it is not there
 */
export async function readReference(
  reference: string,
  env: (name: string) => unknown,
): Promise<Uint8Array> {
  if (reference.startsWith("env:")) {
    const value = env(reference.slice(4));
    if (typeof value === "string" && value !== "") return utf8Encode(value);
    throw missing(`the variable or secret ${reference.slice(4)} is not set`);
  }
  const data = DATA.exec(reference);
  if (data !== null) {
    const bytes = decodeBase64(data[1] ?? "");
    if (bytes.ok) return bytes.value;
    throw missing("a data: reference is not canonical base64");
  }
  throw missing(
    reference.startsWith("file:")
      ? "this runtime has no files: write the configuration with svidmint policy compile, which carries them along"
      : "a reference starts with file:, env: or data:;base64,",
  );
}

function missing(message: string): ConfigError {
  return new ConfigError([{ path: [], message, severity: "error" }]);
}
