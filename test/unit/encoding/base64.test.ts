import { describe, expect, it } from "vitest";
import {
  decodeBase64,
  decodeBase64url,
  decodeBase64urlAt,
  encodeBase64,
  encodeBase64url,
} from "../../../src/encoding/base64.ts";
import { utf8Encode } from "../../../src/encoding/bytes.ts";

const ENCODED: readonly (readonly [string, string])[] = [
  ["", ""],
  ["f", "Zg=="],
  ["fo", "Zm8="],
  ["foo", "Zm9v"],
  ["foob", "Zm9vYg=="],
  ["fooba", "Zm9vYmE="],
  ["foobar", "Zm9vYmFy"],
];

describe("base64", () => {
  it.each(ENCODED)("has the vectors of RFC 4648 §10: %j", (plain, encoded) => {
    const bytes = utf8Encode(plain);
    expect(encodeBase64(bytes)).toBe(encoded);
    expect(decodeBase64(encoded)).toEqual({ ok: true, value: bytes });
    const unpadded = encoded.replace(/=+$/, "");
    expect(encodeBase64url(bytes)).toBe(unpadded);
    expect(decodeBase64url(unpadded)).toEqual({ ok: true, value: bytes });
  });

  it("keeps the two alphabets apart", () => {
    const bytes = Uint8Array.of(0xfb, 0xff, 0xbf);
    expect(encodeBase64(bytes)).toBe("+/+/");
    expect(encodeBase64url(bytes)).toBe("-_-_");
    expect(decodeBase64("-_-_").ok).toBe(false);
    expect(decodeBase64url("+/+/").ok).toBe(false);
  });

  it.each([
    ["padding missing", "Zg"],
    ["half the padding", "Zg="],
    ["too much padding", "Zg==="],
    ["padding where none is due", "Zm9v===="],
    ["padding alone", "===="],
    ["padding inside", "Zg==Zg=="],
    ["bits of one octet left over", "Zh=="],
    ["bits of two octets left over", "Zm9="],
    ["a character alone", "Z==="],
    ["white space", "Zm 9v==="],
    ["a line feed", "Zm9v\n"],
    ["a NUL", "Zm9v\u0000\u0000\u0000\u0000"],
    ["a character whose low octet is legal", "Zm9\u0176"],
    ["an astral character", "Zm\u{1f600}"],
  ])("refuses %s", (_, text) => {
    expect(decodeBase64(text)).toMatchObject({ ok: false, error: { reason: "encoding_invalid" } });
  });

  it.each([
    ["padding", "Zg=="],
    ["one padding character", "Zm8="],
    ["bits left over after one octet", "Zh"],
    ["bits left over after two octets", "Zm9"],
    ["a length that nothing has", "Zm9vY"],
    ["a space inside", "Zm 9v"],
    ["a line feed after", "Zm9v\n"],
    ["a character whose low octet is legal", "Zm9\u0176"],
    ["a dot", "Zm9v."],
  ])("refuses base64url with %s", (_, text) => {
    expect(decodeBase64url(text)).toMatchObject({
      ok: false,
      error: { reason: "encoding_invalid" },
    });
  });

  it("admits line breaks only where asked, and nothing else between lines", () => {
    const bytes = utf8Encode("foobar");
    for (const text of ["Zm9v\nYmFy", "Zm9v\r\nYmFy\r\n", "\nZm9vYmFy", "Zm9v\n\n\nYmFy\n"]) {
      expect(decodeBase64(text, { lineBreaks: true })).toEqual({ ok: true, value: bytes });
      expect(decodeBase64(text).ok).toBe(false);
    }
    for (const text of ["Zm9v YmFy", "Zm9v\tYmFy", "Zm9v\u2028YmFy", "Zm9v\n\u0000YmFy", "Zg=\n=x"])
      expect(decodeBase64(text, { lineBreaks: true }).ok).toBe(false);
  });

  it("decodes a part of a longer text without looking beyond it", () => {
    const text = utf8Encode("!!Zm9v!!");
    expect(decodeBase64urlAt(text, 2, 6)).toEqual({ ok: true, value: utf8Encode("foo") });
    expect(decodeBase64urlAt(text, 1, 6).ok).toBe(false);
    expect(decodeBase64urlAt(text, 2, 7).ok).toBe(false);
  });
});
