import { encodeBase64url } from "../encoding/base64.ts";
import { toHex, utf8Encode } from "../encoding/bytes.ts";
import { readDer } from "../encoding/der/reader.ts";
import type { JsonObject } from "../encoding/json.ts";
import type {
  CurveName,
  DigestForm,
  HashName,
  PublicKey,
  PublicKeyInfo,
  SignatureScheme,
} from "../encoding/primitives.ts";
import { parseJwk, spkiOf } from "../encoding/public-key.ts";
import { fail, ok, type Result } from "../result.ts";
import { bufferSource } from "./buffer-source.ts";
import { schemeFits, signatureBytes, withinLimits } from "./key-limits.ts";
import type { KeyKind, Platform, PrivateKey } from "./platform.ts";

/**
 * The platform on anything with WebCrypto and `fetch`: Workers, and Node too.
 * @param overrides tests replace the clock and `fetch`
 */
export function webCryptoPlatform(overrides: Partial<Platform> = {}): Platform {
  return Object.freeze({
    now: () => Math.floor(Date.now() / 1000),
    random: (length: number) => crypto.getRandomValues(new Uint8Array(length)),
    fetch: (url: string, init: RequestInit) => fetch(url, init),
    digest: async (name: HashName, data: Uint8Array) =>
      new Uint8Array(await crypto.subtle.digest(name, bufferSource(data))),
    digestText,
    importPublicKey,
    verify,
    generateKey,
    importPrivateKey,
    exportPrivateKey: (key: PrivateKey) => keyMaterial(key.handle).encoded.slice(),
    sign,
    ...overrides,
  });
}

async function digestText(
  name: HashName,
  data: Uint8Array | string,
  form: DigestForm,
): Promise<string> {
  const input = typeof data === "string" ? utf8Encode(data) : data;
  const digest = new Uint8Array(await crypto.subtle.digest(name, bufferSource(input)));
  return form === "hex" ? toHex(digest) : encodeBase64url(digest);
}

/**
 * WebCrypto binds an RSA key to one padding and hash when it is imported, our keys are bound to none:
 * so the encoded key is kept, and imported once for each scheme that it meets.
 */
class KeyMaterial {
  readonly format: "spki" | "pkcs8";
  readonly encoded: Uint8Array;
  // Keys, not promises of keys: on Workers a promise made in one request must not be awaited in another.
  readonly #imported = new Map<string, CryptoKey>();

  constructor(format: "spki" | "pkcs8", encoded: Uint8Array) {
    this.format = format;
    this.encoded = encoded;
  }

  async for(algorithm: ImportAlgorithm): Promise<CryptoKey> {
    const label = `${algorithm.name} ${algorithm.hash ?? algorithm.namedCurve ?? ""}`;
    const known = this.#imported.get(label);
    if (known !== undefined) return known;
    // A private key must be extractable, else its public half cannot be had.
    const [extractable, usage] =
      this.format === "spki" ? [false, "verify" as const] : [true, "sign" as const];
    const key = await crypto.subtle.importKey(
      this.format,
      bufferSource(this.encoded),
      algorithm,
      extractable,
      [usage],
    );
    this.#imported.set(label, key);
    return key;
  }
}

interface ImportAlgorithm {
  readonly name: string;
  readonly hash?: HashName;
  readonly namedCurve?: CurveName;
}

function keyMaterial(handle: unknown): KeyMaterial {
  if (handle instanceof KeyMaterial) return handle;
  throw new TypeError("the key was imported by another platform");
}

function importAlgorithm(scheme: SignatureScheme, info: PublicKeyInfo): ImportAlgorithm {
  if (info.type === "EC") return { name: "ECDSA", namedCurve: info.curve };
  if (scheme.name === "Ed25519") return { name: "Ed25519" };
  return { name: scheme.name, hash: scheme.hash };
}

function operation(scheme: SignatureScheme): AlgorithmIdentifier | EcdsaParams | RsaPssParams {
  if (scheme.name === "ECDSA") return { name: "ECDSA", hash: scheme.hash };
  if (scheme.name !== "RSA-PSS") return scheme.name;
  return { name: "RSA-PSS", saltLength: Number(scheme.hash.slice(4)) / 8 };
}

/** The scheme that a key is first imported for: to learn whether the runtime takes it at all. */
const COMMON_SCHEMES: Readonly<Record<PublicKeyInfo["type"], SignatureScheme>> = {
  RSA: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" },
  EC: { name: "ECDSA", hash: "SHA-256" },
  Ed25519: { name: "Ed25519" },
};

