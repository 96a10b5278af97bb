import { concatBytes } from "../../../encoding/bytes.ts";
import type { HashName, SignatureScheme } from "../../../encoding/primitives.ts";
import type { Platform } from "../../../platform/platform.ts";
import type { Mechanism } from "./cryptoki.ts";
import type { OaepHash } from "./messages.ts";

/** PKCS#11 2.40 mechanisms, `CKM_EDDSA` of 3.0. */
const CKM = { rsaPkcs: 0x1, oaep: 0x9, pss: 0xd, ecdsa: 0x1041, eddsa: 0x1057 } as const;
/** `CKM_SHA…` and `CKG_MGF1_SHA…`. */
const HASHES = {
  "SHA-1": { hashAlg: 0x220, mgf: 1 },
  "SHA-256": { hashAlg: 0x250, mgf: 2 },
  "SHA-384": { hashAlg: 0x260, mgf: 3 },
  "SHA-512": { hashAlg: 0x270, mgf: 4 },
} as const;
/** Which structure it is: `CK_PARAMS_RSA_OAEP` and `CK_PARAMS_RSA_PSS` of pkcs11js. */
const PARAMETERS = { oaep: 4, pss: 5 } as const;
const DATA_SPECIFIED = 1;

/** The last arc of the hash's OID, and its length in octets. */
const DIGESTS: Readonly<Record<HashName, readonly [oid: number, length: number]>> = {
  "SHA-256": [1, 32],
  "SHA-384": [2, 48],
  "SHA-512": [3, 64],
};

/** What the token signs: our own digest, so that no token has to hash, or to be sent all of it. Ed25519 has none. */
export async function signatureInput(
  scheme: SignatureScheme,
  data: Uint8Array,
  { digest }: Pick<Platform, "digest">,
): Promise<Uint8Array> {
  if (scheme.name === "Ed25519") return data;
  const hash = await digest(scheme.hash, data);
  return scheme.name === "RSASSA-PKCS1-v1_5" ? digestInfo(scheme.hash, hash) : hash;
}

/** RFC 8017 §9.2, note 1. */
function digestInfo(hash: HashName, digest: Uint8Array): Uint8Array {
  const [arc, length] = DIGESTS[hash];
  const oid = [0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, arc];
  const prefix = [0x30, 17 + length, 0x30, 0x0d, ...oid, 0x05, 0x00, 0x04, length];
  return concatBytes(Uint8Array.from(prefix), digest);
}

export function signMechanism(scheme: SignatureScheme): Mechanism {
  switch (scheme.name) {
    case "Ed25519":
      return { mechanism: CKM.eddsa };
    case "ECDSA":
      return { mechanism: CKM.ecdsa };
    case "RSASSA-PKCS1-v1_5":
      return { mechanism: CKM.rsaPkcs };
    case "RSA-PSS": {
      const [, saltLen] = DIGESTS[scheme.hash];
      const parameter = { type: PARAMETERS.pss, ...HASHES[scheme.hash], saltLen };
      return { mechanism: CKM.pss, parameter };
    }
  }
}

/** Without a label: SoftHSM has none, and what is decrypted is bound to its context by the envelope it opens. */
export function decryptMechanism(hash: OaepHash): Mechanism {
  const parameter = { type: PARAMETERS.oaep, ...HASHES[hash], source: DATA_SPECIFIED };
  return { mechanism: CKM.oaep, parameter };
}
