import { boolean, octets, oid, seq } from "../encoding/der/writer.ts";

/** One Extension (RFC 5280 §4.1); not critical is the default, which DER leaves out. */
export function encodeExtension(type: string, critical: boolean, value: Uint8Array): Uint8Array {
  return critical ? seq(oid(type), boolean(true), octets(value)) : seq(oid(type), octets(value));
}
