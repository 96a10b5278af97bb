import { isJsonObject, type JsonObject } from "../../encoding/json.ts";
import { awsCredentials } from "../../platform/aws-credentials.ts";
import { variable } from "../../platform/credentials.ts";
import type { KeyMode } from "../../signer/definition.ts";
import { UsageError } from "../errors.ts";
import { awsKmsUrl, callAwsKms } from "./aws-call.ts";
import { bytesIn, malformed } from "./service-call.ts";
import {
  keyIn,
  KeyServiceError,
  type AdminDeps,
  type KeyAdmin,
  type KeyRequest,
  type KeySettings,
  type KeyType,
} from "./key-admin.ts";

const SPECS: Readonly<Partial<Record<KeyType, string>>> = {
  p256: "ECC_NIST_P256",
  p384: "ECC_NIST_P384",
  rsa2048: "RSA_2048",
  rsa3072: "RSA_3072",
  rsa4096: "RSA_4096",
};
/** What an issuer's role could be granted by mistake, as far as a question without effect shows it. */
const SURPLUS = ["GetKeyPolicy", "ListGrants", "GetKeyRotationStatus"] as const;

/** @see https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateKey.html */
export function awsKmsAdmin(given: AdminDeps): KeyAdmin {
  const deps = { ...given, credentials: awsCredentials(given) };
  const regionFor = ({ where }: KeyRequest): string => {
    const region = where ?? variable(deps, "AWS_REGION") ?? variable(deps, "AWS_DEFAULT_REGION");
    if (region === undefined || !/^[a-z]{2}(?:-[a-z]+)+-\d{1,2}$/.test(region))
      throw new UsageError("name the AWS region: --where eu-central-1, or AWS_REGION");
    return region;
  };
  const ask = (
    operation: string,
    settings: KeySettings,
    more: object = {},
  ): Promise<JsonObject> => {
    const arn = arnIn(settings, deps);
    return callAwsKms(operation, { KeyId: arn, ...more }, regionOf(arn), deps);
  };
  return {
    name: "AWS KMS",
    byHand(request) {
      const { KeySpec, KeyUsage, Description } = parameters(request);
      const region = request.where ?? variable(deps, "AWS_REGION") ?? "REGION";
      const create = `aws kms create-key --region ${region} --key-spec ${KeySpec} --key-usage ${KeyUsage} --description "${Description}" --query KeyMetadata.Arn --output text`;
      if (request.mode === "wrapped") return [create];
      const file = `${request.id}.pub`;
      return [
        create,
        `aws kms get-public-key --region ${region} --key-id KEY_ARN --query PublicKey --output text | base64 -d | openssl pkey -pubin -inform DER -out ${file}`,
      ];
    },
    leastPolicy: (mode, settings) => policy(mode, settings),
    async create(request) {
      const created = await callAwsKms("CreateKey", parameters(request), regionFor(request), deps);
      const { KeyMetadata: metadata } = created;
      const arn = isJsonObject(metadata) ? metadata["Arn"] : undefined;
      if (typeof arn !== "string") throw malformed("AWS KMS CreateKey");
      return { key: arn };
    },
    async publicKey(settings) {
      const answer = await ask("GetPublicKey", settings);
      // AWS answers with the ARN; there are emulators that leave all but the key's id out.
      const { KeyId: id } = answer;
      const arn = arnIn(settings, deps);
      if (typeof id !== "string" || (id !== arn && !arn.endsWith(`:key/${id}`)))
        throw malformed("AWS KMS GetPublicKey");
      return bytesIn(answer, "PublicKey", "AWS KMS GetPublicKey");
    },
    async dataKey(settings, context) {
      const answer = await ask("GenerateDataKey", settings, {
        KeySpec: "AES_256",
        EncryptionContext: { svidmint: context },
      });
      const plain = bytesIn(answer, "Plaintext", "AWS KMS GenerateDataKey");
      if (plain.length !== 32) throw malformed("AWS KMS GenerateDataKey");
      return { plain, wrapped: bytesIn(answer, "CiphertextBlob", "AWS KMS GenerateDataKey") };
    },
    async surplus(settings) {
      const granted = await Promise.all(
        SURPLUS.map(async (operation) => {
          const more = operation === "GetKeyPolicy" ? { PolicyName: "default" } : {};
          return ask(operation, settings, more).then(
            () => [`kms:${operation}`],
            (error: unknown) => {
              if (error instanceof KeyServiceError) return [];
              throw error;
            },
          );
        }),
      );
      return granted.flat();
    },
    endpoint: (settings) => awsKmsUrl(regionOf(arnIn(settings, deps)), deps.env),
  };
}

function parameters({ mode, type, use, id, trustDomain }: KeyRequest) {
  const KeySpec = mode === "wrapped" ? "SYMMETRIC_DEFAULT" : SPECS[type];
  if (KeySpec === undefined)
    throw new UsageError(`AWS KMS keys are of type ${Object.keys(SPECS).join(", ")}`);
  return {
    KeySpec,
    KeyUsage: mode === "wrapped" ? "ENCRYPT_DECRYPT" : "SIGN_VERIFY",
    Description: `svidmint ${trustDomain} ${use} ${id}`,
  };
}

function policy(mode: KeyMode, { key }: KeySettings): string {
  const arns =
    key === undefined ? "KEY_ARN" : typeof key === "object" && key ? Object.values(key) : key;
  const Action = mode === "wrapped" ? "kms:Decrypt" : "kms:Sign";
  const Statement = [{ Effect: "Allow", Action, Resource: arns }];
  return JSON.stringify({ Version: "2012-10-17", Statement }, undefined, 2);
}

function arnIn(settings: KeySettings, deps: AdminDeps): string {
  return keyIn(settings, deps, variable(deps, "AWS_REGION"));
}

function regionOf(arn: string): string {
  const region = arn.split(":")[3] ?? "";
  if (region === "") throw new UsageError("a key of AWS KMS is named by its ARN");
  return region;
}
