import type { PrivateKey } from "../platform/platform.ts";
import type { BackendDeps } from "./backend.ts";
import { readPemBlock } from "./pem-block.ts";

/** The private key that an entry's `private_key` refers to. @returns undefined where something is wrong, which is told */
export async function readPrivateKey(
  reference: string,
  { platform, readPrivate, complain }: BackendDeps,
): Promise<PrivateKey | undefined> {
  const say = (message: string): void => complain("private_key", message);
  const pkcs8 = await readPemBlock(reference, "PRIVATE KEY", readPrivate, say);
  if (pkcs8 === undefined) return undefined;
  const imported = await platform.importPrivateKey(pkcs8);
  if (imported.ok) return imported.value;
  say(`not a usable private key: ${imported.error.detail ?? imported.error.reason}`);
  return undefined;
}
