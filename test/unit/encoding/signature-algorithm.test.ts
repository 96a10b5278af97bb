import { describe, expect, it } from "vitest";
import { toHex } from "../../../src/encoding/bytes.ts";
import { readDer } from "../../../src/encoding/der/reader.ts";
import {
  element,
  explicit,
  integer,
  nul,
  oid,
  seq,
  set,
} from "../../../src/encoding/der/writer.ts";
import type { HashName, SignatureScheme } from "../../../src/encoding/primitives.ts";
import {
  parseHashAlgorithm,
  parseSignatureAlgorithm,
  signatureAlgorithmOf,
} from "../../../src/encoding/signature-algorithm.ts";

const HASHES: readonly HashName[] = ["SHA-256", "SHA-384", "SHA-512"];
const SCHEMES: readonly SignatureScheme[] = [
  ...HASHES.map((hash) => ({ name: "RSASSA-PKCS1-v1_5", hash }) as const),
  ...HASHES.map((hash) => ({ name: "RSA-PSS", hash }) as const),
  ...HASHES.map((hash) => ({ name: "ECDSA", hash }) as const),
  { name: "Ed25519" },
];

function parse(der: Uint8Array) {
  const read = readDer(der);
  return read.ok ? parseSignatureAlgorithm(read.value) : read;
}

const PSS = oid("1.2.840.113549.1.1.10");
const MGF1 = oid("1.2.840.113549.1.1.8");
const SHA256 = seq(oid("2.16.840.1.101.3.4.2.1"), nul());
const SHA384 = seq(oid("2.16.840.1.101.3.4.2.2"), nul());
const SHA1 = seq(oid("1.3.14.3.2.26"), nul());

function pssOf(hash: Uint8Array, mask: Uint8Array, salt: Uint8Array, ...more: Uint8Array[]) {
  return seq(PSS, seq(explicit(0, hash), explicit(1, mask), explicit(2, salt), ...more));
}

function pss(hash: Uint8Array, maskHash: Uint8Array, salt: number, ...more: Uint8Array[]) {
  return pssOf(hash, seq(MGF1, maskHash), integer(salt), ...more);
}

describe("parseSignatureAlgorithm", () => {
  it.each(SCHEMES)("reads what signatureAlgorithmOf writes: %j", (scheme) => {
    expect(parse(signatureAlgorithmOf(scheme))).toEqual({ ok: true, value: scheme });
  });

  it.each([
    ["SHA-256", "2.16.840.1.101.3.4.2.1", 32],
    ["SHA-384", "2.16.840.1.101.3.4.2.2", 48],
    ["SHA-512", "2.16.840.1.101.3.4.2.3", 64],
  ])("reads and writes PSS with %s and a salt as long", (hash, dotted, salt) => {
    const algorithm = seq(oid(dotted), nul());
    const scheme = SCHEMES.find((one) => one.name === "RSA-PSS" && one.hash === hash);
    const der = pss(algorithm, algorithm, salt);
    expect(parse(der)).toEqual({ ok: true, value: scheme });
    expect(scheme && toHex(signatureAlgorithmOf(scheme))).toBe(toHex(der));
    for (const other of [salt - 1, salt + 1])
      expect(parse(pss(algorithm, algorithm, other)).ok).toBe(false);
  });

  it("writes the octets that everybody else writes", () => {
    expect(toHex(signatureAlgorithmOf({ name: "ECDSA", hash: "SHA-256" }))).toBe(
      "300a06082a8648ce3d040302",
    );
    expect(toHex(signatureAlgorithmOf({ name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" }))).toBe(
      "300d06092a864886f70d01010b0500",
    );
    expect(toHex(signatureAlgorithmOf({ name: "Ed25519" }))).toBe("300506032b6570");
  });

  it.each([
    ["nothing", seq()],
    ["MD5 with RSA", seq(oid("1.2.840.113549.1.1.4"), nul())],
    ["SHA-1 with RSA", seq(oid("1.2.840.113549.1.1.5"), nul())],
    ["SHA-1 with ECDSA", seq(oid("1.2.840.10045.4.1"))],
    ["DSA", seq(oid("1.2.840.10040.4.3"))],
    ["RSA without parameters", seq(oid("1.2.840.113549.1.1.11"))],
    ["RSA with other parameters", seq(oid("1.2.840.113549.1.1.11"), seq())],
    ["RSA with two parameters", seq(oid("1.2.840.113549.1.1.11"), nul(), nul())],
    ["RSA without a hash", seq(oid("1.2.840.113549.1.1.1"), nul())],
    ["ECDSA with NULL", seq(oid("1.2.840.10045.4.3.2"), nul())],
    ["Ed25519 with NULL", seq(oid("1.3.101.112"), nul())],
    ["PSS without parameters, which mean SHA-1", seq(PSS)],
    ["PSS with NULL", seq(PSS, nul())],
    ["PSS with empty parameters, which mean SHA-1", seq(PSS, seq())],
    ["PSS with two hashes", pss(SHA256, SHA384, 32)],
    ["PSS with SHA-1 for the mask", pss(SHA256, SHA1, 32)],
    ["PSS with SHA-1", pss(SHA1, SHA1, 20)],
    ["PSS with a short salt", pss(SHA256, SHA256, 20)],
    ["PSS with no salt", pss(SHA256, SHA256, 0)],
    ["PSS with the default trailer written out", pss(SHA256, SHA256, 32, explicit(3, integer(1)))],
    ["PSS with another trailer", pss(SHA256, SHA256, 32, explicit(3, integer(2)))],
    ["PSS with the hash twice", pss(SHA256, SHA256, 32, explicit(0, SHA256))],
    [
      "PSS with another mask function",
      seq(PSS, seq(explicit(0, SHA256), explicit(1, seq(PSS, SHA256)), explicit(2, integer(32)))),
    ],
    ["PSS with a mask function in a SET", pssOf(SHA256, set(MGF1, SHA256), integer(32))],
    [
      "PSS with a mask function of three parts",
      pssOf(SHA256, seq(MGF1, SHA256, nul()), integer(32)),
    ],
    ["PSS with a mask function of one part", pssOf(SHA256, seq(MGF1), integer(32))],
    // Neither the hash nor the salt is known: nothing is not the same as nothing.
    ["PSS with SHA-1 and a salt of no length", pssOf(SHA1, seq(MGF1, SHA1), nul())],
  ])("refuses %s", (_, der) => {
    expect(parse(der)).toMatchObject({ ok: false, error: { reason: "algorithm_not_allowed" } });
  });

  it("refuses what is not there", () => {
    expect(parseSignatureAlgorithm(undefined).ok).toBe(false);
    expect(parseHashAlgorithm(undefined)).toBeUndefined();
  });

  it.each([
    ["two parameters", seq(oid("2.16.840.1.101.3.4.2.1"), nul(), nul())],
    ["other parameters", seq(oid("2.16.840.1.101.3.4.2.1"), integer(1))],
    ["another type", element(0x31, SHA256.subarray(2))],
  ])("knows no hash with %s", (_, der) => {
    const read = readDer(der);
    expect(read.ok && parseHashAlgorithm(read.value)).toBeUndefined();
  });
});
