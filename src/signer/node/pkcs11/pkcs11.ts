import { access, constants } from "node:fs/promises";
import { ConfigError } from "../../../config-issue.ts";
import { utf8Decode } from "../../../encoding/bytes.ts";
import type { BackendDeps, Complain, KeyHandle, Unwrapper } from "../../backend.ts";
import { KeyService } from "../../key-service.ts";
import { PROVIDER, requireProvider } from "./cryptoki.ts";
import { signatureInput } from "./mechanisms.ts";
import type { TokenWork } from "./messages.ts";
import { ModuleProcess, type ModuleProcessOptions } from "./module-process.ts";
import { OAEP_HASHES, type Pkcs11Settings } from "./settings.ts";

/**
 * One process a token, whoever opens keys on it: PKCS#11 is initialised once in it, and has one login for all sessions.
 * What happens to one token touches no other.
 */
const processes = new Map<string, ModuleProcess>();

/**
 * `backend: pkcs11`: each signature is one `C_Sign` on a token. Nothing of the token is asked before the first: the
 * public key is in the configuration.
 * @see http://docs.oasis-open.org/pkcs11/pkcs11-base/v2.40/pkcs11-base-v2.40.html
 */
export async function openPkcs11(
  settings: Pkcs11Settings,
  deps: BackendDeps,
  options: ModuleProcessOptions = {},
): Promise<KeyHandle | undefined> {
  const { module, token: label, serial, slot, key, oaep_hash = "sha256" } = settings;
  const name = typeof key === "string" ? { label: key } : key;
  let sound = true;
  const complain: Complain = (field, message) => {
    sound = false;
    deps.complain(field, message);
  };
  if (label === undefined && serial === undefined && slot === undefined)
    complain("token", "is needed: the token's label here, or its serial, or a slot");
  if (name.label === undefined && name.id === undefined)
    complain("key", "names no label and no id");
  checkProvider(options.provider ?? PROVIDER, complain);
  await checkModule(module, complain);
  const pin = await readPin(settings.pin, deps, complain);
  if (!sound || pin === undefined) return undefined;

  const where = { token: { label, serial, slot }, key: name, pin };
  const one = JSON.stringify([module, where.token]);
  const process = processes.get(one) ?? new ModuleProcess(module, options);
  processes.set(one, process);
  const asking = (id: string) => {
    const service = new KeyService(`the token of ${id}`);
    return (work: TokenWork) =>
      service.call((timeoutMs) => process.ask(id, { ...where, work, timeoutMs }));
  };
  return {
    signer(id, chosen, publicKey) {
      const ask = asking(id);
      const { scheme } = chosen;
      return Object.freeze({
        id,
        ...chosen,
        publicKey,
        async sign(data: Uint8Array): Promise<Uint8Array> {
          const input = await signatureInput(scheme, data, deps.platform);
          return ask({ kind: "sign", scheme, input, publicKey: publicKey.info });
        },
      });
    },
    unwrapper(id): Unwrapper {
      const ask = asking(id);
      const hash = OAEP_HASHES[oaep_hash];
      return Object.freeze({
        unwrap: (wrapped: Uint8Array) => ask({ kind: "decrypt", hash, input: wrapped }),
      });
    },
  };
}

/** Closes every token, so that it knows that nobody is there any more. What is asked later opens it again. */
export async function closePkcs11(): Promise<void> {
  await Promise.all(Array.from(processes.values(), (process) => process.close()));
}

/** It is compiled where it is installed: its absence, and that it was not compiled, are told at the start. */
function checkProvider(provider: string, complain: Complain): void {
  try {
    requireProvider(provider);
  } catch (error) {
    const absent = error instanceof Error && "code" in error && error.code === "MODULE_NOT_FOUND";
    complain(
      "backend",
      absent
        ? `pkcs11 needs the package ${provider}: npm install ${provider}`
        : `the package ${provider} does not load: npm rebuild ${provider} compiles it for this Node`,
    );
  }
}

async function checkModule(path: string, complain: Complain): Promise<void> {
  try {
    await access(path, constants.R_OK);
  } catch {
    complain("module", `${path} does not exist, or cannot be read`);
  }
}

/** @returns the text but the line's end that editors write */
async function readPin(
  reference: string,
  { readPrivate }: BackendDeps,
  complain: Complain,
): Promise<string | undefined> {
  try {
    const pin = utf8Decode(await readPrivate(reference))?.replace(/\r?\n$/, "");
    if (pin !== undefined && /^[^\0\r\n]+$/.test(pin)) return pin;
    complain("pin", "must be one line, the PIN");
  } catch (error) {
    const known = error instanceof ConfigError;
    complain(
      "pin",
      known ? error.issues.map(({ message }) => message).join("; ") : "cannot be read",
    );
  }
  return undefined;
}
