import { toHex } from "../../src/encoding/bytes.ts";
import { ascii, implicit, octets, oid, seq, set, utf8 } from "../../src/encoding/der/writer.ts";
import type { KeyKind, Platform, PrivateKey } from "../../src/platform/platform.ts";
import type { IntermediateRequest } from "../../src/signer/backend.ts";
import { encodeExtension } from "../../src/svid/extension-writer.ts";
import { OID } from "../../src/svid/extensions.ts";
import { subjectKeyIdOf } from "../../src/svid/key-id.ts";
import { extension } from "../unit/svid/forge.ts";
import { csrDer, extensionRequest } from "./csr.ts";

export const TRUST_DOMAIN = "prod.example.org";
const HOUR = 3600;

export interface IntermediateWish extends IntermediateRequest {
  readonly key: PrivateKey;
  readonly subject: Uint8Array;
}

/** As the issuer asks: a subject of its own, and every extension that the intermediate should have. */
export async function intermediateWish(
  platform: Platform,
  kind: KeyKind = "P-256",
): Promise<IntermediateWish> {
  const key = await platform.generateKey(kind);
  const keyId = await subjectKeyIdOf(key.publicKey.spki, platform);
  const subject = seq(
    set(seq(oid("2.5.4.10"), utf8("svidmint"))),
    set(seq(oid("2.5.4.3"), utf8(`ca ${toHex(keyId)}`))),
  );
  const extensions = [
    extension.ca(0),
    extension.keyUsage([5]),
    encodeExtension(OID.subjectKeyId, false, octets(keyId)),
    extension.uris([`spiffe://${TRUST_DOMAIN}`], false),
    // No DNS name, no address.
    extension.nameConstraints(
      [],
      [implicit(2, ascii("")), implicit(7, new Uint8Array(8)), implicit(7, new Uint8Array(32))],
    ),
  ];
  const csr = await csrDer(platform, key, {
    subject,
    attributes: [extensionRequest(...extensions)],
  });
  const notAfter = platform.now() + 2 * HOUR;
  const nameConstraints = "exclude_dns_ip";
  return { key, subject, csr, trustDomain: TRUST_DOMAIN, nameConstraints, notAfter };
}
