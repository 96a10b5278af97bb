import { describe, expect, it } from "vitest";
import { fromHex, toHex } from "../../../../src/encoding/bytes.ts";
import {
  context,
  derBitString,
  derBoolean,
  derInteger,
  derOctets,
  derOid,
  derSmallInteger,
  derString,
  derTime,
  isNull,
  isSequence,
  isSet,
  readDer,
  unwrap,
  type DerNode,
} from "../../../../src/encoding/der/reader.ts";
import { oid, time } from "../../../../src/encoding/der/writer.ts";

function node(hex: string): DerNode {
  const read = readDer(fromHex(hex.replaceAll(" ", "")) ?? new Uint8Array(), { ber: true });
  if (!read.ok) throw new Error(`malformed: ${hex}`);
  return read.value;
}

function text(identifier: number, value: string): DerNode {
  const hex = Array.from(value, (character) =>
    character.charCodeAt(0).toString(16).padStart(2, "0"),
  );
  return node(
    identifier.toString(16).padStart(2, "0") +
      value.length.toString(16).padStart(2, "0") +
      hex.join(""),
  );
}

describe("derInteger", () => {
  it.each([
    ["02 01 01", "01"],
    ["02 01 7f", "7f"],
    ["02 02 00 80", "80"],
    ["02 03 01 00 01", "010001"],
  ])("reads %s", (hex, magnitude) => {
    expect(toHex(derInteger(node(hex)) ?? new Uint8Array())).toBe(magnitude);
  });

  it.each([
    ["zero", "02 01 00"],
    ["a negative number", "02 01 80"],
    ["minus one", "02 01 ff"],
    ["a needless zero", "02 02 00 7f"],
    ["two zeros", "02 03 00 00 80"],
    ["a needless sign", "02 02 ff 80"],
    ["no octets", "02 00"],
    ["an ENUMERATED", "0a 01 01"],
    ["a context tag", "82 01 01"],
  ])("refuses %s", (_, hex) => {
    expect(derInteger(node(hex))).toBeUndefined();
  });

  it("refuses what is not there", () => {
    expect(derInteger(undefined)).toBeUndefined();
  });
});

describe("derSmallInteger", () => {
  it.each([
    ["02 01 00", 0],
    ["02 01 02", 2],
    ["02 02 00 ff", 255],
    ["02 06 7f ff ff ff ff ff", 0x7fffffffffff],
  ])("reads %s", (hex, value) => {
    expect(derSmallInteger(node(hex))).toBe(value);
  });

  it.each([
    "02 01 ff",
    "02 02 00 00",
    "02 07 01 00 00 00 00 00 00",
    "02 00",
    "01 01 00",
    "04 01 00",
    "82 01 00",
  ])("refuses %s", (hex) => {
    expect(derSmallInteger(node(hex))).toBeUndefined();
  });

  it("refuses what is not there", () => {
    expect(derSmallInteger(undefined)).toBeUndefined();
  });
});

describe("derOid", () => {
  it.each([
    ["06 03 55 04 03", "2.5.4.3"],
    ["06 01 27", "0.39"],
    ["06 01 28", "1.0"],
    ["06 01 4f", "1.39"],
    ["06 01 50", "2.0"],
    ["06 02 2a 7f", "1.2.127"],
    ["06 04 2a 81 80 00", "1.2.16384"],
    ["06 09 2a 8f ff ff ff ff ff ff 7f", "1.2.9007199254740991"],
    ["06 02 81 34", "2.100"],
    ["06 09 2a 86 48 86 f7 0d 01 01 0b", "1.2.840.113549.1.1.11"],
  ])("reads %s", (hex, dotted) => {
    expect(derOid(node(hex))).toBe(dotted);
    expect(toHex(oid(dotted))).toBe(hex.replaceAll(" ", ""));
  });

  it.each([
    ["nothing", "06 00"],
    ["an arc without end", "06 02 2a 86"],
    ["an arc padded in front", "06 03 2a 80 01"],
    ["a first arc padded in front", "06 02 80 01"],
    ["an arc of 2^53", "06 09 2a 90 80 80 80 80 80 80 00"],
    ["an arc beyond what is exact", "06 0a 2a ff ff ff ff ff ff ff ff 7f"],
    ["a relative one", "0d 01 01"],
  ])("refuses %s", (_, hex) => {
    expect(derOid(node(hex))).toBeUndefined();
  });

  it.each(["1", "1.40", "3.1", "1.2.-3", "1.2.a", "", "1.2.", "1.2.9007199254740992"])(
    "does not write %j",
    (dotted) => {
      expect(() => oid(dotted)).toThrow(RangeError);
    },
  );
});

describe("derBitString", () => {
  it("reads octets and unused bits", () => {
    expect(derBitString(node("03 02 07 80"))).toEqual({ unused: 7, bytes: Uint8Array.of(0x80) });
    expect(derBitString(node("03 01 00"))).toEqual({ unused: 0, bytes: new Uint8Array() });
  });

  it.each([
    ["no octets", "03 00"],
    ["eight unused bits", "03 02 08 00"],
    ["unused bits of nothing", "03 01 01"],
    ["an unused bit that is set", "03 02 01 01"],
    ["an OCTET STRING", "04 02 00 80"],
    ["a context tag", "83 02 00 80"],
  ])("refuses %s", (_, hex) => {
    expect(derBitString(node(hex))).toBeUndefined();
  });
});

