import { fail, ok, type Awaitable, type Result } from "../result.ts";
import { whenReady } from "./awaitable.ts";
import { decodeBase64urlAt, encodeBase64url } from "./base64.ts";
import { asciiEncode, utf8Encode } from "./bytes.ts";
import { CURVE_BYTES } from "./curves.ts";
import { member, parseJsonObject, type JsonObject, type JsonValue } from "./json.ts";
import type {
  CryptoPrimitives,
  CurveName,
  PublicKey,
  PublicKeyInfo,
  SignatureScheme,
} from "./primitives.ts";
import { keyBits } from "./public-key.ts";

/**
 * JWS in compact serialization (RFC 7515 §3.1), with asymmetric signatures only. Nothing is trusted when a parser
 * returns: which keys and algorithms may vouch for a token is for the caller to say from configuration, never
 * from the token's own header.
 */
export interface CompactJws {
  readonly header: JsonObject;
  readonly alg: string;
  readonly kid?: string | undefined;
  readonly typ?: string | undefined;
  readonly payload: Uint8Array;
  readonly signingInput: Uint8Array;
  readonly signature: Uint8Array;
}

/** A JWS whose payload is a JSON object. */
export interface Jws extends CompactJws {
  readonly claims: JsonObject;
}

export interface JwsLimits {
  /** 16 KiB unless told. */
  readonly maxBytes?: number;
}

const MAX_BYTES = 16 * 1024;

/** @returns as `parseCompactJws`; payloads are JSON as strict as the header */
export function parseJws(token: string, limits?: JwsLimits): Result<Jws> {
  const compact = parseCompactJws(token, limits);
  if (!compact.ok) return compact;
  const claims = parseJsonObject(compact.value.payload);
  return claims.ok ? ok({ ...compact.value, claims: claims.value }) : claims;
}

/**
 * Header members that name or carry a key (`jku`, `jwk`, `x5u`, `x5c`) stay in `header`, and nothing here reads
 * them. `crit` and `b64` change what a token means, and no evidence needs them.
 * @returns `evidence_too_large` | `jws_malformed` | `jws_header_forbidden` | `encoding_invalid` | `json_malformed`
 * | `json_duplicate_key`
 */
export function parseCompactJws(token: string, limits?: JwsLimits): Result<CompactJws> {
  if (token.length > (limits?.maxBytes ?? MAX_BYTES)) return fail("evidence_too_large", "jws");
  // The dots are counted before anything is split or decoded (CVE-2025-66506).
  const first = token.indexOf(".");
  const second = token.indexOf(".", first + 1);
  if (first < 1 || second < 0 || token.includes(".", second + 1))
    return fail("jws_malformed", "not three parts");

  const bytes = asciiEncode(token);
  if (bytes === undefined) return fail("encoding_invalid", "not ascii");
  const headerBytes = decodeBase64urlAt(bytes, 0, first);
  if (!headerBytes.ok) return headerBytes;
  const json = parseJsonObject(headerBytes.value);
  if (!json.ok) return json;
  const header = checkHeader(json.value);
  if (!header.ok) return header;

  const payload = decodeBase64urlAt(bytes, first + 1, second);
  if (!payload.ok) return payload;
  const signature = decodeBase64urlAt(bytes, second + 1, bytes.length);
  if (!signature.ok) return signature;
  return ok({
    ...header.value,
    payload: payload.value,
    signingInput: bytes.subarray(0, second),
    signature: signature.value,
  });
}

type Header = Pick<CompactJws, "header" | "alg" | "kid" | "typ">;

function checkHeader(header: JsonObject): Result<Header> {
  if (Object.hasOwn(header, "crit") || Object.hasOwn(header, "b64"))
    return fail("jws_header_forbidden", "crit or b64");
  const alg = member(header, "alg");
  const kid = member(header, "kid");
  const typ = member(header, "typ");
  if (typeof alg !== "string") return fail("jws_malformed", "alg");
  if (!isOptionalString(kid) || !isOptionalString(typ)) return fail("jws_malformed", "kid or typ");
  return ok({ header, alg, kid, typ });
}

function isOptionalString(value: JsonValue | undefined): value is string | undefined {
  return value === undefined || typeof value === "string";
}

