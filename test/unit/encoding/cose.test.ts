import { encode } from "cborg";
import { describe, expect, it } from "vitest";
import { concatBytes } from "../../../src/encoding/bytes.ts";
import { parseCoseSign1, verifyCoseSign1 } from "../../../src/encoding/cose.ts";
import type { PublicKey } from "../../../src/encoding/primitives.ts";
import { outcome } from "../../conformance/attestor.ts";
import { PROTECTED, signCose } from "../../fakes/nitro-device.ts";
import { platform } from "../svid/forge.ts";
import { newKey } from "../../fakes/private-key.ts";

const key = await platform.generateKey("P-384");
const PAYLOAD = Uint8Array.from({ length: 300 }, (_, at) => at);
const good = await signCose(PAYLOAD, key);
const SIGNATURE = new Uint8Array(96).fill(1);

async function judge(bytes: Uint8Array, by: PublicKey = key.publicKey) {
  const parsed = parseCoseSign1(bytes);
  return outcome(parsed.ok ? await verifyCoseSign1(parsed.value, by, platform) : parsed);
}

describe("COSE_Sign1", () => {
  it.each([0, 1, 23, 24, 255, 256, 12_000])("verifies a payload of %i octets", async (length) => {
    const payload = new Uint8Array(length).fill(7);
    expect(await judge(await signCose(payload, key))).toBe("accepted");
  });
  it("verifies with the tag and without", async () => {
    expect(await judge(good)).toBe("accepted");
    expect(await judge(concatBytes(Uint8Array.of(0xd2), good))).toBe("accepted");
  });
  it.each([0xd1, 0xd3, 0xc0])("refuses tag octet %i", async (tag) => {
    expect(await judge(concatBytes(Uint8Array.of(tag), good))).toBe("cose_malformed");
    expect(await judge(concatBytes(Uint8Array.of(0xd2, tag), good))).toBe("cose_malformed");
  });
  it("refuses the tag twice", async () => {
    expect(await judge(concatBytes(Uint8Array.of(0xd2, 0xd2), good))).toBe("cose_malformed");
  });
  it.each<[string, unknown]>([
    ["a map", new Map()],
    ["a payload", PAYLOAD],
    ["an empty list", []],
    ["three members", [PROTECTED, new Map(), PAYLOAD]],
    ["five members", [PROTECTED, new Map(), PAYLOAD, SIGNATURE, SIGNATURE]],
    ["a fifth that is null", [PROTECTED, new Map(), PAYLOAD, SIGNATURE, null]],
    ["a payload that is null", [PROTECTED, new Map(), null, SIGNATURE]],
    ["a payload that is text", [PROTECTED, new Map(), "x", SIGNATURE]],
    ["a header that is a map", [new Map([[1, -35]]), new Map(), PAYLOAD, SIGNATURE]],
    ["an unprotected header that is a list", [PROTECTED, [], PAYLOAD, SIGNATURE]],
    ["an unprotected key id", [PROTECTED, new Map([[4, PAYLOAD]]), PAYLOAD, SIGNATURE]],
    ["an unprotected algorithm", [PROTECTED, new Map([[1, -35]]), PAYLOAD, SIGNATURE]],
    ["no signature", [PROTECTED, new Map(), PAYLOAD, new Uint8Array()]],
    ["a signature of 95 octets", [PROTECTED, new Map(), PAYLOAD, SIGNATURE.subarray(1)]],
    ["a signature of 97 octets", [PROTECTED, new Map(), PAYLOAD, new Uint8Array(97)]],
    ["a list of signatures", [PROTECTED, new Map(), PAYLOAD, [SIGNATURE]]],
  ])("refuses %s", async (_, value) => {
    expect(await judge(encode(value))).toBe("cose_malformed");
  });
  it.each<[string, Uint8Array]>([
    ["none", new Uint8Array()],
    ["an empty map", Uint8Array.of(0xa0)],
    ["ES256", encode(new Map([[1, -7]]))],
    ["ES512", encode(new Map([[1, -36]]))],
    ["HMAC", encode(new Map([[1, 5]]))],
    ["ES384 as text", encode(new Map([[1, "ES384"]]))],
    [
      "a critical header",
      encode(
        new Map<number, unknown>([
          [1, -35],
          [2, [1]],
        ]),
      ),
    ],
    [
      "a key id beside it",
      encode(
        new Map<number, unknown>([
          [1, -35],
          [4, PAYLOAD],
        ]),
      ),
    ],
    [
      "a certificate beside it",
      encode(
        new Map<number, unknown>([
          [1, -35],
          [33, PAYLOAD],
        ]),
      ),
    ],
    ["the same in a wider form", Uint8Array.of(0xa1, 0x01, 0x39, 0x00, 0x22)],
    ["the same without end", Uint8Array.of(0xbf, 0x01, 0x38, 0x22, 0xff)],
    ["bytes after it", Uint8Array.of(0xa1, 0x01, 0x38, 0x22, 0x00)],
  ])("refuses protected header %s", async (_, header) => {
    expect(await judge(await signCose(PAYLOAD, key, { protected: header }))).toBe(
      "algorithm_not_allowed",
    );
  });
  it.each([0, 255])(
    "refuses a signature of nothing but octets %i (CVE-2022-21449)",
    async (octet) => {
      const signature = new Uint8Array(96).fill(octet);
      expect(await judge(await signCose(PAYLOAD, key, { signature }))).toBe("signature_invalid");
    },
  );
  it("refuses another key's signature, and keys of other kinds", async () => {
    const other = await platform.generateKey("P-384");
    expect(await judge(good, other.publicKey)).toBe("signature_invalid");
    for (const kind of ["P-256", "RSA-2048", "Ed25519"] as const) {
      const { publicKey } = await newKey(platform, kind); // oxlint-disable-line no-await-in-loop -- three
      expect(await judge(good, publicKey)).toBe("algorithm_not_allowed"); // oxlint-disable-line no-await-in-loop
    }
  });
  it("verifies nothing with any byte changed, and nothing cut", async () => {
    for (let at = 0; at < good.length; at += 5) {
      expect(await judge(good.with(at, good[at]! ^ 1))).not.toBe("accepted"); // oxlint-disable-line no-await-in-loop
      expect(await judge(good.subarray(0, at))).not.toBe("accepted"); // oxlint-disable-line no-await-in-loop
    }
    expect(await judge(concatBytes(good, Uint8Array.of(0)))).toBe("cose_malformed");
  });
});
