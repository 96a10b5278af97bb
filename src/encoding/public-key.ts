import { allocate } from "./allocate.ts";
import { fail, ok, type Result } from "../result.ts";
import { decodeBase64url, encodeBase64url } from "./base64.ts";
import { concatBytes } from "./bytes.ts";
import { CURVE_BYTES, isCurveName } from "./curves.ts";
import {
  derBitString,
  derInteger,
  derOid,
  isNull,
  isSequence,
  readDer,
  type DerNode,
} from "./der/reader.ts";
import { bits, integer, nul, oid, seq } from "./der/writer.ts";
import { member, type JsonObject } from "./json.ts";
import type { CurveName, PublicKeyInfo } from "./primitives.ts";

/**
 * Public keys as SubjectPublicKeyInfo (RFC 5280 §4.1.2.7, RFC 3279, RFC 5480, RFC 8410) and as JWK (RFC 7517,
 * RFC 7518 §6, RFC 8037). Form only: whether a key is strong is `key-quality.ts`, whether a point is on its curve
 * is the platform's answer at import.
 */

const RSA_ENCRYPTION = oid("1.2.840.113549.1.1.1");
const EC_PUBLIC_KEY = oid("1.2.840.10045.2.1");
const ED25519 = oid("1.3.101.112");
const CURVE_OIDS: Readonly<Record<CurveName, Uint8Array>> = {
  "P-256": oid("1.2.840.10045.3.1.7"),
  "P-384": oid("1.3.132.0.34"),
  "P-521": oid("1.3.132.0.35"),
};
const CURVE_OF_OID: ReadonlyMap<string, CurveName> = new Map([
  ["1.2.840.10045.3.1.7", "P-256"],
  ["1.3.132.0.34", "P-384"],
  ["1.3.132.0.35", "P-521"],
]);

/**
 * Beyond these an RSA key is refused before anything computes with it: the cost of a verification grows with the
 * square of the modulus and with the length of the exponent, and keys come from strangers.
 */
const MAX_MODULUS_BYTES = 1024;
const MAX_EXPONENT_BYTES = 8;

/** @returns `key_malformed` for bytes that are no SPKI, `key_unsupported` for keys of a kind we do not take */
export function parseSpki(der: Uint8Array): Result<PublicKeyInfo> {
  const read = readDer(der, { maxDepth: 8, maxNodes: 64 });
  return read.ok ? spkiFrom(read.value) : fail("key_malformed", read.error.detail);
}

/** As `parseSpki`, of an element inside a larger structure. */
export function spkiFrom(node: DerNode | undefined): Result<PublicKeyInfo> {
  if (!isSequence(node) || node.children.length !== 2) return malformed("not a public key");
  const [algorithm, key] = node.children;
  if (!isSequence(algorithm) || algorithm.children.length > 2) return malformed("algorithm");
  const [algorithmOid, parameters] = algorithm.children;
  const bitString = derBitString(key);
  const name = derOid(algorithmOid);
  if (bitString?.unused !== 0 || name === undefined) return malformed("not a public key");
  switch (name) {
    case "1.2.840.113549.1.1.1":
      return isNull(parameters) ? rsaFrom(bitString.bytes) : malformed("rsa parameters");
    case "1.2.840.10045.2.1": {
      const curve = CURVE_OF_OID.get(derOid(parameters) ?? "");
      // Explicit parameters describe a curve of the sender's own making (CVE-2020-0601).
      return curve === undefined ? unsupported("curve") : pointFrom(curve, bitString.bytes);
    }
    case "1.3.101.112":
      if (parameters !== undefined || bitString.bytes.length !== 32) return malformed("ed25519");
      return ok({ type: "Ed25519", x: bitString.bytes });
    default:
      return unsupported("key algorithm");
  }
}

function rsaFrom(bytes: Uint8Array): Result<PublicKeyInfo> {
  const read = readDer(bytes, { maxDepth: 2, maxNodes: 3 });
  if (!read.ok || !isSequence(read.value) || read.value.children.length !== 2)
    return malformed("rsa key");
  const n = derInteger(read.value.children[0]);
  const e = derInteger(read.value.children[1]);
  return n === undefined || e === undefined ? malformed("rsa key") : rsaKey(n, e);
}

function rsaKey(n: Uint8Array, e: Uint8Array): Result<PublicKeyInfo> {
  if (n.length > MAX_MODULUS_BYTES || e.length > MAX_EXPONENT_BYTES) return unsupported("rsa size");
  return ok({ type: "RSA", n, e });
}

function pointFrom(curve: CurveName, point: Uint8Array): Result<PublicKeyInfo> {
  const size = CURVE_BYTES[curve];
  // 4 is the uncompressed form; compressed points and the point at infinity are not taken.
  if (point[0] !== 4 || point.length !== 1 + 2 * size) return unsupported("point form");
  return ok({ type: "EC", curve, x: point.subarray(1, 1 + size), y: point.subarray(1 + size) });
}

