import { decodeBase64, encodeBase64 } from "../encoding/base64.ts";
import { utf8Encode } from "../encoding/bytes.ts";
import { parseJsonObject } from "../encoding/json.ts";
import { openAesGcm, sealAesGcm } from "../platform/aes-gcm.ts";
import type { Platform, PrivateKey } from "../platform/platform.ts";
import { thumbprint } from "../platform/thumbprint.ts";
import { fail, ok, type Result } from "../result.ts";
import type { SvidUse } from "./algorithms.ts";

/** Whose key is wrapped: an envelope opens for it and for nothing else. */
export interface WrappedFor {
  readonly trustDomain: string;
  readonly use: SvidUse;
  /** RFC 7638 thumbprint of the public key. */
  readonly kid: string;
}

/** A private key at rest: its PKCS#8 under a data key, which a key service encrypted. */
export interface Envelope extends WrappedFor {
  /** As the service gave it. */
  readonly dataKey: Uint8Array;
  readonly iv: Uint8Array;
  /** With the tag of 16 octets. */
  readonly ciphertext: Uint8Array;
}

const VERSION = 1;
const MEMBERS = "ciphertext data_key iv kid svidmint_wrapped_key trust_domain use";
/** The PKCS#8 of RSA-8192 is 6 KiB. */
const MAX_BYTES = 16 * 1024;
const IV_BYTES = 12;
const TAG_BYTES = 16;
export const DATA_KEY_BYTES = 32;

/**
 * What both layers are bound to: associated data of the key's encryption, and the context that a service binds the data
 * key to. Neither a trust domain nor a thumbprint has a colon.
 */
export function wrappingContext({ trustDomain, use, kid }: WrappedFor): string {
  return `svidmint-wrapped-key:${VERSION}:${trustDomain}:${use}:${kid}`;
}

/** @returns `body_schema` with what is wrong with its form */
export function parseEnvelope(bytes: Uint8Array): Result<Envelope> {
  if (bytes.length > MAX_BYTES) return malformed("larger than 16 KiB");
  const parsed = parseJsonObject(bytes);
  if (!parsed.ok) return malformed("not JSON");
  const members = parsed.value;
  if (members["svidmint_wrapped_key"] !== VERSION)
    return malformed(`svidmint_wrapped_key is not ${VERSION}`);
  if (Object.keys(members).toSorted().join(" ") !== MEMBERS)
    return malformed(`its members are not ${MEMBERS}`);
  const { trust_domain: trustDomain, use, kid } = members;
  if (typeof trustDomain !== "string" || typeof kid !== "string") return malformed("names no key");
  if (use !== "jwt" && use !== "wit") return malformed("use is neither jwt nor wit");
  const octets = (name: string): Uint8Array => {
    const text = members[name];
    const decoded = decodeBase64(typeof text === "string" ? text : "");
    return decoded.ok ? decoded.value : new Uint8Array(0);
  };
  const [dataKey, iv, ciphertext] = [octets("data_key"), octets("iv"), octets("ciphertext")];
  if (dataKey.length === 0) return malformed("data_key is not base64");
  if (iv.length !== IV_BYTES) return malformed(`iv is not base64 of ${IV_BYTES} octets`);
  if (ciphertext.length <= TAG_BYTES) return malformed("ciphertext is cut short, or not base64");
  return ok({ trustDomain, use, kid, dataKey, iv, ciphertext });
}

/**
 * Writes the file that `wrapped_key` names.
 * @param dataKey 32 fresh octets, in clear and as the service encrypted them for `wrappingContext`
 */
export async function wrapKey(
  key: PrivateKey,
  { trustDomain, use }: Omit<WrappedFor, "kid">,
  dataKey: { readonly plain: Uint8Array; readonly wrapped: Uint8Array },
  platform: Platform,
): Promise<string> {
  const kid = await thumbprint(platform, key.publicKey.info);
  const iv = platform.random(IV_BYTES);
  const associated = utf8Encode(wrappingContext({ trustDomain, use, kid }));
  const pkcs8 = await platform.exportPrivateKey(key);
  const ciphertext = await sealAesGcm({ key: dataKey.plain, iv, associated }, pkcs8);
  pkcs8.fill(0);
  const file = {
    svidmint_wrapped_key: VERSION,
    trust_domain: trustDomain,
    use,
    kid,
    data_key: encodeBase64(dataKey.wrapped),
    iv: encodeBase64(iv),
    ciphertext: encodeBase64(ciphertext),
  };
  return `${JSON.stringify(file, undefined, 2)}\n`;
}

/** @returns PKCS#8; undefined where the envelope was changed, or was wrapped with another data key */
export function unwrapPkcs8(
  envelope: Envelope,
  dataKey: Uint8Array,
): Promise<Uint8Array | undefined> {
  const { iv, ciphertext } = envelope;
  const associated = utf8Encode(wrappingContext(envelope));
  return openAesGcm({ key: dataKey, iv, associated }, ciphertext);
}

function malformed(detail: string): Result<never> {
  return fail("body_schema", detail);
}
