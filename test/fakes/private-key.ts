import type { KeyKind, Platform, PrivateKey } from "../../src/platform/platform.ts";
import { rsaKeyPair } from "./keys.ts";

/**
 * As `platform.generateKey`, save that an RSA key, which takes a tenth of a second to make, is made of primes that this
 * process has found before (`rsa-keys.ts`).
 */
export async function newKey(platform: Platform, kind: KeyKind): Promise<PrivateKey> {
  if (kind !== "RSA-2048") return platform.generateKey(kind);
  const pkcs8 = await crypto.subtle.exportKey("pkcs8", (await rsaKeyPair()).privateKey);
  if (!(pkcs8 instanceof ArrayBuffer)) throw new Error("no bytes");
  const key = await platform.importPrivateKey(new Uint8Array(pkcs8));
  if (!key.ok) throw new Error(key.error.reason);
  return key.value;
}
