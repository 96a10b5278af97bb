import { concatBytes } from "../../src/encoding/bytes.ts";
import {
  element,
  integer,
  nul,
  octets,
  oid,
  printable,
  seq,
  set,
  time,
} from "../../src/encoding/der/writer.ts";
import { signPkcs1 } from "./keys.ts";

/**
 * Writes PKCS#7 signed data as EC2 does: BER with indefinite lengths down to the content, the content an OCTET STRING
 * in pieces, no certificates, and signed attributes in DER. Every part can be replaced, so that tests can write what
 * EC2 never would.
 */

export const OID = {
  data: oid("1.2.840.113549.1.7.1"),
  signedData: oid("1.2.840.113549.1.7.2"),
  contentType: oid("1.2.840.113549.1.9.3"),
  messageDigest: oid("1.2.840.113549.1.9.4"),
  signingTime: oid("1.2.840.113549.1.9.5"),
  algorithmProtection: oid("1.2.840.113549.1.9.52"),
  sha1: oid("1.3.14.3.2.26"),
  sha256: oid("2.16.840.1.101.3.4.2.1"),
  rsaEncryption: oid("1.2.840.113549.1.1.1"),
  sha256WithRsa: oid("1.2.840.113549.1.1.11"),
} as const;

/** How the algorithm of the signature has been written over the years: 2017, 2021, 2026. */
export type Generation = "2017" | "2021" | "2026";

const SHA256 = seq(OID.sha256, nul());

const SIGNATURE_ALGORITHM: Record<Generation, Uint8Array> = {
  "2017": seq(OID.rsaEncryption, nul()),
  "2021": seq(OID.sha256WithRsa, nul()),
  "2026": seq(OID.sha256WithRsa),
};

/** BER: a constructed element whose end is marked instead of its length being told. */
export function indefinite(identifier: number, ...parts: readonly Uint8Array[]): Uint8Array {
  return concatBytes(Uint8Array.of(identifier, 0x80), ...parts, Uint8Array.of(0, 0));
}

export function attribute(type: Uint8Array, ...values: readonly Uint8Array[]): Uint8Array {
  return seq(type, set(...values));
}

export async function sha256(data: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new Uint8Array(data)));
}

/** The attributes that EC2 signs: content type, signing time, digest and, since 2021, the algorithms. */
export async function awsAttributes(
  content: Uint8Array,
  signingTime: number,
  generation: Generation = "2021",
): Promise<Uint8Array[]> {
  const protection = seq(SHA256, element(0xa1, concatBytes(OID.sha256WithRsa, nul())));
  return [
    attribute(OID.contentType, OID.data),
    attribute(OID.signingTime, time(signingTime)),
    ...(generation === "2017" ? [] : [attribute(OID.algorithmProtection, protection)]),
    attribute(OID.messageDigest, octets(await sha256(content))),
  ];
}

export interface SignerOptions {
  readonly key: CryptoKey;
  /** Signed attributes as they stand; undefined: none, and the signature covers the content. */
  readonly attributes: readonly Uint8Array[] | undefined;
  readonly content: Uint8Array;
  readonly generation?: Generation;
  /** Takes the attributes in the order given, where DER would have them sorted. */
  readonly unsorted?: boolean;
  readonly digestAlgorithm?: Uint8Array;
  /** DER Name of the issuer of the signer's certificate. */
  readonly issuer?: Uint8Array;
  readonly serial?: number | Uint8Array;
}

/** A SignerInfo (RFC 5652 §5.3). What is signed is the attributes as a SET, where they stand under [0]. */
export async function signerInfo(options: SignerOptions): Promise<Uint8Array> {
  const { key, attributes, content, generation = "2021" } = options;
  const body =
    attributes &&
    (options.unsorted === true ? element(0x31, concatBytes(...attributes)) : set(...attributes));
  const signature = await signPkcs1(key, body ?? content);
  const tagged = body && concatBytes(Uint8Array.of(0xa0), body.subarray(1));
  return seq(
    integer(1),
    seq(
      options.issuer ??
        seq(
          set(seq(oid("2.5.4.6"), printable("US"))),
          set(seq(oid("2.5.4.10"), printable("Simulated Cloud"))),
        ),
      integer(options.serial ?? 1),
    ),
    options.digestAlgorithm ?? SHA256,
    ...(tagged ? [tagged] : []),
    SIGNATURE_ALGORITHM[generation],
    octets(signature),
  );
}

export interface SignedDataOptions {
  readonly content: Uint8Array;
  readonly signers: readonly Uint8Array[];
  /** A bag of certificates under [0], which EC2 does not send. */
  readonly certificates?: readonly Uint8Array[];
  /** The content in so many pieces; 1 unless told. */
  readonly pieces?: number;
  /** The same structure in DER, as a re-encoding would have it. */
  readonly der?: boolean;
  readonly digestAlgorithms?: readonly Uint8Array[];
}

export function signedData(options: SignedDataOptions): Uint8Array {
  const { content, signers, certificates, der } = options;
  const wrap = (identifier: number, ...parts: Uint8Array[]) =>
    der === true ? element(identifier, concatBytes(...parts)) : indefinite(identifier, ...parts);
  const size = Math.ceil(content.length / (options.pieces ?? 1));
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < content.length; at += size)
    pieces.push(octets(content.subarray(at, at + size)));
  return wrap(
    0x30,
    OID.signedData,
    wrap(
      0xa0,
      wrap(
        0x30,
        integer(1),
        set(...(options.digestAlgorithms ?? [SHA256])),
        wrap(0x30, OID.data, wrap(0xa0, der === true ? octets(content) : wrap(0x24, ...pieces))),
        ...(certificates ? [element(0xa0, concatBytes(...certificates))] : []),
        element(0x31, concatBytes(...signers)),
      ),
    ),
  );
}

/** A document as EC2 signs it. @param signingTime Unix seconds */
export async function signAsEc2(
  key: CryptoKey,
  content: Uint8Array,
  signingTime: number,
  generation: Generation = "2021",
): Promise<Uint8Array> {
  const attributes = await awsAttributes(content, signingTime, generation);
  return signedData({
    content,
    signers: [await signerInfo({ key, attributes, content, generation })],
  });
}
