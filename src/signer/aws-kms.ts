import { decodeBase64, encodeBase64 } from "../encoding/base64.ts";
import { ecdsaDerToRaw } from "../encoding/ecdsa.ts";
import type { JsonObject } from "../encoding/json.ts";
import type { PublicKey } from "../encoding/primitives.ts";
import { variable } from "../platform/credentials.ts";
import type { Platform } from "../platform/platform.ts";
import type { ChosenAlgorithm } from "./algorithms.ts";
import { awsService, type AwsService, type AwsServiceName } from "./aws-service.ts";
import type { BackendDeps, KeyHandle, Unwrapper } from "./backend.ts";
import { keyHere } from "./here.ts";
import { KeyService } from "./key-service.ts";
import { malformedAnswer } from "./service-request.ts";
import { SignerError, type SignatureAlgorithm, type Signer } from "./signer.ts";

const KMS: AwsServiceName = {
  title: "AWS KMS",
  service: "kms",
  target: "TrentService",
  variable: "AWS_ENDPOINT_URL_KMS",
};
/** Of a message that KMS hashes itself. */
const MAX_RAW_BYTES = 4096;
const SYMMETRIC = "SYMMETRIC_DEFAULT";
const ED25519 = "ED25519_SHA_512";
/** By the first two letters of the JOSE name. */
const FAMILIES: Readonly<Record<string, string>> = {
  RS: "RSASSA_PKCS1_V1_5_SHA_",
  PS: "RSASSA_PSS_SHA_",
  ES: "ECDSA_SHA_",
};

interface AwsKmsSettings {
  readonly key: string | Readonly<Record<string, string>>;
}

interface KeyDeps {
  readonly arn: string;
  readonly kms: AwsService;
  readonly platform: Platform;
}

/**
 * `backend: aws_kms`: each signature is one `kms:Sign`, each data key one `kms:Decrypt`, on the one key whose ARN is
 * configured. Nothing is asked before that: the public key is in the configuration.
 * @see https://docs.aws.amazon.com/kms/latest/APIReference/API_Sign.html
 * @see https://docs.aws.amazon.com/kms/latest/APIReference/API_Decrypt.html
 */
export async function openAwsKms(
  { key }: AwsKmsSettings,
  deps: BackendDeps,
): Promise<KeyHandle | undefined> {
  const arn = keyHere(key, deps, variable(deps, "AWS_REGION"));
  const kms = arn === undefined ? undefined : awsService(KMS, arn, deps);
  if (arn === undefined || kms === undefined) return undefined;
  const opened = { arn, kms, platform: deps.platform };
  return {
    signer: (id, chosen, publicKey) => awsKmsSigner(id, chosen, publicKey, opened),
    unwrapper: (id) => awsKmsUnwrapper(id, opened),
  };
}

function awsKmsSigner(
  id: string,
  chosen: ChosenAlgorithm,
  publicKey: PublicKey,
  deps: KeyDeps,
): Signer | undefined {
  const name = signingAlgorithmName(chosen.algorithm);
  if (name === undefined) return undefined;
  const { info } = publicKey;
  const service = new KeyService(`the key service of ${id}`);
  return Object.freeze({
    id,
    ...chosen,
    publicKey,
    async sign(data: Uint8Array): Promise<Uint8Array> {
      const message = await messageOf(id, data, name, deps);
      const parameters = { KeyId: deps.arn, ...message, SigningAlgorithm: name };
      const answer = await askKms(id, "Sign", parameters, service, deps);
      if (answer["KeyId"] !== deps.arn || answer["SigningAlgorithm"] !== name)
        throw new SignerError("unsound", `AWS KMS signed for ${id} with another key or algorithm`);
      const bytes = decodeBase64(textOf(answer["Signature"]));
      const signature =
        bytes.ok && info.type === "EC" ? ecdsaDerToRaw(bytes.value, info.curve) : bytes;
      if (!signature.ok)
        throw new SignerError("unsound", `AWS KMS answered for ${id} with no signature`);
      return signature.value;
    },
  });
}

function awsKmsUnwrapper(id: string, deps: KeyDeps): Unwrapper {
  const service = new KeyService(`the key service of ${id}`);
  return {
    async unwrap(wrapped, context) {
      const parameters = {
        KeyId: deps.arn,
        CiphertextBlob: encodeBase64(wrapped),
        EncryptionContext: { svidmint: context },
        EncryptionAlgorithm: SYMMETRIC,
      };
      const answer = await askKms(id, "Decrypt", parameters, service, deps);
      // moto leaves the algorithm out; the key has no other.
      const { KeyId, EncryptionAlgorithm = SYMMETRIC } = answer;
      if (KeyId !== deps.arn || EncryptionAlgorithm !== SYMMETRIC)
        throw new SignerError("unsound", `AWS KMS decrypted for ${id} with another key`);
      const plain = decodeBase64(textOf(answer["Plaintext"]));
      if (!plain.ok || plain.value.length === 0)
        throw new SignerError("unsound", `AWS KMS answered for ${id} with no data key`);
      return plain.value;
    },
  };
}

/** @throws SignerError */
function askKms(
  id: string,
  operation: string,
  parameters: JsonObject,
  service: KeyService,
  { kms }: KeyDeps,
): Promise<JsonObject> {
  return service.call(
    async (timeoutMs) =>
      (await kms.ask(id, { operation, parameters }, timeoutMs)) ?? malformedAnswer(KMS.title, id),
  );
}

function signingAlgorithmName(algorithm: SignatureAlgorithm): string | undefined {
  if (algorithm === "EdDSA") return ED25519;
  const family = FAMILIES[algorithm.slice(0, 2)];
  return family && family + algorithm.slice(2);
}

async function messageOf(
  id: string,
  data: Uint8Array,
  name: string,
  { platform }: KeyDeps,
): Promise<JsonObject> {
  if (data.length <= MAX_RAW_BYTES) return { Message: encodeBase64(data), MessageType: "RAW" };
  // Ed25519 hashes the message twice over: there is no digest of it that could be sent.
  if (name === ED25519)
    throw new SignerError("denied", `AWS KMS signs no more than 4096 bytes for ${id}`);
  const bits = name.slice(-3);
  const hash = bits === "256" ? "SHA-256" : bits === "384" ? "SHA-384" : "SHA-512";
  return { Message: encodeBase64(await platform.digest(hash, data)), MessageType: "DIGEST" };
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
