import { createPrivateKey } from "node:crypto";
import type { Platform, PrivateKey } from "../../platform/platform.ts";
import { SourceError } from "./source-error.ts";

/**
 * An unencrypted private key in PEM, of whatever form OpenSSL writes (PKCS#8, PKCS#1, SEC 1).
 * @param from where it came from, for the message, which quotes nothing. @throws SourceError
 */
export async function privateKeyIn(
  platform: Pick<Platform, "importPrivateKey">,
  pem: string,
  from: string,
): Promise<PrivateKey> {
  const key = await platform.importPrivateKey(pkcs8(pem, from));
  if (key.ok) return key.value;
  throw new SourceError(`${from} holds a key that svidmint does not take`);
}

function pkcs8(pem: string, from: string): Uint8Array {
  try {
    return new Uint8Array(createPrivateKey(pem).export({ type: "pkcs8", format: "der" }));
  } catch (error) {
    throw new SourceError(`${from} is not one unencrypted private key in PEM`, { cause: error });
  }
}