describe("derOctets", () => {
  it("joins pieces in their order", () => {
    const pieces = node("24 80 04 01 01 24 80 04 01 02 04 00 00 00 04 01 03 00 00");
    expect(toHex(derOctets(pieces) ?? new Uint8Array())).toBe("010203");
    expect(toHex(derOctets(node("04 02 01 02")) ?? new Uint8Array())).toBe("0102");
    expect(derOctets(node("0c 01 61"))).toBeUndefined();
  });
});

describe("derBoolean", () => {
  it.each([
    ["01 01 ff", true],
    ["01 01 00", false],
    ["01 01 01", undefined],
    ["01 00", undefined],
    ["01 02 ff ff", undefined],
    ["02 01 ff", undefined],
  ])("reads %s as %s", (hex, value) => {
    expect(derBoolean(node(hex))).toBe(value);
  });
});

describe("derString", () => {
  it.each([
    [0x0c, "a\u0000b"],
    [0x13, "Amazon Web Services (LLC), 1-2 '+./:=?"],
    [0x16, "a@b\u007f"],
    [0x12, "0 9"],
  ])("reads type %i", (identifier, value) => {
    expect(derString(text(identifier, value))).toBe(value);
  });

  it.each([
    [0x0c, "\u00e9"],
    [0x13, "a@b"],
    [0x13, "a*b"],
    [0x13, "a_b"],
    [0x13, "a{b"],
    [0x16, "\u0080"],
    [0x1a, "a"],
    [0x12, "a"],
    [0x12, "/"],
    [0x12, ":"],
    [0x14, "a"],
    [0x1e, "ab"],
    [0x04, "a"],
    [0x8c, "a"],
  ])("refuses type %i with octets outside its alphabet, and other types", (identifier, value) => {
    expect(derString(text(identifier, value))).toBeUndefined();
  });

  it("refuses what is not there", () => {
    expect(derString(undefined)).toBeUndefined();
  });
});

describe("derTime", () => {
  it.each([
    [0x17, "700101000000Z", 0],
    [0x17, "491231235959Z", 2524607999],
    [0x17, "500101000000Z", -631152000],
    [0x17, "240229120000Z", 1709208000],
    [0x18, "20500101000000Z", 2524608000],
    [0x18, "20240229120000Z", 1709208000],
    [0x18, "99991231235959Z", 253402300799],
    [0x18, "00500101000000Z", -60589296000],
  ])("reads type %i %s", (identifier, value, seconds) => {
    expect(derTime(text(identifier, value))).toBe(seconds);
  });

  it.each([
    [0x17, "7001010000Z"],
    [0x17, "700101000000"],
    [0x17, "700101000000z"],
    [0x17, "700101000000+0000"],
    [0x17, "19700101000000Z"],
    [0x17, "701301000000Z"],
    [0x17, "700001000000Z"],
    [0x17, "700100000000Z"],
    [0x17, "230229120000Z"],
    [0x17, "700431000000Z"],
    [0x17, "700101240000Z"],
    [0x17, "700101006000Z"],
    [0x17, "700101000060Z"],
    [0x17, "7001 1000000Z"],
    [0x17, "70010-000000Z"],
    // Neighbours of the digits, which would count as ten and as minus one.
    [0x17, ":00101000000Z"],
    [0x17, "70010100000:Z"],
    [0x17, "70010100001/Z"],
    [0x18, "20240229120000.5Z"],
    [0x18, "20240229120000"],
    [0x18, "202402291200Z"],
    [0x18, "21000229000000Z"],
    [0x18, "700101000000Z"],
    [0x0c, "700101000000Z"],
    [0x0c, "20240229120000Z"],
    [0x04, "20240229120000Z"],
    [0x98, "20240229120000Z"],
    [0x17, ""],
  ])("refuses type %i %s", (identifier, value) => {
    expect(derTime(text(identifier, value))).toBeUndefined();
  });

  it.each([-631152000, -1, 0, 1763769600, 2524607999, 2524608000, 253402300799])(
    "reads back what was written: %i",
    (seconds) => {
      const read = readDer(time(seconds));
      expect(read.ok && read.value.tag).toBe(seconds < 2524608000 ? 23 : 24);
      expect(read.ok && derTime(read.value)).toBe(seconds);
    },
  );
});

describe("structure", () => {
  it("finds and unwraps tagged children", () => {
    const outer = node("30 0a 02 01 01 a0 02 05 00 81 01 ff");
    expect(unwrap(context(outer, 0), 0)).toBe(outer.children[1]?.children[0]);
    expect(context(outer, 1)).toBe(outer.children[2]);
    expect(context(outer, 2)).toBeUndefined();
    expect(unwrap(context(outer, 1), 1)).toBeUndefined();
    expect(unwrap(context(outer, 0), 1)).toBeUndefined();
    expect(unwrap(node("a0 04 05 00 05 00"), 0)).toBeUndefined();
    expect(unwrap(node("a0 00"), 0)).toBeUndefined();
    expect(unwrap(undefined, 0)).toBeUndefined();
  });

  it("tells types apart", () => {
    expect([isSequence(node("30 00")), isSequence(node("31 00")), isSequence(undefined)]).toEqual([
      true,
      false,
      false,
    ]);
    expect([isSet(node("31 00")), isSet(node("b1 00"))]).toEqual([true, false]);
    expect([isNull(node("05 00")), isNull(node("05 01 00")), isNull(node("85 00"))]).toEqual([
      true,
      false,
      false,
    ]);
  });
});
