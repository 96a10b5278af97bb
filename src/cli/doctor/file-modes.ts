import { stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { DATA_FOLDER } from "../../runtimes/node/file-store.ts";
import type { KeyConfig } from "../../signer/keys-schema.ts";
import { allKeys } from "../keys/load.ts";
import type { Check, DoctorContext, Finding } from "./check.ts";

const OTHERS = 0o077;
const OTHERS_WRITE = 0o022;
/** Vault's agent writes tokens for a group; it is strangers that a token has to be kept from. */
const STRANGERS = 0o007;

/** Whoever can write the configuration can issue anything; whoever can read private keys, too. */
export const fileModes: Check = {
  name: "files",
  async run(context) {
    if (process.platform === "win32")
      return [{ severity: "skipped", subject: "files", message: "modes mean nothing on Windows" }];
    const { configPath, folder } = context;
    const found = await Promise.all([
      look(resolve(configPath), OTHERS_WRITE, "go-w"),
      look(folder, OTHERS_WRITE, "go-w"),
      look(join(folder, DATA_FOLDER), OTHERS, "go-rwx"),
      ...publicFiles(context).map((path) => look(path, OTHERS_WRITE, "go-w")),
      ...privateFiles(context).map((path) => look(path, OTHERS, "go-rwx")),
      ...tokenFiles(context).map((path) => look(path, STRANGERS, "o-rwx")),
    ]);
    return found.flat();
  },
};

function filesOf(
  { keys, folder }: DoctorContext,
  valuesOf: (entry: KeyConfig) => readonly unknown[],
): readonly string[] {
  const entries = keys === undefined ? [] : allKeys(keys.keys);
  const paths = entries.flatMap(({ entry }) =>
    valuesOf(entry).flatMap((value) => {
      const references =
        typeof value === "object" && value !== null ? Object.values(value) : [value];
      return references.flatMap((reference: unknown) =>
        typeof reference === "string" && reference.startsWith("file:")
          ? [resolve(folder, reference.slice("file:".length))]
          : [],
      );
    }),
  );
  return [...new Set(paths)];
}

function publicFiles(context: DoctorContext): readonly string[] {
  return filesOf(context, ({ certificate, public_key, wrapped_key, ca }) => [
    certificate,
    public_key,
    wrapped_key,
    ca,
  ]);
}

function privateFiles(context: DoctorContext): readonly string[] {
  return filesOf(context, ({ private_key, pin }) => [private_key, pin]);
}

/** Of Vault; tokens by which somebody logs in there are the platform's to look after. */
function tokenFiles(context: DoctorContext): readonly string[] {
  return filesOf(context, ({ login }) =>
    typeof login === "object" && login !== null && "token" in login && "method" in login
      ? [login.method === "token" && login.token]
      : [],
  );
}

/** What is not there is for others to tell. */
async function look(path: string, forbidden: number, change: string): Promise<readonly Finding[]> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return [];
  // In a folder with the sticky bit nobody replaces the files of others.
  const sticky = found.isDirectory() && (found.mode & 0o1000) !== 0;
  const verb = forbidden === OTHERS_WRITE ? "written" : "read or written";
  if ((found.mode & forbidden) === 0 || sticky)
    return [{ severity: "good", subject: path, message: `cannot be ${verb} by others` }];
  return [
    {
      severity: "error",
      subject: path,
      message: `can be ${verb} by others (mode ${(found.mode & 0o777).toString(8)})`,
      fix: `chmod ${change} ${path}`,
    },
  ];
}
