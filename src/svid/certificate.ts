import {
  derBitString,
  derInteger,
  derSmallInteger,
  derTime,
  isContext,
  isSequence,
  readDer,
  unwrap,
  type DerNode,
} from "../encoding/der/reader.ts";
import { equalBytes } from "../encoding/bytes.ts";
import type {
  CryptoPrimitives,
  PublicKey,
  PublicKeyInfo,
  SignatureScheme,
} from "../encoding/primitives.ts";
import { spkiFrom } from "../encoding/public-key.ts";
import { parseSignatureAlgorithm, rawSignature } from "../encoding/signature-algorithm.ts";
import { fail, ok, type Result } from "../result.ts";
import { readExtensions, type Extensions } from "./extensions.ts";
import { readName, type DistinguishedName } from "./name.ts";

/** An X.509 certificate (RFC 5280 §4.1), read and not believed. */
export interface Certificate {
  readonly raw: Uint8Array;
  /** TBSCertificate as it stood: what is signed. */
  readonly tbs: Uint8Array;
  readonly version: 1 | 2 | 3;
  /** Big-endian, positive, without leading zeros; at most 20 octets. */
  readonly serial: Uint8Array;
  readonly issuer: DistinguishedName;
  readonly subject: DistinguishedName;
  /** Unix seconds, both inclusive. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** SubjectPublicKeyInfo as it stood. */
  readonly spki: Uint8Array;
  readonly info: PublicKeyInfo;
  readonly extensions: Extensions;
  /**
   * Undefined for algorithms that are not taken (SHA-1, MD5, DSA, …): no path leads through such a signature,
   * but a trust anchor may carry one, since nothing looks at it.
   */
  readonly scheme?: SignatureScheme;
  /** The content of the BIT STRING: for ECDSA a DER structure. */
  readonly signature: Uint8Array;
}

/**
 * Every field in the one form that DER and RFC 5280 allow; known extensions are read whole, unknown ones only listed.
 * @returns `certificate_malformed`, or `key_unsupported` for a public key of a kind that nothing here can use
 */
export function parseCertificate(der: Uint8Array): Result<Certificate> {
  if (der.length > MAX_BYTES) return malformed("too large");
  const read = readDer(der);
  if (!read.ok) return malformed(read.error.detail ?? "der");
  const [tbs, algorithm, signatureNode, more] = isSequence(read.value) ? read.value.children : [];
  if (!isSequence(tbs) || !isSequence(algorithm) || more !== undefined) return malformed("fields");
  const signature = derBitString(signatureNode);
  if (signature?.unused !== 0) return malformed("signature");

  const fields = readTbs(tbs);
  if (!fields.ok) return fields;
  const { algorithm: inner, ...certificate } = fields.value;
  // The outer identifier is not signed: a difference would let it be chosen by anybody.
  if (!equalBytes(inner.raw, algorithm.raw)) return malformed("signature algorithms differ");
  const scheme = parseSignatureAlgorithm(algorithm);
  return ok({
    ...certificate,
    raw: der,
    tbs: tbs.raw,
    ...(scheme.ok ? { scheme: scheme.value } : undefined),
    signature: signature.bytes,
  });
}

type TbsFields = Omit<Certificate, "raw" | "tbs" | "scheme" | "signature"> & {
  readonly algorithm: DerNode;
};

/** Certificates with thousands of names exist to be expensive. */
const MAX_BYTES = 32 * 1024;
/** Of the number (§4.1.2.2): whether its sign octet counts too, CAs disagree, AWS's among them. */
const MAX_SERIAL_OCTETS = 20;
const NO_EXTENSIONS: Extensions = { unknownCritical: [] };

function readTbs(tbs: DerNode): Result<TbsFields> {
  const fields = tbs.children;
  const versioned = isContext(fields[0], 0);
  const version = versioned ? derSmallInteger(unwrap(fields[0], 0)) : 0;
  // Version 1 is the default, so that DER leaves it out.
  if (version === undefined || version > 2 || (versioned && version === 0))
    return malformed("version");
  const [serialNode, algorithm, issuerNode, validity, subjectNode, spki, ...rest] = versioned
    ? fields.slice(1)
    : fields;

  const serial = derInteger(serialNode);
  if (serial === undefined || serial.length > MAX_SERIAL_OCTETS) return malformed("serial");
  if (!isSequence(algorithm)) return malformed("signature algorithm");
  const issuer = readName(issuerNode);
  const subject = readName(subjectNode);
  if (issuer === undefined || issuer.rdns.length === 0) return malformed("issuer");
  if (subject === undefined) return malformed("subject");
  if (!isSequence(validity) || validity.children.length !== 2) return malformed("validity");
  const notBefore = derTime(validity.children[0]);
  const notAfter = derTime(validity.children[1]);
  if (notBefore === undefined || notAfter === undefined) return malformed("validity");
  const info = spkiFrom(spki);
  if (!info.ok || spki === undefined)
    return info.ok || info.error.reason !== "key_unsupported" ? malformed("public key") : info;
  const extensions = readOptional(rest, version);
  if (typeof extensions === "string") return malformed(extensions);
  // Without a subject the alternative name is all there is: nobody may skip it (§4.1.2.6).
  if (subject.rdns.length === 0 && extensions.subjectAltName?.critical !== true)
    return malformed("empty subject without a critical alternative name");
  return ok({
    version: version === 2 ? 3 : version === 1 ? 2 : 1,
    serial,
    algorithm,
    issuer,
    subject,
    notBefore,
    notAfter,
    spki: spki.raw,
    info: info.value,
    extensions,
  });
}

/** Unique identifiers [1], [2] from version 2 on, extensions [3] in version 3; each at most once, in order. */
function readOptional(fields: readonly DerNode[], version: number): Extensions | string {
  let next = 1;
  let extensions = NO_EXTENSIONS;
  for (const field of fields) {
    if (field.tag < next || field.tag > 3 || !isContext(field, field.tag)) return "fields";
    next = field.tag + 1;
    if (field.tag < 3) {
      if (version < 1 || field.constructed) return "unique identifier";
      continue;
    }
    const list = unwrap(field, 3);
    if (version !== 2 || list === undefined) return "extensions";
    const read = readExtensions(list);
    if (typeof read === "string") return read;
    extensions = read;
  }
  return extensions;
}

/**
 * Whether the holder of `issuer` signed it; nothing else is checked.
 * @returns false also for schemes that are not taken or do not fit the key
 */
export async function isSignedBy(
  certificate: Pick<Certificate, "tbs" | "scheme" | "signature">,
  issuer: PublicKey,
  crypto: CryptoPrimitives,
): Promise<boolean> {
  if (certificate.scheme === undefined) return false;
  const raw = rawSignature(certificate.signature, issuer.info);
  if (!raw.ok) return false;
  return crypto.verify(certificate.scheme, issuer, raw.value, certificate.tbs);
}

/** Subject and issuer are the same name: a certificate for a new key of the same CA, or a root's own. */
export function isSelfIssued(certificate: Certificate): boolean {
  return certificate.subject.key === certificate.issuer.key;
}

function malformed(detail: string): Result<never> {
  return fail("certificate_malformed", detail);
}
