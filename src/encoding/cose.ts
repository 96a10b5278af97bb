import { fail, ok, type Awaitable, type Result } from "../result.ts";
import { whenReady } from "./awaitable.ts";
import { concatBytes, equalBytes } from "./bytes.ts";
import { isCborMap, parseCbor } from "./cbor.ts";
import type { CryptoPrimitives, PublicKey } from "./primitives.ts";

/** COSE_Sign1 (RFC 9052 §4.2) with ES384, as AWS Nitro signs it. Nothing is trusted when a parser returns. */
export interface CoseSign1 {
  readonly payload: Uint8Array;
  /** Sig_structure: what is signed, protected header and payload. */
  readonly signed: Uint8Array;
  /** r‖s, 96 octets. */
  readonly signature: Uint8Array;
}

/** {1: -35}: the algorithm is ES384 (RFC 9053 §2.1), and nothing else is said. */
const PROTECTED = Uint8Array.of(0xa1, 0x01, 0x38, 0x22);
/** A list of four: "Signature1", the protected header, no external data, and the payload that follows. */
const SIG_STRUCTURE = concatBytes(
  Uint8Array.of(0x84, 0x6a, 0x53, 0x69, 0x67, 0x6e, 0x61, 0x74, 0x75, 0x72, 0x65, 0x31, 0x44),
  PROTECTED,
  Uint8Array.of(0x40),
);
const SIGNATURE_BYTES = 96;
/** The tag of COSE_Sign1; AWS leaves it out. */
const TAG_18 = 0xd2;

/**
 * Nothing in a header may say how to verify or whose key to use: the protected one is exactly {1: -35}, the
 * unprotected one is empty.
 * @returns `cose_malformed` | `algorithm_not_allowed`
 */
export function parseCoseSign1(bytes: Uint8Array): Result<CoseSign1> {
  const read = parseCbor(bytes[0] === TAG_18 ? bytes.subarray(1) : bytes, 2);
  if (!read.ok) return read;
  const [header, unprotected, payload, signature, more] = Array.isArray(read.value)
    ? read.value
    : [];
  if (!(header instanceof Uint8Array) || !(payload instanceof Uint8Array) || more !== undefined)
    return fail("cose_malformed", "not cose_sign1");
  if (!equalBytes(header, PROTECTED))
    return fail("algorithm_not_allowed", "the protected header is not es384 alone");
  if (!isCborMap(unprotected) || unprotected.size > 0)
    return fail("cose_malformed", "unprotected header");
  if (!(signature instanceof Uint8Array) || signature.length !== SIGNATURE_BYTES)
    return fail("cose_malformed", "signature");
  return ok({
    payload,
    signed: concatBytes(SIG_STRUCTURE, byteStringHead(payload.length), payload),
    signature,
  });
}

/** @returns `algorithm_not_allowed` where the key is not of P-384, `signature_invalid` */
export function verifyCoseSign1(
  cose: CoseSign1,
  key: PublicKey,
  crypto: CryptoPrimitives,
): Awaitable<Result<void>> {
  if (key.info.type !== "EC" || key.info.curve !== "P-384") return fail("algorithm_not_allowed");
  const good = crypto.verify({ name: "ECDSA", hash: "SHA-384" }, key, cose.signature, cose.signed);
  return whenReady(good, (verified) => (verified ? ok(undefined) : fail("signature_invalid")));
}

/** The shortest head there is, whatever the document had: the signature is over this one. */
function byteStringHead(length: number): Uint8Array {
  if (length < 24) return Uint8Array.of(0x40 | length);
  if (length < 0x100) return Uint8Array.of(0x58, length);
  if (length < 0x10000) return Uint8Array.of(0x59, length >> 8, length & 0xff);
  return Uint8Array.of(0x5a, length >>> 24, (length >> 16) & 0xff, (length >> 8) & 0xff, length);
}
