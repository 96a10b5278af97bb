import { decodeBase64, decodeBase64url, encodeBase64 } from "../encoding/base64.ts";
import { utf8Decode, utf8Encode } from "../encoding/bytes.ts";
import type { HashName, PublicKey } from "../encoding/primitives.ts";
import type { ChosenAlgorithm } from "./algorithms.ts";
import type { BackendDeps, KeyHandle, Unwrapper } from "./backend.ts";
import { KeyService } from "./key-service.ts";
import { SignerError, type Signer } from "./signer.ts";
import { askVault, vaultPlace, type VaultPlace, type VaultSettings } from "./vault.ts";

interface VaultTransitSettings extends VaultSettings {
  readonly key: string | Readonly<Record<string, string>>;
  /** Of the key, for signatures; 1 if absent. */
  readonly version?: number | undefined;
}

/** Of a message that is sent whole. */
const MAX_WHOLE_BYTES = 4096;
const FIRST_VERSION = 1;
/** A version, then base64url, since `marshaling_algorithm` is `jws`. */
const SIGNATURE = /^vault:v([1-9]\d{0,8}):([\w-]{1,2048})$/;
const CIPHERTEXT = /^vault:v[1-9]\d{0,8}:[A-Za-z0-9+/]{1,8192}={0,2}$/;

/**
 * `backend: vault_transit`: a key in the transit engine of HashiCorp Vault or OpenBao. Nothing is asked before the first
 * signature: the public key is in the configuration.
 * @see https://developer.hashicorp.com/vault/api-docs/secret/transit#sign-data
 * @see https://developer.hashicorp.com/vault/api-docs/secret/transit#decrypt-data
 */
export async function openVaultTransit(
  settings: VaultTransitSettings,
  deps: BackendDeps,
): Promise<KeyHandle | undefined> {
  const place = vaultPlace(settings.key, { field: "key", kind: "keys" }, settings, deps);
  if (place === undefined) return undefined;
  const version = settings.version ?? FIRST_VERSION;
  return {
    signer: (id, chosen, publicKey) => transitSigner(id, chosen, publicKey, version, place),
    unwrapper: (id) => transitUnwrapper(id, place),
  };
}

function transitSigner(
  id: string,
  chosen: ChosenAlgorithm,
  publicKey: PublicKey,
  version: number,
  place: VaultPlace,
): Signer {
  const service = new KeyService(`the key service of ${id}`);
  const path = `sign/${place.name}`;
  return Object.freeze({
    id,
    ...chosen,
    publicKey,
    async sign(data: Uint8Array): Promise<Uint8Array> {
      const parameters = await signParameters(data, chosen, version, place);
      const { signature } = await service.call((timeoutMs) =>
        askVault(id, path, parameters, timeoutMs, place),
      );
      const [, signedBy, text = ""] =
        SIGNATURE.exec(typeof signature === "string" ? signature : "") ?? [];
      const bytes = decodeBase64url(text);
      if (signedBy === undefined || !bytes.ok)
        throw new SignerError("unsound", `Vault answered for ${id} with no signature`);
      if (signedBy !== String(version))
        throw new SignerError("unsound", `Vault signed for ${id} with another version of its key`);
      return bytes.value;
    },
  });
}

async function signParameters(
  data: Uint8Array,
  { algorithm, scheme }: ChosenAlgorithm,
  version: number,
  { platform }: VaultPlace,
): Promise<object> {
  const common = { key_version: version, marshaling_algorithm: "jws" };
  // Hashes what it signs within the algorithm.
  if (scheme.name === "Ed25519") return { ...common, input: encodeBase64(data) };
  const whole = data.length <= MAX_WHOLE_BYTES;
  const input = whole ? data : await platform.digest(scheme.hash, data);
  return {
    ...common,
    input: encodeBase64(input),
    prehashed: !whole,
    hash_algorithm: HASHES[scheme.hash],
    ...(algorithm.startsWith("RS") && { signature_algorithm: "pkcs1v15" }),
    // JOSE and X.509 have the salt as long as the hash; Vault's own default is as long as it can be.
    ...(algorithm.startsWith("PS") && { signature_algorithm: "pss", salt_length: "hash" }),
  };
}

const HASHES: Readonly<Record<HashName, string>> = {
  "SHA-256": "sha2-256",
  "SHA-384": "sha2-384",
  "SHA-512": "sha2-512",
};

/** The text that Vault made of the data key names the version of its own key. */
function transitUnwrapper(id: string, place: VaultPlace): Unwrapper {
  const service = new KeyService(`the key service of ${id}`);
  const path = `decrypt/${place.name}`;
  return Object.freeze({
    async unwrap(wrapped: Uint8Array, context: string): Promise<Uint8Array> {
      const ciphertext = utf8Decode(wrapped) ?? "";
      if (!CIPHERTEXT.test(ciphertext))
        throw new SignerError("denied", `the wrapped key of ${id} is none of Vault's`);
      const parameters = { ciphertext, associated_data: encodeBase64(utf8Encode(context)) };
      const { plaintext } = await service.call((timeoutMs) =>
        askVault(id, path, parameters, timeoutMs, place),
      );
      const bytes = decodeBase64(typeof plaintext === "string" ? plaintext : "");
      if (!bytes.ok || bytes.value.length === 0)
        throw new SignerError("unsound", `Vault answered for ${id} with no key`);
      return bytes.value;
    },
  });
}
