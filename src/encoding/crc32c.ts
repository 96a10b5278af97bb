/** x³² + x²⁸ + … + x⁶ + 1 (Castagnoli), bits reversed. */
const POLYNOMIAL = 0x82f63b78;
const TABLE = /* @__PURE__ */ makeTable();

/**
 * CRC-32C, RFC 3720 §12.1: finds what was garbled on the way, and proves nothing to anybody.
 * @returns unsigned, 32 bits
 */
export function crc32c(bytes: Uint8Array): number {
  let crc = -1;
  for (const byte of bytes) crc = (crc >>> 8) ^ (TABLE[(crc ^ byte) & 0xff] ?? 0);
  return ~crc >>> 0;
}

function makeTable(): Uint32Array {
  return Uint32Array.from({ length: 256 }, (_, byte) => {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? POLYNOMIAL : 0);
    return crc;
  });
}
