import { concatBytes, utf8Encode } from "../../../src/encoding/bytes.ts";
import { parseSignedData, verifySignedData } from "../../../src/encoding/cms.ts";
import {
  element,
  implicit,
  integer,
  nul,
  octets,
  oid,
  seq,
  set,
  time,
  utf8,
} from "../../../src/encoding/der/writer.ts";
import type { PublicKey, SignatureScheme } from "../../../src/encoding/primitives.ts";
import type { PrivateKey } from "../../../src/platform/platform.ts";
import { webCryptoPlatform } from "../../../src/platform/webcrypto.ts";

/** Writes CMS signed data of which every part can be something else than it should be. */

export const platform = webCryptoPlatform();
export const SCHEME: SignatureScheme = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };

export const DATA = oid("1.2.840.113549.1.7.1");
export const SIGNED_DATA = oid("1.2.840.113549.1.7.2");
export const CONTENT_TYPE = oid("1.2.840.113549.1.9.3");
export const MESSAGE_DIGEST = oid("1.2.840.113549.1.9.4");
const SIGNING_TIME = oid("1.2.840.113549.1.9.5");
const ALGORITHM_PROTECTION = oid("1.2.840.113549.1.9.52");
export const SHA256_OID = oid("2.16.840.1.101.3.4.2.1");
export const SHA256 = seq(SHA256_OID, nul());
export const RSA_OID = oid("1.2.840.113549.1.1.1");
export const RSA = seq(RSA_OID, nul());
export const SHA256_RSA = oid("1.2.840.113549.1.1.11");
export const ISSUER = seq(set(seq(oid("2.5.4.10"), utf8("Cloud"))));
export const CONTENT = utf8Encode('{ "region" : "nowhere-1" }');

export const attribute = (type: Uint8Array, ...values: Uint8Array[]): Uint8Array =>
  seq(type, set(...values));
export const contentType = attribute(CONTENT_TYPE, DATA);
export const signingTime = attribute(SIGNING_TIME, time(1_600_000_000));
const protection = attribute(
  ALGORITHM_PROTECTION,
  seq(SHA256, implicit(1, concatBytes(SHA256_RSA, nul()), true)),
);

export async function digestOf(content: Uint8Array): Promise<Uint8Array> {
  return attribute(MESSAGE_DIGEST, octets(await platform.digest("SHA-256", content)));
}

export async function attributesOf(content: Uint8Array): Promise<Uint8Array[]> {
  return [contentType, signingTime, protection, await digestOf(content)];
}

/** Everything that can be written otherwise. Octets under `attributes` stand as given, else sorted. */
export interface SignerParts {
  readonly by: PrivateKey;
  readonly version?: Uint8Array;
  readonly name?: Uint8Array;
  readonly digest?: Uint8Array;
  readonly attributes?: readonly Uint8Array[] | Uint8Array | undefined;
  readonly algorithm?: Uint8Array;
  readonly signed?: Uint8Array;
  readonly after?: readonly Uint8Array[];
}

export async function signer(parts: SignerParts): Promise<Uint8Array> {
  const { attributes } = parts;
  const body =
    attributes === undefined || attributes instanceof Uint8Array ? attributes : set(...attributes);
  const signature = await platform.sign(SCHEME, parts.by, parts.signed ?? body ?? CONTENT);
  return seq(
    parts.version ?? integer(1),
    parts.name ?? seq(ISSUER, integer(7)),
    parts.digest ?? SHA256,
    ...(body === undefined ? [] : [concatBytes(Uint8Array.of(0xa0), body.subarray(1))]),
    parts.algorithm ?? RSA,
    octets(signature),
    ...(parts.after ?? []),
  );
}

export interface EnvelopeParts {
  readonly outerType?: Uint8Array;
  readonly version?: Uint8Array;
  readonly type?: Uint8Array;
  readonly content?: Uint8Array;
  readonly bag?: Uint8Array;
  readonly after?: readonly Uint8Array[];
}

export function envelope(signers: readonly Uint8Array[], parts: EnvelopeParts = {}): Uint8Array {
  const signedData = seq(
    parts.version ?? integer(1),
    set(SHA256),
    seq(parts.type ?? DATA, element(0xa0, parts.content ?? octets(CONTENT))),
    ...(parts.bag === undefined ? [] : [parts.bag]),
    element(0x31, concatBytes(...signers)),
    ...(parts.after ?? []),
  );
  return seq(parts.outerType ?? SIGNED_DATA, element(0xa0, signedData));
}

/** "ok", or the reason of the refusal. */
export async function judgeSignedData(
  bytes: Uint8Array,
  key: PublicKey,
  ber = false,
): Promise<string> {
  const data = parseSignedData(bytes, { ber });
  if (!data.ok) return data.error.reason;
  const verified = await verifySignedData(data.value, key, platform);
  return verified.ok ? "ok" : verified.error.reason;
}
