import { ecdsaRawToDer } from "../../src/encoding/ecdsa.ts";
import { toHex } from "../../src/encoding/bytes.ts";
import type { HashName, SignatureScheme } from "../../src/encoding/primitives.ts";
import type { Platform, PrivateKey } from "../../src/platform/platform.ts";
import { base64, fromBase64 } from "./keys.ts";
import { later } from "./later.ts";

/** As much of AWS KMS as issuing asks, written from the API reference: `Sign` by asymmetric keys, `Decrypt` by symmetric ones. */
export type Asked = Readonly<Record<string, unknown>>;

export interface KmsAnswer {
  readonly KeyId: string;
  readonly SigningAlgorithm?: string;
  readonly Signature?: string;
  readonly EncryptionAlgorithm?: string;
  readonly Plaintext?: string;
}

/** In place of an answer; undefined: that one. */
export type KmsFault = (answer: KmsAnswer) => Response | Promise<Response | undefined> | undefined;

/** A message that was signed, whole: where it came as a digest, the one that was told before. */
interface SignedMessage {
  readonly arn: string;
  readonly message: Uint8Array;
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
  /** The ledger: nothing else was ever signed. */
  readonly signed: SignedMessage[] = [];
  fault: KmsFault = () => undefined;
  readonly #platform: Platform;
  readonly #keys = new Map<string, PrivateKey>();
  readonly #symmetric = new Map<string, CryptoKey>();
  readonly #long: Uint8Array[] = [];

  constructor(platform: Platform) {
    this.#platform = platform;
  }

  /** @returns its ARN */
  add(name: string, key: PrivateKey): string {
    this.#keys.set(keyArn(name), key);
    return keyArn(name);
  }

  /** A key of the specification `SYMMETRIC_DEFAULT`. @returns its ARN */
  async addSymmetric(name: string): Promise<string> {
    const key = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, [
      "encrypt",
      "decrypt",
    ]);
    if (!("type" in key)) throw new Error("no key");
    this.#symmetric.set(keyArn(name), key);
    return keyArn(name);
  }

  /** `Encrypt`, by an operator. @returns what `CiphertextBlob` holds */
  async encrypt(arn: string, plain: Uint8Array, context: object): Promise<Uint8Array> {
    const key = this.#symmetric.get(arn);
    if (key === undefined) throw new Error("no such key");
    const iv = crypto.getRandomValues(new Uint8Array(12));
    const sealed = await crypto.subtle.encrypt(gcm(iv, context), key, new Uint8Array(plain));
    return new Uint8Array([...iv, ...new Uint8Array(sealed)]);
  }

  /** WebCrypto signs no digest: what is too long to be sent whole is known here before. */
  expect(message: Uint8Array): this {
    this.#long.push(message);
    return this;
  }

  readonly fetch = async (url: string, init?: RequestInit): Promise<Response> => {
    if (url !== "https://kms.eu-central-1.amazonaws.com/") throw new TypeError("no host");
    return this.handle(new Request(url, init));
  };

  /** For an HTTP server: whatever its address. */
  readonly handle = async (request: Request): Promise<Response> => {
    const { headers } = request;
    const [, region, signed] = AUTHORIZATION.exec(headers.get("authorization") ?? "") ?? [];
    if (region !== "eu-central-1" || signed?.includes("x-amz-target") !== true)
      return failure("IncompleteSignatureException");
    const asked: Asked = await request.json();
    this.asked.push(asked);
    await later();
    const answer = await this.#answer(headers.get("x-amz-target") ?? "", asked);
    if (typeof answer === "string") return failure(answer);
    return (await this.fault(answer)) ?? Response.json(answer);
  };

  /** @returns the name of a failure where there is one */
  async #answer(target: string, asked: Asked): Promise<KmsAnswer | string> {
    if (target === "TrentService.Sign") return this.#sign(asked);
    return target === "TrentService.Decrypt" ? this.#decrypt(asked) : "AccessDeniedException";
  }

  async #sign(asked: Asked): Promise<KmsAnswer | string> {
    const { KeyId = "", SigningAlgorithm = "" } = texts(asked);
    const key = this.#keys.get(KeyId);
    if (key === undefined) return "NotFoundException";
    const message = await this.#message(texts(asked));
    if (message === undefined) return "ValidationException";
    const scheme = schemeNamed(SigningAlgorithm);
    const signature = await this.#platform.sign(scheme, key, message);
    this.signed.push({ arn: KeyId, message });
    const Signature = base64(scheme.name === "ECDSA" ? ecdsaRawToDer(signature) : signature);
    return { KeyId, Signature, SigningAlgorithm };
  }

  async #decrypt(asked: Asked): Promise<KmsAnswer | string> {
    const { KeyId = "", CiphertextBlob = "", EncryptionAlgorithm = "" } = texts(asked);
    const key = this.#symmetric.get(KeyId);
    if (key === undefined) return "NotFoundException";
    const { EncryptionContext: context } = asked;
    if (EncryptionAlgorithm !== "SYMMETRIC_DEFAULT" || typeof context !== "object" || !context)
      return "ValidationException";
    const bytes = fromBase64(CiphertextBlob);
    try {
      const iv = bytes.slice(0, 12);
      const plain = await crypto.subtle.decrypt(gcm(iv, context), key, bytes.slice(12));
      return { KeyId, Plaintext: base64(new Uint8Array(plain)), EncryptionAlgorithm };
    } catch {
      return "InvalidCiphertextException";
    }
  }

  async #message(asked: Readonly<Record<string, string>>): Promise<Uint8Array | undefined> {
    const { Message = "", MessageType, SigningAlgorithm = "" } = asked;
    const bytes = fromBase64(Message);
    if (MessageType === "RAW") return bytes.length > 4096 ? undefined : bytes;
    if (SigningAlgorithm.startsWith("ED25519")) return undefined;
    const hash = HASHES[SigningAlgorithm.slice(-3)] ?? "SHA-256";
    for (const message of this.#long) {
      const digest = await this.#platform.digest(hash, message); // oxlint-disable-line no-await-in-loop -- one or two
      if (toHex(digest) === toHex(bytes)) return message;
    }
    return undefined;
  }
}

function texts(asked: Asked): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(asked).filter(
      (member): member is [string, string] => typeof member[1] === "string",
    ),
  );
}

function gcm(iv: Uint8Array<ArrayBuffer>, context: object) {
  const pairs = JSON.stringify(Object.entries(context).toSorted());
  return { name: "AES-GCM", iv, additionalData: new TextEncoder().encode(pairs) };
}

function schemeNamed(name: string): SignatureScheme {
  const hash = HASHES[name.slice(-3)] ?? "SHA-256";
  if (name === "ED25519_SHA_512") return { name: "Ed25519" };
  if (name.startsWith("ECDSA_")) return { name: "ECDSA", hash };
  if (name.startsWith("RSASSA_PSS_")) return { name: "RSA-PSS", hash };
  return { name: "RSASSA-PKCS1-v1_5", hash };
}

/** As KMS names its refusals. */
export function failure(type: string, status = 400): Response {
  return Response.json({ __type: type, message: "the secret is hunter2" }, { status });
}
