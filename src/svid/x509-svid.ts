import { signatureAlgorithmOf, x509Signature } from "../encoding/signature-algorithm.ts";
import {
  boolean,
  explicit,
  implicit,
  integer,
  namedBits,
  oid,
  seq,
} from "../encoding/der/writer.ts";
import { concatBytes } from "../encoding/bytes.ts";
import type { SignatureScheme } from "../encoding/primitives.ts";
import type { Certificate } from "./certificate.ts";
import { DerBuffer, sizeOf } from "./der-buffer.ts";
import { encodeExtension } from "./extension-writer.ts";
import { OID } from "./extensions.ts";

/** What issuing takes of a CA's certificate. */
export type IssuingCertificate = Pick<Certificate, "raw" | "notBefore" | "notAfter"> & {
  readonly subject: Pick<Certificate["subject"], "raw">;
  readonly extensions: Pick<Certificate["extensions"], "subjectKeyId">;
};

/** All that a certificate takes from its CA, encoded once: see `x509Issuer`. */
export interface X509Issuer {
  readonly certificate: IssuingCertificate;
  readonly scheme: SignatureScheme;
  /** The CA's subject key identifier, which becomes the authority key identifier. */
  readonly keyId: Uint8Array;
  /** AlgorithmIdentifier and issuer Name, as they stand between serial and validity. */
  readonly head: Uint8Array;
  /** The extensions that do not depend on the workload. */
  readonly extensions: Uint8Array;
  /** AlgorithmIdentifier, as it stands between TBSCertificate and signature. */
  readonly algorithm: Uint8Array;
}

/** What a leaf says of its workload. Nothing of a CSR is in it but the key. */
export interface X509SvidProfile {
  /** The SPIFFE ID as a URI. */
  readonly spiffeId: string;
  /** DER SubjectPublicKeyInfo in its canonical encoding. */
  readonly spki: Uint8Array;
  /** 20 octets: see `subjectKeyIdOf`. */
  readonly subjectKeyId: Uint8Array;
  /** See `serialNumber`. */
  readonly serial: Uint8Array;
  /** Unix seconds. */
  readonly notBefore: number;
  readonly notAfter: number;
}

const SERIAL_BYTES = 17;

const VERSION_3 = explicit(0, integer(2));
/** X509-SVID §4: a key that signs, for both ends of TLS, of somebody who is no CA. */
const LEAF_EXTENSIONS = concatBytes(
  encodeExtension(OID.keyUsage, true, namedBits(0)),
  encodeExtension(OID.extendedKeyUsage, false, seq(oid(OID.serverAuth), oid(OID.clientAuth))),
  encodeExtension(OID.basicConstraints, true, seq()),
);
const SUBJECT_KEY_ID = oid(OID.subjectKeyId);
const SUBJECT_ALT_NAME = concatBytes(oid(OID.subjectAltName), boolean(true));

/**
 * Prepares a CA for signing leaves; once a CA, not once a certificate.
 * @param certificate as `checkSigningCertificate` found it good
 * @throws RangeError where it has no subject key identifier
 */
export function x509Issuer(certificate: IssuingCertificate, scheme: SignatureScheme): X509Issuer {
  const keyId = certificate.extensions.subjectKeyId;
  if (keyId === undefined) throw new RangeError("ca certificate without subject key identifier");
  const algorithm = signatureAlgorithmOf(scheme);
  return {
    certificate,
    scheme,
    keyId,
    head: concatBytes(algorithm, certificate.subject.raw),
    extensions: concatBytes(
      LEAF_EXTENSIONS,
      encodeExtension(OID.authorityKeyId, false, seq(implicit(0, keyId))),
    ),
    algorithm,
  };
}

/**
 * The TBSCertificate of an X.509-SVID, in one buffer. The same inputs give the same bytes.
 * Lint it (`lintX509SvidTbs`) before anything signs it: nothing is checked here.
 */
export function buildX509SvidTbs(issuer: X509Issuer, profile: X509SvidProfile): Uint8Array {
  const { spiffeId, spki, subjectKeyId, serial, notBefore, notAfter } = profile;
  const name = sizeOf(spiffeId.length);
  const names = sizeOf(name);
  const altName = SUBJECT_ALT_NAME.length + sizeOf(names);
  const keyId = sizeOf(subjectKeyId.length);
  const subjectKey = SUBJECT_KEY_ID.length + sizeOf(keyId);
  const extensions = issuer.extensions.length + sizeOf(subjectKey) + sizeOf(altName);
  const validity = DerBuffer.timeSize(notBefore) + DerBuffer.timeSize(notAfter);
  const content =
    VERSION_3.length +
    sizeOf(serial.length) +
    issuer.head.length +
    sizeOf(validity) +
    sizeOf(0) +
    spki.length +
    sizeOf(sizeOf(extensions));

  const out = new DerBuffer(sizeOf(content));
  out.header(0x30, content);
  out.bytes(VERSION_3);
  out.header(0x02, serial.length);
  out.bytes(serial);
  out.bytes(issuer.head);
  out.header(0x30, validity);
  out.time(notBefore);
  out.time(notAfter);
  out.header(0x30, 0);
  out.bytes(spki);
  out.header(0xa3, sizeOf(extensions));
  out.header(0x30, extensions);
  out.bytes(issuer.extensions);
  out.header(0x30, subjectKey);
  out.bytes(SUBJECT_KEY_ID);
  out.header(0x04, keyId);
  out.header(0x04, subjectKeyId.length);
  out.bytes(subjectKeyId);
  out.header(0x30, altName);
  out.bytes(SUBJECT_ALT_NAME);
  out.header(0x04, names);
  out.header(0x30, name);
  out.header(0x86, spiffeId.length);
  out.ascii(spiffeId);
  return out.buffer;
}

/** @param signature raw r‖s for ECDSA, as signers give it */
export function assembleCertificate(
  tbs: Uint8Array,
  scheme: SignatureScheme,
  signature: Uint8Array,
): Uint8Array {
  const encoded = x509Signature(signature, scheme);
  const algorithm = signatureAlgorithmOf(scheme);
  const content = tbs.length + algorithm.length + sizeOf(encoded.length + 1);
  const out = new DerBuffer(sizeOf(content));
  out.header(0x30, content);
  out.bytes(tbs);
  out.bytes(algorithm);
  out.header(0x03, encoded.length + 1);
  out.byte(0);
  out.bytes(encoded);
  return out.buffer;
}

/**
 * A serial number of 17 octets with 134 random bits: positive, minimal and of one length, whatever the dice say.
 * @param random 17 fresh octets
 */
export function serialNumber(random: Uint8Array): Uint8Array {
  const serial = random.slice(0, SERIAL_BYTES);
  if (serial.length < SERIAL_BYTES) throw new RangeError("too little randomness");
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40;
  return serial;
}
