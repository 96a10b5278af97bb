import { checksumOf, refuse, type Asked } from "./gcp-kms-protocol.ts";
import { base64, fromBase64 } from "./keys.ts";

const IV_BYTES = 12;

/** Symmetric keys, which encrypt and decrypt under additional authenticated data. */
export class DataKeys {
  readonly #keys = new Map<string, CryptoKey>();

  async add(name: string): Promise<string> {
    const key = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, [
      "encrypt",
      "decrypt",
    ]);
    if ("privateKey" in key) throw new Error("no key pair was asked for");
    this.#keys.set(name, key);
    return name;
  }

  async answer(
    name: string,
    method: string,
    body: Asked,
  ): Promise<Readonly<Record<string, unknown>> | Response> {
    const key = this.#keys.get(name);
    if (key === undefined) return refuse(404, "NOT_FOUND");
    const additionalData = fromBase64(body.additionalAuthenticatedData ?? "");
    if (method === ":encrypt") return encrypt(name, key, additionalData, body);
    const sealed = fromBase64(body.ciphertext ?? "");
    const iv = sealed.subarray(0, IV_BYTES);
    try {
      const algorithm = { name: "AES-GCM", iv, additionalData };
      const opened = await crypto.subtle.decrypt(algorithm, key, sealed.subarray(IV_BYTES));
      const plaintext = new Uint8Array(opened);
      return {
        plaintext: base64(plaintext),
        plaintextCrc32c: checksumOf(plaintext),
        usedPrimary: true,
        protectionLevel: "SOFTWARE",
      };
    } catch {
      return refuse(400, "INVALID_ARGUMENT");
    }
  }
}

async function encrypt(
  name: string,
  key: CryptoKey,
  additionalData: Uint8Array<ArrayBuffer>,
  { plaintext = "", plaintextCrc32c }: Asked,
) {
  const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES));
  const algorithm = { name: "AES-GCM", iv, additionalData };
  const sealed = await crypto.subtle.encrypt(algorithm, key, fromBase64(plaintext));
  const ciphertext = new Uint8Array([...iv, ...new Uint8Array(sealed)]);
  return {
    name: `${name}/cryptoKeyVersions/1`,
    ciphertext: base64(ciphertext),
    ciphertextCrc32c: checksumOf(ciphertext),
    verifiedPlaintextCrc32c: plaintextCrc32c !== undefined,
    verifiedAdditionalAuthenticatedDataCrc32c: true,
    protectionLevel: "SOFTWARE",
  };
}
