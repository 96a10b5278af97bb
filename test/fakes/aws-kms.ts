import { ecdsaRawToDer } from "../../src/encoding/ecdsa.ts";
import { toHex } from "../../src/encoding/bytes.ts";
import type { HashName, SignatureScheme } from "../../src/encoding/primitives.ts";
import type { Platform, PrivateKey } from "../../src/platform/platform.ts";
import { base64 } from "./keys.ts";
import { later } from "./later.ts";

/** As much of AWS KMS as a signature asks, written from the API reference: asymmetric keys and `Sign`. */
interface Asked {
  readonly KeyId: string;
  readonly Message: string;
  readonly MessageType: "RAW" | "DIGEST";
  readonly SigningAlgorithm: string;
}

export interface KmsAnswer {
  readonly KeyId: string;
  readonly Signature: string;
  readonly SigningAlgorithm: string;
}

const AUTHORIZATION =
  /Credential=AKIDEXAMPLE\/\d{8}\/([\w-]+)\/kms\/aws4_request, SignedHeaders=([\w;-]+), Signature=[0-9a-f]{64}$/;
const HASHES: Readonly<Record<string, HashName>> = {
  "256": "SHA-256",
  "384": "SHA-384",
  "512": "SHA-512",
};
export const KMS_VARIABLES: Readonly<Record<string, string>> = {
  AWS_ACCESS_KEY_ID: "AKIDEXAMPLE",
  AWS_SECRET_ACCESS_KEY: "hunter2",
};

export function keyArn(name: string, region = "eu-central-1"): string {
  return `arn:aws:kms:${region}:111122223333:key/${name}`;
}

export class FakeKms {
  readonly asked: Asked[] = [];
  /** In place of the answer; undefined: that one. */
  fault: (answer: KmsAnswer) => Response | Promise<Response> | undefined = () => undefined;
  readonly #platform: Platform;
  readonly #keys = new Map<string, PrivateKey>();
  readonly #long: Uint8Array[] = [];

  constructor(platform: Platform) {
    this.#platform = platform;
  }

  /** @returns its ARN */
  add(name: string, key: PrivateKey): string {
    this.#keys.set(keyArn(name), key);
    return keyArn(name);
  }

  /** WebCrypto signs no digest: what is too long to be sent whole is known here before. */
  expect(message: Uint8Array): this {
    this.#long.push(message);
    return this;
  }

  readonly fetch = async (url: string, init?: RequestInit): Promise<Response> => {
    const request = new Request(url, init);
    const { headers } = request;
    if (request.url !== "https://kms.eu-central-1.amazonaws.com/") throw new TypeError("no host");
    if (headers.get("x-amz-target") !== "TrentService.Sign")
      return failure("AccessDeniedException");
    const [, region, signed] = AUTHORIZATION.exec(headers.get("authorization") ?? "") ?? [];
    if (region !== "eu-central-1" || signed?.includes("x-amz-target") !== true)
      return failure("IncompleteSignatureException");
    const asked: Asked = await request.json();
    this.asked.push(asked);
    await later();
    const key = this.#keys.get(asked.KeyId);
    if (key === undefined) return failure("NotFoundException");
    const message = await this.#message(asked);
    if (message === undefined) return failure("ValidationException");
    const scheme = schemeNamed(asked.SigningAlgorithm);
    const signature = await this.#platform.sign(scheme, key, message);
    const answer = {
      KeyId: asked.KeyId,
      Signature: base64(scheme.name === "ECDSA" ? ecdsaRawToDer(signature) : signature),
      SigningAlgorithm: asked.SigningAlgorithm,
    };
    return this.fault(answer) ?? Response.json(answer);
  };

  async #message({
    Message,
    MessageType,
    SigningAlgorithm,
  }: Asked): Promise<Uint8Array | undefined> {
    const bytes = Uint8Array.from(atob(Message), (character) => character.charCodeAt(0));
    if (MessageType === "RAW") return bytes.length > 4096 ? undefined : bytes;
    const hash = HASHES[SigningAlgorithm.slice(-3)] ?? "SHA-256";
    for (const message of this.#long) {
      const digest = await this.#platform.digest(hash, message); // oxlint-disable-line no-await-in-loop -- one or two
      if (toHex(digest) === toHex(bytes)) return message;
    }
    return undefined;
  }
}

function schemeNamed(name: string): SignatureScheme {
  const hash = HASHES[name.slice(-3)] ?? "SHA-256";
  if (name.startsWith("ECDSA_")) return { name: "ECDSA", hash };
  if (name.startsWith("RSASSA_PSS_")) return { name: "RSA-PSS", hash };
  return { name: "RSASSA-PKCS1-v1_5", hash };
}

/** As KMS names its refusals. */
export function failure(type: string, status = 400): Response {
  return Response.json({ __type: type, message: "the secret is hunter2" }, { status });
}
