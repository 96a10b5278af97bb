import { describe, expect, it } from "vitest";
import { toHex } from "../../../../src/encoding/bytes.ts";
import {
  bits,
  boolean,
  explicit,
  ia5,
  implicit,
  integer,
  namedBits,
  nul,
  octets,
  printable,
  seq,
  set,
  time,
  utf8,
} from "../../../../src/encoding/der/writer.ts";

describe("the DER writer", () => {
  it.each([
    ["a SEQUENCE", seq(integer(1), nul()), "30050201010500"],
    ["an empty SEQUENCE", seq(), "3000"],
    [
      "a SET OF, sorted",
      set(octets(Uint8Array.of(2)), nul(), octets(Uint8Array.of(1))),
      "310804010104010205 00",
    ],
    ["zero", integer(0), "020100"],
    ["zero from octets", integer(Uint8Array.of(0, 0)), "020100"],
    ["an integer without its leading zeros", integer(Uint8Array.of(0, 0, 1)), "020101"],
    ["an integer without a sign octet", integer(Uint8Array.of(0x7f)), "02017f"],
    ["an integer with a sign octet", integer(Uint8Array.of(0x80)), "02020080"],
    ["a small integer", integer(65537), "0203010001"],
    ["a big small integer", integer(2 ** 48), "020701000000000000"],
    ["no integer", integer(new Uint8Array()), "020100"],
    ["a BIT STRING", bits(Uint8Array.of(0x80), 7), "03020780"],
    ["digitalSignature", namedBits(0), "03020780"],
    ["keyCertSign and cRLSign", namedBits(5, 6), "03020106"],
    ["decipherOnly", namedBits(8), "0303070080"],
    ["no named bits", namedBits(), "030100"],
    ["UTF8String", utf8("é"), "0c02c3a9"],
    ["PrintableString", printable("US"), "13025553"],
    ["IA5String", ia5("a"), "160161"],
    ["BOOLEAN", boolean(true), "0101ff"],
    ["FALSE", boolean(false), "010100"],
    ["an EXPLICIT tag", explicit(0, integer(2)), "a003020102"],
    ["an IMPLICIT tag", implicit(6, Uint8Array.of(0x61)), "860161"],
    ["a constructed IMPLICIT tag", implicit(1, nul(), true), "a1020500"],
    ["UTCTime", time(0), "170d3730303130313030303030305a"],
    ["GeneralizedTime", time(2524608000), "180f32303530303130313030303030305a"],
  ])("writes %s", (_, element, hex) => {
    expect(toHex(element)).toBe(hex.replaceAll(" ", ""));
  });

  it.each([
    [127, "047f"],
    [128, "048180"],
    [255, "0481ff"],
    [256, "04820100"],
    [65535, "0482ffff"],
    [65536, "0483010000"],
  ])("writes a length of %i in its shortest form", (length, header) => {
    expect(toHex(octets(new Uint8Array(length)).subarray(0, header.length / 2))).toBe(header);
  });

  it("throws for what has no encoding", () => {
    expect(() => integer(-1)).toThrow(RangeError);
    expect(() => integer(0.5)).toThrow(RangeError);
    expect(() => ia5("é")).toThrow(RangeError);
    expect(() => time(Number.NaN)).toThrow(RangeError);
    expect(() => octets(new Uint8Array(1 << 24))).toThrow(RangeError);
  });
});
