import { encodeBase64 } from "../encoding/base64.ts";
import { utf8Encode } from "../encoding/bytes.ts";
import { ecdsaDerToRaw } from "../encoding/ecdsa.ts";
import type { HashName, PublicKey, PublicKeyInfo } from "../encoding/primitives.ts";
import { variable } from "../platform/credentials.ts";
import { googleCredentials } from "../platform/google-credentials.ts";
import type { ChosenAlgorithm } from "./algorithms.ts";
import type { BackendDeps, KeyHandle, Unwrapper } from "./backend.ts";
import {
  callGcpKms,
  checkedBytes,
  checksum,
  withChecksum,
  type GcpKmsAccess,
} from "./gcp-kms-call.ts";
import { endpointHere, keyHere } from "./here.ts";
import { KeyService } from "./key-service.ts";
import { SignerError, type SignatureAlgorithm, type Signer } from "./signer.ts";

/** Google's own variable for another address, which `gcloud` heeds as well. */
const ENDPOINT_VARIABLE = "CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDKMS";
const ENDPOINT = "https://cloudkms.googleapis.com";
const SCOPE = "https://www.googleapis.com/auth/cloudkms";

export interface GcpKmsSettings {
  readonly key: string | Readonly<Record<string, string>>;
}

/**
 * `backend: gcp_kms`: each signature is one `asymmetricSign` by the one version of a key that is configured, each data
 * key one `decrypt` by a key. Nothing is asked before that: the public key is in the configuration.
 */
export async function openGcpKms(
  { key }: GcpKmsSettings,
  deps: BackendDeps,
): Promise<KeyHandle | undefined> {
  const name = keyHere(key, deps);
  const endpoint = endpointHere(ENDPOINT_VARIABLE, ENDPOINT, deps);
  if (name === undefined || endpoint === undefined) return undefined;
  const access: GcpKmsAccess = {
    endpoint: endpoint.replace(/\/$/, ""),
    platform: deps.platform,
    credentials: googleCredentials(deps, SCOPE),
    quotaProject: variable(deps, "GOOGLE_CLOUD_QUOTA_PROJECT"),
  };
  // What signs is a version, what decrypts is a key: its version stands in the ciphertext.
  if (!name.includes("/cryptoKeyVersions/"))
    return { unwrapper: (id) => gcpKmsUnwrapper(id, name, access) };
  return { signer: (id, chosen, publicKey) => gcpKmsSigner(id, name, chosen, publicKey, access) };
}

/** @see https://cloud.google.com/kms/docs/reference/rest/v1/projects.locations.keyRings.cryptoKeys.cryptoKeyVersions/asymmetricSign */
function gcpKmsSigner(
  id: string,
  version: string,
  chosen: ChosenAlgorithm,
  publicKey: PublicKey,
  access: GcpKmsAccess,
): Signer | undefined {
  const { info } = publicKey;
  if (!hasAlgorithm(chosen.algorithm, info)) return undefined;
  const hash = "hash" in chosen.scheme ? chosen.scheme.hash : undefined;
  const service = new KeyService(`the key service of ${id}`);
  return Object.freeze({
    id,
    ...chosen,
    publicKey,
    async sign(data: Uint8Array): Promise<Uint8Array> {
      const { body, verified } = await signRequest(data, hash, access);
      const answer = await service.call((timeoutMs) =>
        callGcpKms(access, id, `${version}:asymmetricSign`, body, timeoutMs),
      );
      if (answer["name"] !== version)
        throw new SignerError("unsound", `Google Cloud KMS signed for ${id} with another key`);
      if (answer[verified] !== true)
        throw new SignerError("unsound", `Google Cloud KMS checked nothing that came for ${id}`);
      const bytes = checkedBytes(answer, "signature", id);
      if (info.type !== "EC") return bytes;
      const raw = ecdsaDerToRaw(bytes, info.curve);
      if (raw.ok) return raw.value;
      throw new SignerError("unsound", `Google Cloud KMS answered for ${id} with no signature`);
    },
  });
}

/**
 * A version of a key has one algorithm for its whole life, so none is asked for: whether it is ours, the signature tells.
 * Google has none with SHA-384 but that of P-384, and SHA-512 for RSA keys of 4096 bits alone.
 * @see https://cloud.google.com/kms/docs/algorithms#asymmetric_signing_algorithms
 */
function hasAlgorithm(algorithm: SignatureAlgorithm, info: PublicKeyInfo): boolean {
  if (info.type === "EC") return info.curve !== "P-521";
  if (info.type === "Ed25519") return true;
  return algorithm.endsWith("256") || (algorithm.endsWith("512") && info.n.length === 512);
}

/** @param hash of the algorithm; undefined: KMS is given the message itself */
async function signRequest(
  data: Uint8Array,
  hash: HashName | undefined,
  { platform }: GcpKmsAccess,
): Promise<{ readonly body: string; readonly verified: string }> {
  if (hash === undefined)
    return { body: JSON.stringify(withChecksum("data", data)), verified: "verifiedDataCrc32c" };
  const digest = await platform.digest(hash, data);
  const field = hash.toLowerCase().replace("-", "");
  const asked = { digest: { [field]: encodeBase64(digest) }, digestCrc32c: checksum(digest) };
  return { body: JSON.stringify(asked), verified: "verifiedDigestCrc32c" };
}

/** @see https://cloud.google.com/kms/docs/reference/rest/v1/projects.locations.keyRings.cryptoKeys/decrypt */
function gcpKmsUnwrapper(id: string, key: string, access: GcpKmsAccess): Unwrapper {
  const service = new KeyService(`the key service of ${id}`);
  return Object.freeze({
    async unwrap(wrapped: Uint8Array, context: string): Promise<Uint8Array> {
      const body = JSON.stringify({
        ...withChecksum("ciphertext", wrapped),
        ...withChecksum("additionalAuthenticatedData", utf8Encode(context)),
      });
      const answer = await service.call((timeoutMs) =>
        callGcpKms(access, id, `${key}:decrypt`, body, timeoutMs),
      );
      return checkedBytes(answer, "plaintext", id);
    },
  });
}
