import { describe, expect, it } from "vitest";
import { fromHex, toHex } from "../../../../src/encoding/bytes.ts";
import { readDer, type DerOptions } from "../../../../src/encoding/der/reader.ts";

function read(hex: string, options?: DerOptions) {
  const bytes = fromHex(hex.replaceAll(" ", ""));
  if (bytes === undefined) throw new Error(`not hexadecimal: ${hex}`);
  return readDer(bytes, options);
}

/** A NULL under so many levels of SEQUENCE, itself one of them. */
function nested(depth: number): string {
  let hex = "0500";
  for (let i = 1; i < depth; i++) hex = `30${(hex.length / 2).toString(16).padStart(2, "0")}${hex}`;
  return hex;
}

const malformed = { ok: false, error: { reason: "der_malformed" } };

describe("readDer", () => {
  it("gives a tree whose elements know their octets", () => {
    const outer = read("30 08 02 01 05 a0 03 04 01 ff");
    if (!outer.ok) throw new Error("malformed");
    expect(outer.value).toMatchObject({ tagClass: 0, constructed: true, tag: 16 });
    expect(toHex(outer.value.raw)).toBe("3008020105a0030401ff");
    const [integer, wrapped] = outer.value.children;
    expect(integer).toMatchObject({ tagClass: 0, constructed: false, tag: 2, children: [] });
    expect(toHex(integer!.content)).toBe("05");
    expect(wrapped).toMatchObject({ tagClass: 2, constructed: true, tag: 0 });
    expect(toHex(wrapped!.content)).toBe("0401ff");
    expect(toHex(wrapped!.children[0]!.raw)).toBe("0401ff");
  });

  it.each([
    ["a long length", `0481 80${"00".repeat(128)}`],
    ["a longer length", `0482 0100${"00".repeat(256)}`],
    ["a primitive context tag", "80 01 ff"],
    ["an application tag", "61 00"],
    ["an empty sequence", "30 00"],
    ["an EXTERNAL", "28 02 05 00"],
    ["an EMBEDDED PDV", "2b 02 05 00"],
    ["a CHARACTER STRING", "3d 02 05 00"],
    ["a context tag of the number of OCTET STRING", "a4 02 05 00"],
  ])("takes %s", (_, hex) => {
    expect(read(hex).ok).toBe(true);
    expect(read(hex, { ber: true }).ok).toBe(true);
  });

  it.each([
    ["nothing", ""],
    ["a tag alone", "30"],
    ["a length beyond the end", "04 02 ff"],
    ["a child beyond its parent", "30 03 04 02 ff 00"],
    ["a child cut off by its parent", "30 01 04"],
    ["bytes after the element", "05 00 00"],
    ["an element after the element", "05 00 05 00"],
    ["a long length that is short", "04 81 01 ff"],
    ["a long length of 127", `0481 7f ${"00".repeat(127)}`],
    ["a long length with a zero before", `0482 0080${"00".repeat(128)}`],
    ["a length of five octets", "04 85 0000000001 ff"],
    ["a length of 127 octets", `04 ff ${"00".repeat(127)}`],
    ["a length of 4 GiB", "04 84 ffffffff"],
    ["a length cut off", "04 82 01"],
    ["a length cut off by its parent", "30 03 04 82 01"],
    ["a length without octets, cut off by its parent", "30 02 04 82"],
    ["a tag above 30", "1f 1f 00"],
    ["a tag above 30, context-specific", "bf 81 00 00"],
    ["a tag above 30 that would be one of 31", "9f 01 00"],
    ["an end mark alone", "00 00"],
    ["an end mark as a child", "30 02 00 00"],
    ["a primitive SEQUENCE", "10 00"],
    ["a primitive SET", "11 00"],
    ["a constructed INTEGER", "22 03 02 01 01"],
    ["a constructed BOOLEAN", "21 03 01 01 ff"],
    ["a constructed BIT STRING", "23 04 03 02 00 ff"],
    ["a constructed UTF8String", "2c 03 0c 01 61"],
    ["a constructed PrintableString", "33 03 13 01 61"],
    ["a constructed UTCTime", "37 02 17 00"],
    ["a constructed OBJECT IDENTIFIER", "26 03 06 01 2a"],
    ["a constructed NULL", "25 00"],
  ])("refuses %s, in BER too", (_, hex) => {
    expect(read(hex)).toMatchObject(malformed);
    expect(read(hex, { ber: true })).toMatchObject(malformed);
  });

  it.each([
    ["a SEQUENCE of indefinite length", "30 80 05 00 00 00"],
    ["a SET of indefinite length", "31 80 00 00"],
    ["a context tag of indefinite length", "a0 80 05 00 00 00"],
    ["an OCTET STRING in pieces", "24 04 04 02 0102"],
    ["an OCTET STRING in pieces, of indefinite length", "24 80 04 01 01 04 01 02 00 00"],
    ["an OCTET STRING in pieces of pieces", "24 80 24 80 04 01 01 00 00 00 00"],
    ["an OCTET STRING in no pieces", "24 80 00 00"],
  ])("takes %s in BER only", (_, hex) => {
    expect(read(hex, { ber: true }).ok).toBe(true);
    expect(read(hex)).toMatchObject(malformed);
  });

  it.each([
    ["a primitive of indefinite length", "04 80 00 00"],
    ["a missing end mark", "30 80 05 00"],
    ["half an end mark", "30 80 05 00 00"],
    ["an end mark with a length", "30 80 00 01 ff"],
    ["an end mark with a length, at the end", "30 80 00 01"],
    ["an end mark beyond the parent", "30 04 30 80 05 00 00 00"],
    ["one end mark for an element and its grandparent", "30 80 30 02 30 80 00 00"],
    ["an end mark half beyond the parent", "30 80 30 03 30 80 00 00 00"],
    ["an OCTET STRING with a foreign piece", "24 80 0c 01 61 00 00"],
    ["an OCTET STRING with a context-specific piece", "24 03 84 01 61"],
    ["a BIT STRING of indefinite length", "23 80 03 02 00 ff 00 00"],
    ["a long length that is short", "30 80 04 81 01 ff 00 00"],
    ["bytes after the end mark", "30 80 00 00 00 00"],
  ])("refuses %s in BER", (_, hex) => {
    expect(read(hex, { ber: true })).toMatchObject(malformed);
  });

  it("leaves end marks out of the content and in the raw element", () => {
    const outer = read("30 80 02 01 05 00 00", { ber: true });
    expect(outer.ok && toHex(outer.value.content)).toBe("020105");
    expect(outer.ok && toHex(outer.value.raw)).toBe("30800201050000");
    const around = read("30 80 30 80 02 01 05 00 00 00 00", { ber: true });
    expect(around.ok && around.value.children.map(({ raw }) => toHex(raw))).toEqual([
      "30800201050000",
    ]);
  });

  it("bounds depth and number of elements", () => {
    expect(read(nested(32)).ok).toBe(true);
    expect(read(nested(33))).toMatchObject(malformed);
    expect(read(nested(3), { maxDepth: 2 })).toMatchObject(malformed);
    const endless = "30 80 30 80 05 00 00 00 00 00";
    expect(read(endless, { ber: true, maxDepth: 3 }).ok).toBe(true);
    expect(read(endless, { ber: true, maxDepth: 2 })).toMatchObject(malformed);
    expect(read(`30 06 ${"0500".repeat(3)}`, { maxNodes: 3 })).toMatchObject(malformed);
    expect(read(`30 06 ${"0500".repeat(3)}`, { maxNodes: 4 }).ok).toBe(true);
    expect(read("3080".repeat(100_000), { ber: true })).toMatchObject(malformed);
    expect(read(`3083 030d40${"0500".repeat(100_000)}`)).toMatchObject(malformed);
  });
});