interface Algorithm {
  readonly scheme: SignatureScheme;
  /** Of ECDSA: each name has one curve (RFC 7518 §3.4). */
  readonly curve?: CurveName;
}

/** RFC 7518 §3.1, RFC 8037, RFC 9864. No `none` and no HMAC: a public key must never serve as a secret. */
const ALGORITHMS: ReadonlyMap<string, Algorithm> = new Map<string, Algorithm>([
  ["RS256", { scheme: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" } }],
  ["RS384", { scheme: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-384" } }],
  ["RS512", { scheme: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-512" } }],
  ["PS256", { scheme: { name: "RSA-PSS", hash: "SHA-256" } }],
  ["PS384", { scheme: { name: "RSA-PSS", hash: "SHA-384" } }],
  ["PS512", { scheme: { name: "RSA-PSS", hash: "SHA-512" } }],
  ["ES256", { scheme: { name: "ECDSA", hash: "SHA-256" }, curve: "P-256" }],
  ["ES384", { scheme: { name: "ECDSA", hash: "SHA-384" }, curve: "P-384" }],
  ["ES512", { scheme: { name: "ECDSA", hash: "SHA-512" }, curve: "P-521" }],
  ["EdDSA", { scheme: { name: "Ed25519" } }],
  ["Ed25519", { scheme: { name: "Ed25519" } }],
]);

/** RFC 7518 §3.3 and §3.5. */
const MIN_RSA_BITS = 2048;

/** @returns undefined for every name that is not an asymmetric signature which we verify */
export function schemeOf(alg: string): SignatureScheme | undefined {
  return ALGORITHMS.get(alg)?.scheme;
}

/** Whether `alg` is one that a key of this type, curve and size may be used with. */
export function keyFits(alg: string, info: PublicKeyInfo): boolean {
  const algorithm = ALGORITHMS.get(alg);
  if (algorithm === undefined) return false;
  if (info.type === "RSA")
    return algorithm.scheme.name.startsWith("RSA") && keyBits(info) >= MIN_RSA_BITS;
  if (info.type === "EC") return algorithm.curve === info.curve;
  return algorithm.scheme.name === "Ed25519";
}

/**
 * The name that a signature of this scheme by this key has in JOSE. ECDSA has one a curve, whatever hash a certificate
 * request took.
 */
export function algorithmName(scheme: SignatureScheme, info: PublicKeyInfo): string | undefined {
  for (const [name, { scheme: own }] of ALGORITHMS) {
    const same = "hash" in own && "hash" in scheme ? own.hash === scheme.hash : true;
    if (own.name === scheme.name && (same || info.type === "EC") && keyFits(name, info))
      return name;
  }
  return undefined;
}

/** @returns `algorithm_not_allowed` where `alg` does not fit the key, `signature_invalid` */
export function verifyJws(
  jws: CompactJws,
  key: PublicKey,
  crypto: CryptoPrimitives,
): Awaitable<Result<void>> {
  const scheme = schemeOf(jws.alg);
  if (scheme === undefined || !keyFits(jws.alg, key.info)) return fail("algorithm_not_allowed");
  if (jws.signature.length !== signatureBytes(key.info)) return verdict(false);
  const good = crypto.verify(scheme, key, jws.signature, jws.signingInput);
  return whenReady(good, verdict);
}

function verdict(good: boolean): Result<void> {
  return good ? ok(undefined) : fail("signature_invalid");
}

function signatureBytes(info: PublicKeyInfo): number {
  if (info.type === "RSA") return info.n.length;
  return info.type === "EC" ? 2 * CURVE_BYTES[info.curve] : 64;
}

/** What is signed: both parts as `JSON.stringify` writes them, in the order of their members. */
export function encodeJwsInput(header: JsonObject, payload: JsonObject): string {
  return `${encodeBase64url(utf8Encode(JSON.stringify(header)))}.${encodeBase64url(utf8Encode(JSON.stringify(payload)))}`;
}

/** The whole token. @param input of `encodeJwsInput` */
export function encodeJws(input: string, signature: Uint8Array): string {
  return `${input}.${encodeBase64url(signature)}`;
}
