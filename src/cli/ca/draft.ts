import "reflect-metadata";
import {
  AuthorityKeyIdentifierExtension,
  Extension,
  Name,
  PublicKey,
  X509CertificateGenerator,
  type JsonName,
} from "@peculiar/x509";
import { toHex } from "../../encoding/bytes.ts";
import { derOid, readDer } from "../../encoding/der/reader.ts";
import type { PublicKeyInfo, SignatureScheme } from "../../encoding/primitives.ts";
import { signatureAlgorithmOf } from "../../encoding/signature-algorithm.ts";
import { spkiOf } from "../../encoding/public-key.ts";
import type { ChosenAlgorithm } from "../../signer/algorithms.ts";
import { parseCertificate, type Certificate } from "../../svid/certificate.ts";
import { caExtensions, type CaNameConstraints } from "../../svid/ca-certificate.ts";
import type { TrustDomain } from "../../spiffe/trust-domain.ts";
import { subjectKeyIdOf } from "../../svid/key-id.ts";
import { serialNumber } from "../../svid/x509-svid.ts";
import { platform } from "../key-file.ts";

/** Everything that a CA certificate says. */
export interface CaContent {
  readonly trustDomain: TrustDomain;
  readonly subject: JsonName;
  readonly info: PublicKeyInfo;
  /** Unix seconds. */
  readonly notBefore: number;
  readonly notAfter: number;
  readonly pathLength: number;
  readonly nameConstraints: CaNameConstraints;
  /** Absent for a root, which signs itself. */
  readonly issuer?: Certificate;
  /** Of the key that is to sign. */
  readonly signs: ChosenAlgorithm;
}

/**
 * The certificate as it would be, under a signature of zeros: to be looked at, and its TBSCertificate to be signed.
 * @see RFC 5280 §4.1, X509-SVID §3.1 and §4
 */
export async function draftCertificate(content: CaContent): Promise<Certificate> {
  const spki = spkiOf(content.info);
  const subjectKeyId = await subjectKeyIdOf(spki, platform);
  const { issuer, subject, signs } = content;
  const certificate = await X509CertificateGenerator.create({
    serialNumber: toHex(serialNumber(platform.random(17))),
    subject,
    issuer: issuer === undefined ? subject : new Name(own(issuer.subject.raw)),
    notBefore: new Date(content.notBefore * 1000),
    notAfter: new Date(content.notAfter * 1000),
    publicKey: new PublicKey(own(spki)),
    signingAlgorithm: identifier(signs.scheme),
    signature: new Uint8Array(64),
    extensions: [
      ...caExtensions({ ...content, subjectKeyId }).map((one) => new Extension(own(one))),
      ...(issuer?.extensions.subjectKeyId === undefined
        ? []
        : [new AuthorityKeyIdentifierExtension(toHex(issuer.extensions.subjectKeyId))]),
    ],
  });
  const parsed = parseCertificate(new Uint8Array(certificate.rawData));
  if (!parsed.ok) throw new Error(`not a certificate: ${parsed.error.detail ?? ""}`);
  return parsed.value;
}

/** By object identifier and parameters: the library knows the names of some algorithms alone. */
function identifier(scheme: SignatureScheme): Algorithm {
  const read = readDer(signatureAlgorithmOf(scheme));
  const [oid, parameters] = read.ok ? read.value.children : [];
  const name = derOid(oid);
  if (name === undefined) throw new TypeError("signatureAlgorithmOf writes an AlgorithmIdentifier");
  return parameters === undefined
    ? { name }
    : Object.assign({ name }, { parameters: own(parameters.raw).buffer });
}

/** The library takes no view of shared memory. */
function own(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}
