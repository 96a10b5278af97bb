import { decodeBase64, encodeBase64 } from "../encoding/base64.ts";
import { ecdsaDerToRaw } from "../encoding/ecdsa.ts";
import type { JsonObject } from "../encoding/json.ts";
import type { PublicKey } from "../encoding/primitives.ts";
import { awsCredentials } from "../platform/aws-credentials.ts";
import { variable, type CredentialSource } from "../platform/credentials.ts";
import type { Platform } from "../platform/platform.ts";
import { signAwsRequest, type AwsCredentials } from "../platform/sigv4.ts";
import type { ChosenAlgorithm } from "./algorithms.ts";
import type { BackendDeps, KeyHandle } from "./backend.ts";
import { endpointHere, keyHere } from "./here.ts";
import { KeyService } from "./key-service.ts";
import { askService, credentialsFrom, malformedAnswer } from "./service-request.ts";
import { SignerError, type SignatureAlgorithm, type Signer } from "./signer.ts";

/** Of a message that KMS hashes itself. */
const MAX_RAW_BYTES = 4096;
const TYPE = "application/x-amz-json-1.1";
/** What KMS says with status 400 of a moment that passes. */
const THROTTLED = ["ThrottlingException", "LimitExceededException"];
/** By the first two letters of the JOSE name. */
const FAMILIES: Readonly<Record<string, string>> = {
  RS: "RSASSA_PKCS1_V1_5_SHA_",
  PS: "RSASSA_PSS_SHA_",
  ES: "ECDSA_SHA_",
};

interface AwsKmsSettings {
  readonly key: string | Readonly<Record<string, string>>;
}

/**
 * `backend: aws_kms`, mode `direct`: each signature is one `kms:Sign` on the one key whose ARN is configured. Nothing
 * is asked before that: the public key is in the configuration.
 * @see https://docs.aws.amazon.com/kms/latest/APIReference/API_Sign.html
 */
export async function openAwsKms(
  { key }: AwsKmsSettings,
  deps: BackendDeps,
): Promise<KeyHandle | undefined> {
  const arn = keyHere(key, deps, variable(deps, "AWS_REGION"));
  if (arn === undefined) return undefined;
  const [, partition, , region = ""] = arn.split(":");
  const suffix = partition === "aws-cn" ? "amazonaws.com.cn" : "amazonaws.com";
  const usual = `https://kms.${region}.${suffix}/`;
  const url = endpointHere("AWS_ENDPOINT_URL_KMS", usual, deps);
  if (url === undefined) return undefined;
  const sign = { arn, region, url, platform: deps.platform, credentials: awsCredentials(deps) };
  return { signer: (id, chosen, publicKey) => awsKmsSigner(id, chosen, publicKey, sign) };
}

interface SignDeps {
  readonly arn: string;
  readonly region: string;
  readonly url: string;
  readonly platform: Platform;
  readonly credentials: CredentialSource<AwsCredentials>;
}

function awsKmsSigner(
  id: string,
  chosen: ChosenAlgorithm,
  publicKey: PublicKey,
  deps: SignDeps,
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
      const body = await requestBody(data, chosen.algorithm, name, deps);
      const answer = await service.call((timeoutMs) => ask(id, body, timeoutMs, deps));
      if (answer["KeyId"] !== deps.arn || answer["SigningAlgorithm"] !== name)
        throw new SignerError("unsound", `AWS KMS signed for ${id} with another key or algorithm`);
      const { Signature: text } = answer;
      const bytes = decodeBase64(typeof text === "string" ? text : "");
      const signature =
        bytes.ok && info.type === "EC" ? ecdsaDerToRaw(bytes.value, info.curve) : bytes;
      if (!signature.ok)
        throw new SignerError("unsound", `AWS KMS answered for ${id} with no signature`);
      return signature.value;
    },
  });
}

function signingAlgorithmName(algorithm: SignatureAlgorithm): string | undefined {
  const family = FAMILIES[algorithm.slice(0, 2)];
  return family && family + algorithm.slice(2);
}

async function requestBody(
  data: Uint8Array,
  algorithm: SignatureAlgorithm,
  name: string,
  { arn, platform }: SignDeps,
): Promise<string> {
  const raw = data.length <= MAX_RAW_BYTES;
  const bits = algorithm.slice(2);
  const hash = bits === "256" ? "SHA-256" : bits === "384" ? "SHA-384" : "SHA-512";
  return JSON.stringify({
    KeyId: arn,
    Message: encodeBase64(raw ? data : await platform.digest(hash, data)),
    MessageType: raw ? "RAW" : "DIGEST",
    SigningAlgorithm: name,
  });
}

/** @throws SignerError */
async function ask(
  id: string,
  body: string,
  timeoutMs: number,
  { url, region, platform, credentials }: SignDeps,
): Promise<JsonObject> {
  const end = performance.now() + timeoutMs;
  const { host, pathname: path } = new URL(url);
  const headers = { "content-type": TYPE, "x-amz-target": "TrentService.Sign" };
  const signed = await signAwsRequest(
    platform,
    { method: "POST", host, path, headers: Object.entries(headers), body },
    await credentialsFrom(credentials),
    { region, service: "kms", now: platform.now() },
  );
  const left = end - performance.now();
  // Nobody waits any more: nothing is signed for nobody.
  if (left <= 0) throw new SignerError("timeout", `there are no AWS credentials for ${id} in time`);
  const { status, body: answer } = await askService(platform, "AWS KMS", id, url, {
    method: "POST",
    headers: { ...headers, ...signed.headers },
    body,
    timeoutMs: left,
  });
  if (status === 200) return answer ?? malformedAnswer("AWS KMS", id);
  throw refusal(id, status, answer?.["__type"]);
}

/** @param type the service's own name of the failure; what it says beside it is not repeated */
function refusal(id: string, status: number, type: unknown): SignerError {
  const name = typeof type === "string" ? type.slice(type.indexOf("#") + 1) : "";
  const shown = /^\w{1,64}$/.test(name) ? ` ${name}` : "";
  const message = `AWS KMS refuses to sign for ${id}: status ${status}${shown}`;
  if (status === 429 || THROTTLED.includes(name)) return new SignerError("throttled", message);
  return new SignerError(status >= 500 ? "unavailable" : "denied", message);
}
