import { describe, expect, it } from "vitest";
import { toHex } from "../../../src/encoding/bytes.ts";
import { readDer } from "../../../src/encoding/der/reader.ts";
import { explicit, integer, nul, oid, seq } from "../../../src/encoding/der/writer.ts";
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

function pss(hash: Uint8Array, maskHash: Uint8Array, salt: number, ...more: Uint8Array[]) {
  return seq(
    PSS,
    seq(explicit(0, hash), explicit(1, seq(MGF1, maskHash)), explicit(2, integer(salt)), ...more),
  );
}

describe("parseSignatureAlgorithm", () => {
  it.each(SCHEMES)("reads what signatureAlgorithmOf writes: %j", (scheme) => {
    expect(parse(signatureAlgorithmOf(scheme))).toEqual({ ok: true, value: scheme });
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
  ])("refuses %s", (_, der) => {
    expect(parse(der)).toMatchObject({ ok: false, error: { reason: "algorithm_not_allowed" } });
  });

  it("refuses what is not there", () => {
    expect(parseSignatureAlgorithm(undefined).ok).toBe(false);
    expect(parseHashAlgorithm(undefined)).toBeUndefined();
  });
});
