import { expect } from "vitest";
import * as z from "zod/mini";
import type { Moto } from "../../../scripts/interop/moto.ts";
import { encodePem } from "../../../src/encoding/pem.ts";
import { parseSpki } from "../../../src/encoding/public-key.ts";
import { nodePlatform } from "../../../src/platform/node/node-platform.ts";
import { signingAlgorithm } from "../../../src/signer/algorithms.ts";
import { openAwsKms } from "../../../src/signer/aws-kms.ts";
import type { Signer } from "../../../src/signer/signer.ts";
import { wrapKey, wrappingContext } from "../../../src/signer/envelope.ts";
import { thumbprint } from "../../../src/platform/thumbprint.ts";
import { TRUST_DOMAIN } from "../../../scripts/interop/configuration.ts";
import { administer, ANYBODY } from "./moto.ts";

const REGION = "eu-central-1";
const createdSchema = z.object({ KeyMetadata: z.object({ Arn: z.string() }) });
const publicSchema = z.object({ PublicKey: z.string() });
const dataKeySchema = z.object({ Plaintext: z.string(), CiphertextBlob: z.string() });
const platform = nodePlatform();

export interface KmsKey {
  readonly arn: string;
  readonly spki: Uint8Array;
  readonly signer: Signer;
}

/** Where moto is KMS, for whoever it takes for anybody. */
export function motoKms(moto: Moto): Readonly<Record<string, string>> {
  return {
    AWS_ENDPOINT_URL_KMS: `http://127.0.0.1:${moto.port}`,
    AWS_ACCESS_KEY_ID: ANYBODY.accessKeyId,
    AWS_SECRET_ACCESS_KEY: ANYBODY.secretAccessKey,
  };
}

/** As an operator does it: not what the issuer may. */
async function operate(moto: Moto, operation: string, parameters: object): Promise<unknown> {
  const headers = {
    "content-type": "application/x-amz-json-1.1",
    "x-amz-target": `TrentService.${operation}`,
  };
  const scope = { service: "kms", region: REGION };
  const body = JSON.stringify(parameters);
  return JSON.parse(await administer(moto, scope, `kms.${REGION}.amazonaws.com`, headers, body));
}

export async function createSigningKey(
  moto: Moto,
  KeySpec: string,
  use: "x509" | "jwt",
): Promise<KmsKey> {
  const created = await operate(moto, "CreateKey", { KeySpec, KeyUsage: "SIGN_VERIFY" });
  const arn = createdSchema.parse(created).KeyMetadata.Arn;
  const told = publicSchema.parse(await operate(moto, "GetPublicKey", { KeyId: arn }));
  const spki = new Uint8Array(Buffer.from(told.PublicKey, "base64"));
  const info = parseSpki(spki);
  if (!info.ok) throw new Error(info.error.reason);
  const chosen = signingAlgorithm(use, info.value);
  const publicKey = await platform.importPublicKey(info.value);
  if (!chosen.ok || !publicKey.ok) throw new Error("not a usable key");
  const env = motoKms(moto);
  const nothing = () => Promise.reject(new Error("reads nothing"));
  const handle = await openAwsKms(
    { key: arn },
    {
      platform,
      read: nothing,
      readPrivate: nothing,
      env: (name) => env[name],
      complain: (field, message) => expect.fail(`${field}: ${message}`),
    },
  );
  const signer = handle?.signer?.(use, chosen.value, publicKey.value);
  if (signer === undefined) throw new Error("no signer");
  return { arn, spki, signer };
}

export interface WrappedKey {
  /** Of the key that decrypts. */
  readonly arn: string;
  /** Texts of the files that the entry names. */
  readonly wrapped: string;
  readonly publicKey: string;
}

/** A JWT key of RSA, wrapped by a key of its own. */
export async function createWrappedKey(moto: Moto): Promise<WrappedKey> {
  const created = await operate(moto, "CreateKey", { KeySpec: "SYMMETRIC_DEFAULT" });
  const arn = createdSchema.parse(created).KeyMetadata.Arn;
  const key = await platform.generateKey("RSA-2048");
  const { info, spki } = key.publicKey;
  const whom = { trustDomain: TRUST_DOMAIN, use: "jwt" } as const;
  const kid = await thumbprint(platform, info);
  const made = await operate(moto, "GenerateDataKey", {
    KeyId: arn,
    KeySpec: "AES_256",
    EncryptionContext: { svidmint: wrappingContext({ ...whom, kid }) },
  });
  const { Plaintext, CiphertextBlob } = dataKeySchema.parse(made);
  const bytes = (text: string) => new Uint8Array(Buffer.from(text, "base64"));
  const dataKey = { plain: bytes(Plaintext), wrapped: bytes(CiphertextBlob) };
  const wrapped = await wrapKey(key, whom, dataKey, platform);
  return { arn, wrapped, publicKey: encodePem("PUBLIC KEY", spki) };
}
