import {
  bits,
  element,
  implicit,
  integer,
  oid,
  seq,
  set,
  utf8,
} from "../../src/encoding/der/writer.ts";
import { concatBytes } from "../../src/encoding/bytes.ts";
import type { SignatureScheme } from "../../src/encoding/primitives.ts";
import { signatureAlgorithmOf, x509Signature } from "../../src/encoding/signature-algorithm.ts";
import type { Platform, PrivateKey } from "../../src/platform/platform.ts";
import { pem } from "./keys.ts";

/** What of a certificate request is to differ from a plain one. */
export interface CsrOptions {
  readonly version?: number;
  readonly subject?: Uint8Array;
  readonly spki?: Uint8Array;
  /** Elements of `[0] attributes`. */
  readonly attributes?: readonly Uint8Array[];
  readonly algorithm?: Uint8Array;
  readonly signature?: Uint8Array;
  /** Instead of the whole CertificationRequestInfo. */
  readonly tbs?: Uint8Array;
}

const SCHEMES: Readonly<Record<"RSA" | "EC" | "Ed25519", SignatureScheme>> = {
  RSA: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" },
  EC: { name: "ECDSA", hash: "SHA-256" },
  Ed25519: { name: "Ed25519" },
};

/** A certificate request as DER, signed by `key` whatever it says. */
export async function csrDer(
  platform: Platform,
  key: PrivateKey,
  options: CsrOptions = {},
): Promise<Uint8Array> {
  const scheme = SCHEMES[key.publicKey.info.type];
  const tbs =
    options.tbs ??
    seq(
      integer(options.version ?? 0),
      options.subject ?? seq(),
      options.spki ?? key.publicKey.spki,
      implicit(0, concatBytes(...(options.attributes ?? [])), true),
    );
  const signature =
    options.signature ?? x509Signature(await platform.sign(scheme, key, tbs), scheme);
  return seq(tbs, options.algorithm ?? signatureAlgorithmOf(scheme), bits(signature));
}

export async function csrPem(
  platform: Platform,
  key: PrivateKey,
  options?: CsrOptions,
): Promise<string> {
  return pem("CERTIFICATE REQUEST", await csrDer(platform, key, options));
}

/** `CN=text`. */
export function commonName(text: string): Uint8Array {
  return seq(set(seq(oid("2.5.4.3"), utf8(text))));
}

/** The attribute that asks for extensions (RFC 2985 §5.4.2). */
export function extensionRequest(...extensions: readonly Uint8Array[]): Uint8Array {
  return seq(oid("1.2.840.113549.1.9.14"), set(seq(...extensions)));
}

export function extension(dotted: string, critical: boolean, value: Uint8Array): Uint8Array {
  const flag = critical ? [Uint8Array.of(1, 1, 0xff)] : [];
  return seq(oid(dotted), ...flag, element(0x04, value));
}
