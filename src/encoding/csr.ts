import { fail, ok, type Awaitable, type Result } from "../result.ts";
import { whenReady } from "./awaitable.ts";
import { derBitString, derSmallInteger, isContext, isSequence, readDer } from "./der/reader.ts";
import type { CryptoPrimitives, PublicKey, PublicKeyInfo, SignatureScheme } from "./primitives.ts";
import { spkiFrom } from "./public-key.ts";
import { parseSignatureAlgorithm, rawSignature, schemeFits } from "./signature-algorithm.ts";

/**
 * A PKCS#10 request (RFC 2986): a key, and a proof that its holder asks. Names, attributes and requested extensions
 * are not even kept, so that nothing of them can reach a certificate.
 */
export interface Csr {
  /** CertificationRequestInfo as it stood: what is signed. */
  readonly tbs: Uint8Array;
  readonly info: PublicKeyInfo;
  readonly scheme: SignatureScheme;
  /** In the form that `CryptoPrimitives.verify` takes: raw r‖s for ECDSA. */
  readonly signature: Uint8Array;
}

const MAX_BYTES = 16 * 1024;

/** Not verified. @returns `csr_malformed` | `key_unsupported` */
export function parseCsr(der: Uint8Array): Result<Csr> {
  if (der.length > MAX_BYTES) return malformed("too large");
  const read = readDer(der);
  if (!read.ok) return malformed(read.error.detail);
  const request = read.value;
  if (!isSequence(request) || request.children.length !== 3) return malformed("not a request");
  const [tbs, algorithm, signatureBits] = request.children;
  if (!isSequence(tbs) || tbs.children.length !== 4) return malformed("not a request");
  const [version, subject, spki, attributes] = tbs.children;
  if (derSmallInteger(version) !== 0 || !isSequence(subject))
    return malformed("version or subject");
  if (!isContext(attributes, 0) || !attributes.constructed) return malformed("attributes");

  const info = spkiFrom(spki);
  if (!info.ok)
    return info.error.reason === "key_unsupported" ? info : malformed(info.error.detail);
  const scheme = parseSignatureAlgorithm(algorithm);
  if (!scheme.ok) return fail("key_unsupported", scheme.error.detail);
  if (!schemeFits(scheme.value, info.value)) return malformed("signature of another kind of key");
  const signature = derBitString(signatureBits);
  if (signature?.unused !== 0) return malformed("signature");
  const raw = rawSignature(signature.bytes, info.value);
  if (!raw.ok) return malformed("signature");
  return ok({ tbs: tbs.raw, info: info.value, scheme: scheme.value, signature: raw.value });
}

/** @param key the request's own. @returns `csr_signature_invalid` */
export function verifyCsr(
  csr: Csr,
  key: PublicKey,
  crypto: CryptoPrimitives,
): Awaitable<Result<void>> {
  const good = crypto.verify(csr.scheme, key, csr.signature, csr.tbs);
  return whenReady(good, verdict);
}

function verdict(good: boolean): Result<void> {
  return good ? ok(undefined) : fail("csr_signature_invalid");
}

function malformed(detail: string | undefined): Result<never> {
  return fail("csr_malformed", detail);
}
