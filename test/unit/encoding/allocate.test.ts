import { describe, expect, it } from "vitest";
import { allocate, allocateUpTo } from "../../../src/encoding/allocate.ts";
import { utf8Encode } from "../../../src/encoding/bytes.ts";
import { ecdsaDerToRaw, ecdsaRawToDer } from "../../../src/encoding/ecdsa.ts";

const LENGTHS = [0, 1, 7, 8, 9, 100, 1365, 4095, 4096, 4097, 40_000];
const isZero = (bytes: Uint8Array) => bytes.every((byte) => byte === 0);

describe("octets cut from larger pieces", () => {
  it("are zero and nobody else's, whatever their neighbours were filled with", () => {
    const taken: [Uint8Array, number][] = [];
    for (let round = 1; round <= 40; round++) {
      for (const length of LENGTHS) {
        const bytes = allocate(length);
        expect(bytes).toHaveLength(length);
        expect(isZero(bytes)).toBe(true);
        bytes.fill(round);
        taken.push([bytes, round]);
      }
    }
    for (const [bytes, round] of taken) expect(bytes.every((byte) => byte === round)).toBe(true);
  });

  it("are still zero behind what a text took of the room for it", () => {
    const texts = ["a", "é".repeat(40), "€uro", "\ud800", "😀".repeat(300), "x".repeat(1365), "ÿ"];
    for (let round = 0; round < 60; round++) {
      for (const text of texts) {
        const bytes = utf8Encode(text);
        expect(bytes).toEqual(new TextEncoder().encode(text));
        expect(isZero(allocate(64))).toBe(true);
      }
    }
  });

  it("that were offered and not used go to the next who asks", () => {
    const first = allocateUpTo(512, (bytes) => bytes.fill(7, 0, 3) && 3);
    const second = allocate(8);
    expect(first).toEqual(Uint8Array.of(7, 7, 7));
    second.fill(9);
    expect(first).toEqual(Uint8Array.of(7, 7, 7));
  });

  it("pad the short integers of a signature with nothing of another request", () => {
    for (let round = 0; round < 300; round++) {
      utf8Encode("ÿ".repeat(1 + (round % 50)));
      const raw = new Uint8Array(64);
      raw[31] = 5;
      raw[63] = 6;
      expect(ecdsaDerToRaw(ecdsaRawToDer(raw), "P-256")).toEqual({ ok: true, value: raw });
    }
  });
});
