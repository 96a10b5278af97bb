import { bits, implicit, integer, oid, seq, set } from "../encoding/der/writer.ts";
import type { SignatureScheme } from "../encoding/primitives.ts";
import { signatureAlgorithmOf, x509Signature } from "../encoding/signature-algorithm.ts";
import type { Platform, PrivateKey } from "../platform/platform.ts";

/** What a request asks for beside a certificate of its key. */
export interface RequestedCertificate {
  /** DER Name. */
  readonly subject: Uint8Array;
  /** DER Extensions, each one. */
  readonly extensions: readonly Uint8Array[];
}

/** PKCS#9 extensionRequest (RFC 2985 §5.4.2). */
const EXTENSION_REQUEST = oid("1.2.840.113549.1.9.14");

/** A PKCS#10 request (RFC 2986), DER, signed by its key. Without `wanted` it has no name and no attributes. */
export async function certificateRequest(
  platform: Pick<Platform, "sign">,
  key: PrivateKey,
  scheme: SignatureScheme,
  wanted?: RequestedCertificate,
): Promise<Uint8Array> {
  const attributes =
    wanted === undefined
      ? new Uint8Array(0)
      : seq(EXTENSION_REQUEST, set(seq(...wanted.extensions)));
  const info = seq(
    integer(0),
    wanted?.subject ?? seq(),
    key.publicKey.spki,
    implicit(0, attributes, true),
  );
  const signature = x509Signature(await platform.sign(scheme, key, info), scheme);
  return seq(info, signatureAlgorithmOf(scheme), bits(signature));
}
