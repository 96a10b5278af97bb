import { describe, expect, it } from "vitest";
import {
  asciiEncode,
  concatBytes,
  equalBytes,
  fromHex,
  toHex,
  utf8Decode,
  utf8Encode,
} from "../../../src/encoding/bytes.ts";

describe("bytes", () => {
  it("joins", () => {
    expect(concatBytes()).toEqual(new Uint8Array());
    expect(concatBytes(Uint8Array.of(1), new Uint8Array(), Uint8Array.of(2, 3))).toEqual(
      Uint8Array.of(1, 2, 3),
    );
  });

  it("compares", () => {
    expect(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 2))).toBe(true);
    expect(equalBytes(new Uint8Array(), new Uint8Array())).toBe(true);
    for (const other of [[], [1], [1, 3], [0, 2], [1, 2, 0]])
      expect(equalBytes(Uint8Array.of(1, 2), Uint8Array.from(other))).toBe(false);
  });

  it("writes and reads hexadecimal", () => {
    expect(toHex(Uint8Array.of(0, 0x0a, 0xff))).toBe("000aff");
    expect(fromHex("000aFF")).toEqual(Uint8Array.of(0, 0x0a, 0xff));
    for (const text of [
      "0",
      "0g",
      "0 ",
      " 0",
      "0x00",
      "00\n",
      "-1",
      "/0",
      "0/",
      ":0",
      "0:",
      "@0",
      "`0",
      "0G",
      "\u01300",
    ])
      expect(fromHex(text)).toBeUndefined();
  });

  it("encodes ASCII and nothing else, whatever would fit", () => {
    expect(asciiEncode("a\u0000~\u007f")).toEqual(Uint8Array.of(0x61, 0, 0x7e, 0x7f));
    expect(asciiEncode("")).toEqual(new Uint8Array());
    for (const text of ["é", "éa", "aéa", "aaé", "\u0080", "\ud800", "€aa"])
      expect(asciiEncode(text)).toBeUndefined();
  });

  it("decodes UTF-8 and nothing else", () => {
    expect(utf8Decode(utf8Encode("aé\u{1f600}"))).toBe("aé\u{1f600}");
    expect(utf8Decode(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61))).toBe("\ufeffa");
    for (const bytes of [
      [0xff],
      [0xc0, 0xaf],
      [0xed, 0xa0, 0x80],
      [0xf4, 0x90, 0x80, 0x80],
      [0xe2, 0x82],
    ])
      expect(utf8Decode(Uint8Array.from(bytes))).toBeUndefined();
  });
});
