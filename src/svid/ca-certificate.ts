import { toHex } from "../encoding/bytes.ts";
import {
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
  ascii,
} from "../encoding/der/writer.ts";
import type { SignatureScheme } from "../encoding/primitives.ts";
import { signatureAlgorithmOf } from "../encoding/signature-algorithm.ts";
import type { TrustDomain } from "../spiffe/trust-domain.ts";
import { encodeExtension } from "./extension-writer.ts";
import { OID } from "./extensions.ts";

/**
 * What an intermediate may name: `exclude_dns_ip`: no DNS name and no address; `permit_uri`: beside that, in URIs
 * nothing but the trust domain, which some verifiers do not understand and therefore refuse; `none`: anything.
 */
export type CaNameConstraints = "exclude_dns_ip" | "permit_uri" | "none";

export interface CaProfile {
  readonly trustDomain: TrustDomain;
  /** DER SubjectPublicKeyInfo of the CA's key. */
  readonly spki: Uint8Array;
  /** See `subjectKeyIdOf`. */
  readonly subjectKeyId: Uint8Array;
  /** See `serialNumber`. */
  readonly serial: Uint8Array;
  /** Unix seconds. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** 1 for a root, which signs intermediates in mode `delegated`; 0 for an intermediate. */
  readonly pathLength: number;
  /** `none` unless told. */
  readonly nameConstraints?: CaNameConstraints;
  /** Of the key that signs. */
  readonly scheme: SignatureScheme;
  /** The CA that signs; absent for a root, which signs itself. */
  readonly issuer?: { readonly name: Uint8Array; readonly keyId: Uint8Array };
}

/**
 * The TBSCertificate of a signing certificate (X509-SVID §3.1, §4, §5): a root or an intermediate of the trust domain,
 * whose SPIFFE ID it carries without a path. It signs certificates and nothing else.
 */
export function buildCaTbs(profile: CaProfile): Uint8Array {
  const subject = caName(profile.subjectKeyId);
  const extensions = caExtensions(profile);
  if (profile.issuer !== undefined)
    extensions.push(
      encodeExtension(OID.authorityKeyId, false, seq(implicit(0, profile.issuer.keyId))),
    );
  return seq(
    explicit(0, integer(2)),
    integer(profile.serial),
    signatureAlgorithmOf(profile.scheme),
    profile.issuer?.name ?? subject,
    seq(time(profile.notBefore), time(profile.notAfter)),
    subject,
    profile.spki,
    explicit(3, seq(...extensions)),
  );
}

/** All that does not depend on who signs. */
export function caExtensions({
  trustDomain,
  subjectKeyId,
  pathLength,
  nameConstraints = "none",
}: Pick<
  CaProfile,
  "trustDomain" | "subjectKeyId" | "pathLength" | "nameConstraints"
>): Uint8Array[] {
  const extensions = [
    encodeExtension(OID.basicConstraints, true, seq(boolean(true), integer(pathLength))),
    encodeExtension(OID.keyUsage, true, namedBits(5)),
    encodeExtension(OID.subjectKeyId, false, octets(subjectKeyId)),
    encodeExtension(OID.subjectAltName, false, seq(implicit(6, ascii(`spiffe://${trustDomain}`)))),
  ];
  if (nameConstraints !== "none") {
    // Permitted [0] comes before excluded [1]; a host without a leading dot is that host alone (RFC 5280 §4.2.1.10).
    const permitted =
      nameConstraints === "permit_uri" ? [explicit(0, seq(implicit(6, ascii(trustDomain))))] : [];
    extensions.push(
      encodeExtension(OID.nameConstraints, true, seq(...permitted, explicit(1, ...NO_DNS_NO_IP))),
    );
  }
  return extensions;
}

/** Every DNS name; every address of version 4, and of version 6, each with its mask. */
const NO_DNS_NO_IP: readonly Uint8Array[] = [
  seq(implicit(2, new Uint8Array(0))),
  seq(implicit(7, new Uint8Array(8))),
  seq(implicit(7, new Uint8Array(32))),
];

const ORGANIZATION = oid("2.5.4.10");
const COMMON_NAME = oid("2.5.4.3");

/**
 * A name that no other key's CA has: verifiers look issuers up by it. The trust domain stands in the URI; as a common
 * name it could be too long (64 characters, RFC 5280 appendix A).
 */
export function caName(subjectKeyId: Uint8Array): Uint8Array {
  return seq(
    attribute(ORGANIZATION, "svidmint"),
    attribute(COMMON_NAME, `ca ${toHex(subjectKeyId)}`),
  );
}

function attribute(type: Uint8Array, value: string): Uint8Array {
  return set(seq(type, utf8(value)));
}
