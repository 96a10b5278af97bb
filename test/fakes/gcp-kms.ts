import { toHex } from "../../src/encoding/bytes.ts";
import { ecdsaRawToDer } from "../../src/encoding/ecdsa.ts";
import { encodePem } from "../../src/encoding/pem.ts";
import type { HashName, SignatureScheme } from "../../src/encoding/primitives.ts";
import type { Platform, PrivateKey } from "../../src/platform/platform.ts";
import { signDigest } from "./digest-signer.ts";
import { DataKeys } from "./gcp-kms-data-keys.ts";
import { refuse, checksumOf, checksumsHold, type Asked } from "./gcp-kms-protocol.ts";
import { base64, fromBase64 } from "./keys.ts";
import { later } from "./later.ts";

/**
 * As much of Google Cloud KMS (REST v1) as keys that sign and keys that decrypt need, written from its reference.
 * @see https://cloud.google.com/kms/docs/reference/rest
 */
export interface KeyVersion {
  readonly key: PrivateKey;
  /** As Google names it: `EC_SIGN_P256_SHA256`. */
  readonly algorithm: string;
  state: "ENABLED" | "DISABLED" | "DESTROYED";
}

/** One signature that was made: what an issuer's audit log has to account for. */
export interface Signed {
  readonly name: string;
  /** Of the message; absent where the message itself came. */
  readonly digest?: Uint8Array;
  readonly data?: Uint8Array;
}

export type Answer = Readonly<Record<string, unknown>>;
type Fault = (answer: Answer, asked: Asked) => Response | Promise<Response> | undefined;

export const RING = "projects/acme-identity/locations/europe-west3/keyRings/svidmint";
export const versionName = (key: string, version = 1): string =>
  `${RING}/cryptoKeys/${key}/cryptoKeyVersions/${version}`;
/** Everything; a token of the issuer's has no more than it needs. */
export const OPERATOR = "ya29.operator";
const METHOD =
  /^\/v1\/(projects\/.+\/cryptoKeys\/[\w-]+(?:\/cryptoKeyVersions\/\d+)?)(:\w+|\/publicKey)$/;
const PERMISSIONS: Readonly<Record<string, string>> = {
  ":asymmetricSign": "useToSign",
  ":decrypt": "useToDecrypt",
  ":encrypt": "useToEncrypt",
  "/publicKey": "viewPublicKey",
};

export class FakeGcpKms {
  readonly ledger: Signed[] = [];
  /** Every request that named a method, refused ones included. */
  readonly asked: { readonly name: string; readonly method: string; readonly body: Asked }[] = [];
  readonly dataKeys = new DataKeys();
  /** By access token: `useToSign`, `useToDecrypt` … */
  readonly permissions = new Map<string, ReadonlySet<string>>();
  /** In place of the answer; undefined: that one. */
  fault: Fault = () => undefined;
  readonly #platform: Platform;
  readonly #versions = new Map<string, KeyVersion>();
  readonly #messages = new Map<string, Uint8Array>();

  constructor(platform: Platform) {
    this.#platform = platform;
    this.permissions.set(OPERATOR, new Set(Object.values(PERMISSIONS)));
  }

  /** @returns the version's name */
  add(name: string, key: PrivateKey, algorithm: string): string {
    this.#versions.set(versionName(name), { key, algorithm, state: "ENABLED" });
    return versionName(name);
  }

  version(name: string): KeyVersion {
    const version = this.#versions.get(name);
    if (version === undefined) throw new Error("no such version");
    return version;
  }

  /** The same platform, whose digests are remembered with what they are of. */
  hashing(platform: Platform): Platform {
    const digest: Platform["digest"] = async (hash, data) => {
      const made = await platform.digest(hash, data);
      this.#messages.set(toHex(made), new Uint8Array(data));
      return made;
    };
    return { ...platform, digest };
  }

