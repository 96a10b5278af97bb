import { concatBytes, equalBytes } from "../../../encoding/bytes.ts";
import type { PublicKeyInfo } from "../../../encoding/primitives.ts";
import { CKA } from "./cryptoki.ts";

/** Uncompressed. */
const POINT = Uint8Array.of(4);
const OCTET_STRING = 0x04;

/** The attributes that tell a key of this kind from all others. */
export function publicAttributes({ type }: PublicKeyInfo): readonly number[] {
  return type === "RSA" ? [CKA.modulus, CKA.publicExponent] : [CKA.ecPoint];
}

/** @param values of `publicAttributes`, in their order */
export function isPublicHalf(info: PublicKeyInfo, values: readonly Uint8Array[]): boolean {
  const [first, second] = values;
  if (first === undefined) return false;
  if (info.type === "RSA") {
    return (
      second !== undefined &&
      equalBytes(withoutZeros(first), info.n) &&
      equalBytes(withoutZeros(second), info.e)
    );
  }
  const point = info.type === "EC" ? concatBytes(POINT, info.x, info.y) : info.x;
  return equalBytes(first, point) || equalBytes(first, octetString(point));
}

/** PKCS#11 2.40 §2.3.3 says DER; tokens that hold the bare point are about, too. */
function octetString(content: Uint8Array): Uint8Array {
  const long = content.length > 0x7f ? [0x81] : [];
  return concatBytes(Uint8Array.of(OCTET_STRING, ...long, content.length), content);
}

function withoutZeros(integer: Uint8Array): Uint8Array {
  const first = integer.findIndex((byte) => byte !== 0);
  return integer.subarray(Math.max(0, first));
}
