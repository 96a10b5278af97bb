import { utf8Encode } from "../encoding/bytes.ts";
import { isSingle, type Config } from "../issuer/config.ts";
import { DATA_FOLDER } from "../runtimes/node/file-store.ts";
import { SVID_USES } from "../signer/algorithms.ts";
import type { KeysConfig } from "../signer/keys-schema.ts";
import { localKeys } from "../signer/node/local-keys.ts";
import { readYaml } from "./config-document.ts";
import { platform } from "./key-file.ts";
import { printable, printError } from "./output.ts";

/**
 * @param folder the configuration's
 * @param again the issuer serves already: no keys are made
 * @throws ConfigError
 */
export async function withKeys(config: Config, folder: string, again = false): Promise<Config> {
  return config.keys === undefined
    ? { ...config, keys: await ownKeys(config, folder, again) }
    : config;
}

/** Local keys, made at the first start; told each time, so that nobody takes them for something better. */
async function ownKeys(config: Config, folder: string, again: boolean): Promise<KeysConfig> {
  const { keys, path, created } = await localKeys({
    platform,
    trustDomain: config.trustDomain,
    folder,
    dataFolder: DATA_FOLDER,
    single: isSingle(config),
    again,
    parse(text) {
      const { value, issues } = readYaml(utf8Encode(text));
      if (issues.length > 0) throw new SyntaxError(issues[0]?.message);
      return value;
    },
  });
  const files = SVID_USES.flatMap((use) =>
    (keys[use] ?? []).flatMap(({ private_key: reference }) =>
      typeof reference === "string" ? reference.replace(/^file:/, "") : [],
    ),
  );
  printError(
    `${created ? "made local signing keys" : "signing with local keys"}: ${files.map(printable).join(", ")} (listed in ${printable(path)})`,
  );
  printError(
    "  warning: whoever reads these files, or this process's memory, can issue any identity of the trust domain",
  );
  return keys;
}
