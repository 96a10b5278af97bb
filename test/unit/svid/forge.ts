import {
  ascii,
  bits,
  boolean,
  explicit,
  implicit,
  integer,
  namedBits,
  octets,
  oid,
  seq,
  set,
  time,
  utf8,
} from "../../../src/encoding/der/writer.ts";
import type { SignatureScheme } from "../../../src/encoding/primitives.ts";
import { signatureAlgorithmOf, x509Signature } from "../../../src/encoding/signature-algorithm.ts";
import type { KeyKind, PrivateKey } from "../../../src/platform/platform.ts";
import { webCryptoPlatform } from "../../../src/platform/webcrypto.ts";
import { parseCertificate, type Certificate } from "../../../src/svid/certificate.ts";
import { encodeExtension } from "../../../src/svid/extension-writer.ts";
import { OID } from "../../../src/svid/extensions.ts";
import { subjectKeyIdOf } from "../../../src/svid/key-id.ts";

/** Certificates of any shape, hostile ones too, written without the code under test where that matters. */

export const platform = webCryptoPlatform();
/** 2027-01-15T08:00:00Z */
export const NOW = 1_800_000_000;
export const DAY = 86_400;

export const SCHEMES: Readonly<Record<KeyKind, SignatureScheme>> = {
  "P-256": { name: "ECDSA", hash: "SHA-256" },
  "P-384": { name: "ECDSA", hash: "SHA-384" },
  "RSA-2048": { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" },
  Ed25519: { name: "Ed25519" },
};

function commonName(text: string): Uint8Array {
  return text === "" ? seq() : seq(set(seq(oid("2.5.4.3"), utf8(text))));
}

export const extension = {
  ca: (pathLength?: number, critical = true) =>
    encodeExtension(
      OID.basicConstraints,
      critical,
      pathLength === undefined ? seq(boolean(true)) : seq(boolean(true), integer(pathLength)),
    ),
  notCa: () => encodeExtension(OID.basicConstraints, true, seq()),
  /** Positions of RFC 5280 §4.2.1.3: 0 digitalSignature, 5 keyCertSign, 6 cRLSign. */
  keyUsage: (uses: readonly number[], critical = true) =>
    encodeExtension(OID.keyUsage, critical, namedBits(...uses)),
  purposes: (...purposes: readonly string[]) =>
    encodeExtension(OID.extendedKeyUsage, false, seq(...purposes.map(oid))),
  uris: (uris: readonly string[], critical = true) =>
    encodeExtension(
      OID.subjectAltName,
      critical,
      seq(...uris.map((uri) => implicit(6, ascii(uri)))),
    ),
  altNames: (...names: readonly Uint8Array[]) =>
    encodeExtension(OID.subjectAltName, true, seq(...names)),
  nameConstraints: (permitted: readonly Uint8Array[], excluded: readonly Uint8Array[] = []) =>
    encodeExtension(
      OID.nameConstraints,
      true,
      seq(
        ...[permitted, excluded].flatMap((bases, at) =>
          bases.length === 0 ? [] : [explicit(at, ...bases.map((base) => seq(base)))],
        ),
      ),
    ),
  /** requireExplicitPolicy 0. */
  policyConstraints: (critical: boolean) =>
    encodeExtension(OID.policyConstraints, critical, seq(implicit(0, Uint8Array.of(0)))),
  /** Of the CA that signs. */
  authorityKeyId: (keyId: Uint8Array) =>
    encodeExtension(OID.authorityKeyId, false, seq(implicit(0, keyId))),
  unknown: (critical: boolean) =>
    encodeExtension("1.3.6.1.4.1.99999.1", critical, octets(new Uint8Array(3))),
} as const;

export interface Fields {
  readonly subject?: string;
  /** DER Name in place of `subject`. */
  readonly subjectName?: Uint8Array;
  readonly issuer?: string;
  readonly serial?: Uint8Array;
  readonly notBefore?: number;
  readonly notAfter?: number;
  readonly extensions?: readonly Uint8Array[];
  readonly spki?: Uint8Array;
  readonly scheme?: SignatureScheme;
  /** Bytes between SPKI and extensions, or instead of them. */
  readonly tail?: readonly Uint8Array[];
}

/** @param key signs, whatever the fields say */
export async function forge(fields: Fields, key: PrivateKey): Promise<Uint8Array> {
  const scheme = fields.scheme ?? schemeOf(key);
  const tbs = seq(
    explicit(0, integer(2)),
    integer(fields.serial ?? platform.random(16).map((byte, at) => (at === 0 ? 0x5a : byte))),
    signatureAlgorithmOf(scheme),
    commonName(fields.issuer ?? "root"),
    seq(time(fields.notBefore ?? NOW - DAY), time(fields.notAfter ?? NOW + DAY)),
    fields.subjectName ?? commonName(fields.subject ?? ""),
    fields.spki ?? key.publicKey.spki,
    ...(fields.tail ?? [explicit(3, seq(...(fields.extensions ?? [])))]),
  );
  return sign(tbs, scheme, key);
}

async function sign(
  tbs: Uint8Array,
  scheme: SignatureScheme,
  key: PrivateKey,
): Promise<Uint8Array> {
  const signature = await platform.sign(scheme, key, tbs);
  return seq(tbs, signatureAlgorithmOf(scheme), bits(x509Signature(signature, scheme)));
}

function schemeOf(key: PrivateKey): SignatureScheme {
  const { info } = key.publicKey;
  if (info.type === "RSA") return SCHEMES["RSA-2048"];
  if (info.type === "Ed25519") return SCHEMES.Ed25519;
  return SCHEMES[info.curve === "P-384" ? "P-384" : "P-256"];
}

export function read(der: Uint8Array): Certificate {
  const parsed = parseCertificate(der);
  if (!parsed.ok) throw new Error(`unreadable: ${parsed.error.detail}`);
  return parsed.value;
}

/** A modulus of so many bytes that nobody knows the factors of. */
export function rsaModulus(bytes: number): Uint8Array {
  const n = new Uint8Array(bytes).map((_, at) => (at * 89 + 161) & 0xff);
  n[0] = 0xc1;
  n[bytes - 1] = 0xc3;
  return n;
}

/** A CA that signs whatever it is asked to. */
export interface TestCa {
  readonly key: PrivateKey;
  readonly name: string;
  readonly der: Uint8Array;
  readonly certificate: Certificate;
  issue(fields: Fields): Promise<Uint8Array>;
}

/** A root, or an intermediate where `by` is given. */
export async function testCa(name: string, fields: Fields = {}, by?: TestCa): Promise<TestCa> {
  const key = await platform.generateKey("P-256");
  return caOf(name, key, fields, by);
}

/** The same key under another certificate. */
export async function caOf(
  name: string,
  key: PrivateKey,
  fields: Fields = {},
  by?: TestCa,
): Promise<TestCa> {
  const keyId = await subjectKeyIdOf(key.publicKey.spki, platform);
  const all: Fields = {
    subject: name,
    issuer: by?.name ?? name,
    spki: key.publicKey.spki,
    extensions: [
      extension.ca(),
      extension.keyUsage([5, 6]),
      encodeExtension(OID.subjectKeyId, false, octets(keyId)),
    ],
    ...fields,
  };
  const der = await forge(all, by?.key ?? key);
  return {
    key,
    name,
    der,
    certificate: read(der),
    issue: async (leaf) => forge({ issuer: name, ...leaf }, key),
  };
}
