import { fail, ok, type Result } from "../result.ts";
import { ecdsaDerToRaw, ecdsaRawToDer } from "./ecdsa.ts";
import {
  context,
  derOid,
  derSmallInteger,
  isNull,
  isSequence,
  unwrap,
  type DerNode,
} from "./der/reader.ts";
import { explicit, integer, nul, oid, seq } from "./der/writer.ts";
import type { HashName, PublicKeyInfo, SignatureScheme } from "./primitives.ts";

/**
 * The AlgorithmIdentifier of a signature (RFC 4055, RFC 5758, RFC 8410) and the schemes that fit a key.
 * SHA-1 and MD5 have no name here, so nothing can accept them by accident.
 */

const HASH_BYTES: Readonly<Record<HashName, number>> = {
  "SHA-256": 32,
  "SHA-384": 48,
  "SHA-512": 64,
};

const SCHEMES: ReadonlyMap<string, SignatureScheme> = new Map<string, SignatureScheme>([
  ["1.2.840.113549.1.1.11", { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" }],
  ["1.2.840.113549.1.1.12", { name: "RSASSA-PKCS1-v1_5", hash: "SHA-384" }],
  ["1.2.840.113549.1.1.13", { name: "RSASSA-PKCS1-v1_5", hash: "SHA-512" }],
  ["1.2.840.10045.4.3.2", { name: "ECDSA", hash: "SHA-256" }],
  ["1.2.840.10045.4.3.3", { name: "ECDSA", hash: "SHA-384" }],
  ["1.2.840.10045.4.3.4", { name: "ECDSA", hash: "SHA-512" }],
  ["1.3.101.112", { name: "Ed25519" }],
]);
const RSA_PSS = "1.2.840.113549.1.1.10";
const MGF1 = "1.2.840.113549.1.1.8";

const HASHES: ReadonlyMap<string, HashName> = new Map([
  ["2.16.840.1.101.3.4.2.1", "SHA-256"],
  ["2.16.840.1.101.3.4.2.2", "SHA-384"],
  ["2.16.840.1.101.3.4.2.3", "SHA-512"],
]);

/** @returns `algorithm_not_allowed` for anything but the schemes above with the parameters their RFC demands */
export function parseSignatureAlgorithm(node: DerNode | undefined): Result<SignatureScheme> {
  if (!isSequence(node) || node.children.length > 2) return refused();
  const [name, parameters] = node.children;
  const dotted = derOid(name);
  if (dotted === undefined) return refused();
  if (dotted === RSA_PSS) return parsePss(parameters);
  const scheme = SCHEMES.get(dotted);
  if (scheme === undefined) return refused();
  const fits = scheme.name === "RSASSA-PKCS1-v1_5" ? isNull(parameters) : parameters === undefined;
  return fits ? ok(scheme) : refused();
}

/** One hash throughout, salt as long as the hash, trailer by default: the only form in use, and the only one taken. */
function parsePss(parameters: DerNode | undefined): Result<SignatureScheme> {
  if (!isSequence(parameters) || parameters.children.length !== 3) return refused();
  const hash = parseHashAlgorithm(unwrap(context(parameters, 0), 0));
  const mask = unwrap(context(parameters, 1), 1);
  const salt = derSmallInteger(unwrap(context(parameters, 2), 2));
  if (hash === undefined || !isSequence(mask) || mask.children.length !== 2) return refused();
  if (derOid(mask.children[0]) !== MGF1) return refused();
  if (parseHashAlgorithm(mask.children[1]) !== hash || salt !== HASH_BYTES[hash]) return refused();
  return ok({ name: "RSA-PSS", hash });
}

/** The AlgorithmIdentifier of a hash; parameters are absent or NULL (RFC 4055 §2.1). */
export function parseHashAlgorithm(node: DerNode | undefined): HashName | undefined {
  if (!isSequence(node) || node.children.length > 2) return undefined;
  const [name, parameters] = node.children;
  if (parameters !== undefined && !isNull(parameters)) return undefined;
  return HASHES.get(derOid(name) ?? "");
}

const ENCODED: ReadonlyMap<string, Uint8Array> = new Map(
  [...SCHEMES].map(([dotted, scheme]) => [
    keyOf(scheme),
    scheme.name === "RSASSA-PKCS1-v1_5" ? seq(oid(dotted), nul()) : seq(oid(dotted)),
  ]),
);

const encodings = new WeakMap<SignatureScheme, Uint8Array>();

/** The DER AlgorithmIdentifier of a scheme, to be written into what it signs. */
export function signatureAlgorithmOf(scheme: SignatureScheme): Uint8Array {
  let encoded = encodings.get(scheme);
  if (encoded === undefined) {
    encoded = ENCODED.get(keyOf(scheme)) ?? encodePss(scheme);
    encodings.set(scheme, encoded);
  }
  return encoded;
}

function keyOf(scheme: SignatureScheme): string {
  return scheme.name === "Ed25519" ? scheme.name : `${scheme.name} ${scheme.hash}`;
}

function encodePss(scheme: SignatureScheme): Uint8Array {
  const hash = scheme.name === "Ed25519" ? "SHA-512" : scheme.hash;
  const dotted = [...HASHES].find(([, name]) => name === hash)?.[0] ?? "";
  const hashAlgorithm = seq(oid(dotted), nul());
  return seq(
    oid(RSA_PSS),
    seq(
      explicit(0, hashAlgorithm),
      explicit(1, seq(oid(MGF1), hashAlgorithm)),
      explicit(2, integer(HASH_BYTES[hash])),
    ),
  );
}

/** Whether a key of this kind can have made a signature of this scheme. */
export function schemeFits(scheme: SignatureScheme, info: PublicKeyInfo): boolean {
  if (scheme.name === "Ed25519") return info.type === "Ed25519";
  return info.type === (scheme.name === "ECDSA" ? "EC" : "RSA");
}

/**
 * The signature of an X.509 structure in the form that `CryptoPrimitives.verify` takes.
 * @returns `signature_invalid` where the length or the encoding cannot be of this key
 */
export function rawSignature(signature: Uint8Array, info: PublicKeyInfo): Result<Uint8Array> {
  if (info.type === "EC") return ecdsaDerToRaw(signature, info.curve);
  const length = info.type === "RSA" ? info.n.length : 64;
  return signature.length === length ? ok(signature) : fail("signature_invalid", "length");
}

/** The reverse of `rawSignature`: as X.509 has it. */
export function x509Signature(raw: Uint8Array, scheme: SignatureScheme): Uint8Array {
  return scheme.name === "ECDSA" ? ecdsaRawToDer(raw) : raw;
}

function refused(): Result<never> {
  return fail("algorithm_not_allowed", "signature algorithm");
}