  /** What a signature is of, where it is known. */
  messageOf({ data, digest }: Signed): Uint8Array | undefined {
    return data ?? (digest && this.#messages.get(toHex(digest)));
  }

  readonly fetch = (url: string, init?: RequestInit): Promise<Response> => {
    if (new URL(url).origin !== "https://cloudkms.googleapis.com") throw new TypeError("no host");
    return this.handle(new Request(url, init));
  };

  readonly handle = async (request: Request): Promise<Response> => {
    const { pathname } = new URL(request.url);
    const [, name = "", method = ""] = METHOD.exec(decodeURIComponent(pathname)) ?? [];
    const permission = PERMISSIONS[method];
    if (permission === undefined) return refuse(404, "NOT_FOUND");
    const body: Asked = request.method === "POST" ? await request.json() : {};
    this.asked.push({ name, method, body });
    await later();
    const token = /^Bearer (\S+)$/.exec(request.headers.get("authorization") ?? "")?.[1] ?? "";
    const may = this.permissions.get(token);
    if (may === undefined) return refuse(401, "UNAUTHENTICATED");
    if (!may.has(permission)) return refuse(403, "PERMISSION_DENIED");
    if (!checksumsHold(body)) return refuse(400, "INVALID_ARGUMENT");
    const answer =
      method === ":asymmetricSign" || method === "/publicKey"
        ? await this.#ofVersion(name, method, body)
        : await this.dataKeys.answer(name, method, body);
    if (answer instanceof Response) return answer;
    return (await this.fault(answer, body)) ?? Response.json(answer);
  };

  async #ofVersion(name: string, method: string, body: Asked): Promise<Answer | Response> {
    const version = this.#versions.get(name);
    if (version === undefined) return refuse(404, "NOT_FOUND");
    if (version.state !== "ENABLED") return refuse(400, "FAILED_PRECONDITION");
    const { key, algorithm } = version;
    if (method === "/publicKey")
      return { name, algorithm, pem: encodePem("PUBLIC KEY", key.publicKey.spki) };
    const scheme = schemeNamed(algorithm);
    const signature = await this.#sign(name, scheme, key, body);
    if (signature === undefined) return refuse(400, "INVALID_ARGUMENT");
    const bytes = scheme.name === "ECDSA" ? ecdsaRawToDer(signature) : signature;
    return {
      name,
      signature: base64(bytes),
      signatureCrc32c: checksumOf(bytes),
      ...(body.digestCrc32c !== undefined && { verifiedDigestCrc32c: true }),
      ...(body.dataCrc32c !== undefined && { verifiedDataCrc32c: true }),
      protectionLevel: "SOFTWARE",
    };
  }

  /** @returns undefined for a digest of another kind than the version's algorithm has, or none */
  async #sign(
    name: string,
    scheme: SignatureScheme,
    key: PrivateKey,
    { digest, data: text }: Asked,
  ): Promise<Uint8Array | undefined> {
    if (scheme.name === "Ed25519") {
      if (text === undefined || digest !== undefined) return undefined;
      const data = fromBase64(text);
      this.ledger.push({ name, data });
      return this.#platform.sign(scheme, key, data);
    }
    const field = scheme.hash.toLowerCase().replace("-", "");
    const given = digest?.[field];
    if (given === undefined || text !== undefined) return undefined;
    const bytes = fromBase64(given);
    if (bytes.length * 8 !== Number(scheme.hash.slice(4))) return undefined;
    this.ledger.push({ name, digest: bytes });
    return this.#signDigest(scheme, key, bytes);
  }

  /** Of a message that is known by the runtime's own means, which are quicker. */
  async #signDigest(
    scheme: SignatureScheme & { readonly hash: HashName },
    key: PrivateKey,
    digest: Uint8Array,
  ): Promise<Uint8Array> {
    const message = this.#messages.get(toHex(digest));
    if (message !== undefined) return this.#platform.sign(scheme, key, message);
    const pkcs8 = new Uint8Array(await this.#platform.exportPrivateKey(key));
    const { info } = key.publicKey;
    const named = info.type === "EC" ? { namedCurve: info.curve } : { hash: scheme.hash };
    const algorithm = { name: scheme.name, ...named };
    const usable = await crypto.subtle.importKey("pkcs8", pkcs8, algorithm, true, ["sign"]);
    return signDigest(scheme, usable, digest);
  }
}

function schemeNamed(algorithm: string): SignatureScheme {
  if (algorithm === "EC_SIGN_ED25519") return { name: "Ed25519" };
  const hash: HashName = `SHA-${algorithm.endsWith("256") ? 256 : algorithm.endsWith("384") ? 384 : 512}`;
  if (algorithm.startsWith("EC_SIGN_")) return { name: "ECDSA", hash };
  return { name: algorithm.includes("_PSS_") ? "RSA-PSS" : "RSASSA-PKCS1-v1_5", hash };
}