/** The one DER SubjectPublicKeyInfo of a key. */
export function spkiOf(info: PublicKeyInfo): Uint8Array {
  if (info.type === "RSA")
    return seq(seq(RSA_ENCRYPTION, nul()), bits(seq(integer(info.n), integer(info.e))));
  if (info.type === "Ed25519") return seq(seq(ED25519), bits(info.x));
  return concatBytes(POINT_HEADS[info.curve], info.x, info.y);
}

/** What stands before the coordinates: the same for all keys of a curve, and written once. */
const POINT_HEADS: Readonly<Record<CurveName, Uint8Array>> = {
  "P-256": pointHead("P-256"),
  "P-384": pointHead("P-384"),
  "P-521": pointHead("P-521"),
};

function pointHead(curve: CurveName): Uint8Array {
  const coordinates = 2 * CURVE_BYTES[curve];
  const point = allocate(1 + coordinates);
  point[0] = 4; // uncompressed
  const whole = seq(seq(EC_PUBLIC_KEY, CURVE_OIDS[curve]), bits(point));
  return whole.subarray(0, whole.length - coordinates);
}

/** RFC 7518 §6.2.2, §6.3.2, §6.4: a key that carries one of these is not a public key. */
const PRIVATE_MEMBERS = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] as const;

/**
 * Takes the key and nothing else: `alg`, `use`, `key_ops` and the like are for whoever keeps it (`key-set.ts`).
 * @returns `key_malformed` | `key_unsupported`; a JWK with a private member is `key_malformed`
 */
export function parseJwk(jwk: JsonObject): Result<PublicKeyInfo> {
  if (PRIVATE_MEMBERS.some((name) => Object.hasOwn(jwk, name))) return malformed("private members");
  const kty = member(jwk, "kty");
  if (kty === "RSA") {
    const n = integerMember(jwk, "n");
    const e = integerMember(jwk, "e");
    return n === undefined || e === undefined ? malformed("rsa key") : rsaKey(n, e);
  }
  if (kty === "EC") {
    const curve = member(jwk, "crv");
    if (!isCurveName(curve)) return unsupported("curve");
    const x = octetsMember(jwk, "x", CURVE_BYTES[curve]);
    const y = octetsMember(jwk, "y", CURVE_BYTES[curve]);
    return x === undefined || y === undefined
      ? malformed("ec key")
      : ok({ type: "EC", curve, x, y });
  }
  if (kty === "OKP") {
    if (member(jwk, "crv") !== "Ed25519") return unsupported("curve");
    const x = octetsMember(jwk, "x", 32);
    return x === undefined ? malformed("ed25519 key") : ok({ type: "Ed25519", x });
  }
  return typeof kty === "string" ? unsupported("key type") : malformed("kty");
}

/** Base64urlUInt (RFC 7518 §2): at least one octet, no leading zero. */
function integerMember(jwk: JsonObject, name: string): Uint8Array | undefined {
  const bytes = octetsMember(jwk, name);
  return bytes === undefined || bytes.length === 0 || bytes[0] === 0 ? undefined : bytes;
}

function octetsMember(jwk: JsonObject, name: string, length?: number): Uint8Array | undefined {
  const text = member(jwk, name);
  if (typeof text !== "string") return undefined;
  const bytes = decodeBase64url(text);
  if (!bytes.ok || (length !== undefined && bytes.value.length !== length)) return undefined;
  return bytes.value;
}

/** The required members of a public JWK, and no others. */
export type PublicJwk =
  | { readonly kty: "RSA"; readonly n: string; readonly e: string }
  | { readonly kty: "EC"; readonly crv: CurveName; readonly x: string; readonly y: string }
  | { readonly kty: "OKP"; readonly crv: "Ed25519"; readonly x: string };

export function jwkOf(info: PublicKeyInfo): PublicJwk {
  if (info.type === "RSA")
    return { kty: "RSA", n: encodeBase64url(info.n), e: encodeBase64url(info.e) };
  const x = encodeBase64url(info.x);
  if (info.type === "Ed25519") return { kty: "OKP", crv: "Ed25519", x };
  return { kty: "EC", crv: info.curve, x, y: encodeBase64url(info.y) };
}

/** What is hashed for a thumbprint (RFC 7638 §3.2, RFC 8037 §2): required members by name, no white space. */
export function thumbprintInput(info: PublicKeyInfo): string {
  const jwk = jwkOf(info);
  if (jwk.kty === "RSA") return `{"e":"${jwk.e}","kty":"RSA","n":"${jwk.n}"}`;
  if (jwk.kty === "OKP") return `{"crv":"${jwk.crv}","kty":"OKP","x":"${jwk.x}"}`;
  return `{"crv":"${jwk.crv}","kty":"EC","x":"${jwk.x}","y":"${jwk.y}"}`;
}

/** Length of the modulus or of the field, in bits. */
export function keyBits(info: PublicKeyInfo): number {
  if (info.type === "RSA") return info.n.length * 8 - (Math.clz32(info.n[0] ?? 0) - 24);
  if (info.type === "Ed25519") return 256;
  return info.curve === "P-521" ? 521 : CURVE_BYTES[info.curve] * 8;
}

function malformed(detail: string): Result<never> {
  return fail("key_malformed", detail);
}

function unsupported(detail: string): Result<never> {
  return fail("key_unsupported", detail);
}
