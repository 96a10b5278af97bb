import { describe, expect, it } from "vitest";
import { utf8Encode } from "../../../src/encoding/bytes.ts";
import { crc32c } from "../../../src/encoding/crc32c.ts";
import { checksumOf } from "../../fakes/gcp-kms-protocol.ts";

const counted = Uint8Array.from({ length: 32 }, (_, at) => at);

describe("CRC-32C", () => {
  /** RFC 3720, B.4, and the check value of the catalogue of CRCs. */
  it.each<[string, Uint8Array, number]>([
    ["nothing", new Uint8Array(0), 0],
    ["digits", utf8Encode("123456789"), 0xe3069283],
    ["zeros", new Uint8Array(32), 0x8a9136aa],
    ["ones", new Uint8Array(32).fill(0xff), 0x62a8ab43],
    ["rising", counted, 0x46dd794e],
    ["falling", counted.toReversed(), 0x113fdb5c],
  ])("of %s", (_, bytes, sum) => {
    expect(crc32c(bytes)).toBe(sum);
    expect(checksumOf(bytes)).toBe(String(sum));
  });
});