async function importPublicKey(info: PublicKeyInfo): Promise<Result<PublicKey>> {
  if (!withinLimits(info)) return fail("key_malformed", "outside the limits of any key");
  const spki = spkiOf(info);
  const handle = new KeyMaterial("spki", spki);
  try {
    await handle.for(importAlgorithm(COMMON_SCHEMES[info.type], info));
  } catch {
    return fail("key_malformed", "refused by the runtime");
  }
  return ok({ info, spki, handle });
}

async function verify(
  scheme: SignatureScheme,
  key: PublicKey,
  signature: Uint8Array,
  data: Uint8Array,
): Promise<boolean> {
  const { info } = key;
  if (!schemeFits(scheme, info) || signature.length !== signatureBytes(info)) return false;
  if (key.handle === undefined && !withinLimits(info)) return false;
  const material =
    key.handle === undefined ? new KeyMaterial("spki", key.spki) : keyMaterial(key.handle);
  try {
    const imported = await material.for(importAlgorithm(scheme, info));
    return await crypto.subtle.verify(
      operation(scheme),
      imported,
      bufferSource(signature),
      bufferSource(data),
    );
  } catch {
    return false;
  }
}

async function sign(
  scheme: SignatureScheme,
  key: PrivateKey,
  data: Uint8Array,
): Promise<Uint8Array> {
  const { info } = key.publicKey;
  if (!schemeFits(scheme, info)) throw new TypeError("the scheme does not fit the key");
  const imported = await keyMaterial(key.handle).for(importAlgorithm(scheme, info));
  return new Uint8Array(await crypto.subtle.sign(operation(scheme), imported, bufferSource(data)));
}

async function generateKey(kind: KeyKind): Promise<PrivateKey> {
  const pair = await crypto.subtle.generateKey(generationAlgorithm(kind), true, ["sign", "verify"]);
  if (!("privateKey" in pair)) throw new Error("WebCrypto made no key pair");
  const pkcs8 = new Uint8Array(await crypto.subtle.exportKey("pkcs8", pair.privateKey));
  const imported = await importPrivateKey(pkcs8);
  if (!imported.ok) throw new Error("WebCrypto made a key that it cannot read");
  return imported.value;
}

function generationAlgorithm(
  kind: KeyKind,
): AlgorithmIdentifier | EcKeyGenParams | RsaHashedKeyGenParams {
  if (kind === "Ed25519") return { name: "Ed25519" };
  if (kind !== "RSA-2048") return { name: "ECDSA", namedCurve: kind };
  return {
    name: "RSASSA-PKCS1-v1_5",
    hash: "SHA-256",
    modulusLength: 2048,
    publicExponent: new Uint8Array([1, 0, 1]),
  };
}

/** Whole AlgorithmIdentifiers of PKCS#8 (RFC 8017 A.1, RFC 5480 §2.1.1, RFC 8410 §3), since WebCrypto must be told. */
const PKCS8_ALGORITHMS: Readonly<Record<string, ImportAlgorithm>> = {
  "300d06092a864886f70d0101010500": { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" },
  "301306072a8648ce3d020106082a8648ce3d030107": { name: "ECDSA", namedCurve: "P-256" },
  "301006072a8648ce3d020106052b81040022": { name: "ECDSA", namedCurve: "P-384" },
  "301006072a8648ce3d020106052b81040023": { name: "ECDSA", namedCurve: "P-521" },
  "300506032b6570": { name: "Ed25519" },
};

async function importPrivateKey(pkcs8: Uint8Array): Promise<Result<PrivateKey>> {
  const outer = readDer(pkcs8);
  const identifier = outer.ok ? outer.value.children[1] : undefined;
  const algorithm = identifier && PKCS8_ALGORITHMS[toHex(identifier.raw)];
  if (algorithm === undefined) {
    return fail("key_malformed", "not an unencrypted PKCS#8 private key of a supported kind");
  }
  const handle = new KeyMaterial("pkcs8", pkcs8.slice());
  let info: Result<PublicKeyInfo>;
  try {
    info = parseJwk(publicHalf(await crypto.subtle.exportKey("jwk", await handle.for(algorithm))));
  } catch {
    return fail("key_malformed", "refused by the runtime");
  }
  if (!info.ok) return fail("key_malformed", "not a supported kind of key");
  const publicKey = await importPublicKey(info.value);
  return publicKey.ok ? ok({ publicKey: publicKey.value, handle }) : publicKey;
}

function publicHalf(jwk: JsonWebKey): JsonObject {
  const { kty = "", crv, x, y, n, e } = jwk;
  const members = Object.entries({ kty, crv, x, y, n, e });
  return Object.fromEntries(members.filter(([, value]) => value !== undefined)) as JsonObject;
}
