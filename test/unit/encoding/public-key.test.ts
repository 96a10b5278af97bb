import { describe, expect, it } from "vitest";
import { concatBytes, fromHex, toHex } from "../../../src/encoding/bytes.ts";
import { bits, element, integer, nul, octets, oid, seq } from "../../../src/encoding/der/writer.ts";
import { parseJsonObject, type JsonObject } from "../../../src/encoding/json.ts";
import {
  jwkOf,
  keyBits,
  parseJwk,
  parseSpki,
  spkiOf,
  thumbprintInput,
} from "../../../src/encoding/public-key.ts";
import { encodeBase64url } from "../../../src/encoding/base64.ts";
import type { KeyKind } from "../../../src/platform/platform.ts";
import { webCryptoPlatform } from "../../../src/platform/webcrypto.ts";

const RSA = oid("1.2.840.113549.1.1.1");
const EC = oid("1.2.840.10045.2.1");
const P256 = oid("1.2.840.10045.3.1.7");
const ED25519 = oid("1.3.101.112");
const N = concatBytes(Uint8Array.of(0xc1), new Uint8Array(255).fill(0x5a));
const E = Uint8Array.of(1, 0, 1);
const POINT = concatBytes(Uint8Array.of(4), new Uint8Array(32).fill(1), new Uint8Array(32).fill(2));
const rsaKey = bits(seq(integer(N), integer(E)));

const malformed = { ok: false, error: { reason: "key_malformed" } };
const unsupported = { ok: false, error: { reason: "key_unsupported" } };

function hex(text: string): Uint8Array {
  return fromHex(text) ?? new Uint8Array();
}

describe("parseSpki", () => {
  it("reads RSA, P-256, P-384, P-521 and Ed25519, and writes the same octets again", async () => {
    const platform = webCryptoPlatform();
    for (const kind of ["P-256", "P-384", "RSA-2048", "Ed25519"] satisfies KeyKind[]) {
      const { spki } = (await platform.generateKey(kind)).publicKey;
      const info = parseSpki(spki);
      expect(info.ok && toHex(spkiOf(info.value))).toBe(toHex(spki));
    }
    const p521 = seq(
      seq(EC, oid("1.3.132.0.35")),
      bits(concatBytes(Uint8Array.of(4), new Uint8Array(132).fill(1))),
    );
    const info = parseSpki(p521);
    expect(info.ok && toHex(spkiOf(info.value))).toBe(toHex(p521));
  });

  it.each([
    ["nothing", new Uint8Array()],
    ["bytes after", concatBytes(seq(seq(RSA, nul()), rsaKey), Uint8Array.of(0))],
    ["a third element", seq(seq(RSA, nul()), rsaKey, nul())],
    ["no key", seq(seq(RSA, nul()))],
    ["an OCTET STRING for the key", seq(seq(RSA, nul()), octets(Uint8Array.of(1)))],
    ["a SET for the whole", element(0x31, concatBytes(seq(RSA, nul()), rsaKey))],
    ["a SET for the algorithm", seq(element(0x31, concatBytes(RSA, nul())), rsaKey)],
    [
      "a SET for the RSA key",
      seq(seq(RSA, nul()), bits(element(0x31, concatBytes(integer(N), integer(E))))),
    ],
    ["unused bits", seq(seq(ED25519), bits(new Uint8Array(32), 1))],
    ["no algorithm", seq(seq(), rsaKey)],
    ["RSA without parameters", seq(seq(RSA), rsaKey)],
    ["RSA with other parameters", seq(seq(RSA, integer(1)), rsaKey)],
    ["RSA with two parameters", seq(seq(RSA, nul(), nul()), rsaKey)],
    ["an RSA key of one integer", seq(seq(RSA, nul()), bits(seq(integer(N))))],
    ["an RSA key of three", seq(seq(RSA, nul()), bits(seq(integer(N), integer(E), integer(1))))],
    [
      "an RSA key with bytes after",
      seq(seq(RSA, nul()), bits(concatBytes(seq(integer(N), integer(E)), nul()))),
    ],
    ["RSA with n = 0", seq(seq(RSA, nul()), bits(seq(integer(0), integer(E))))],
    ["RSA with e = 0", seq(seq(RSA, nul()), bits(seq(integer(N), integer(0))))],
    ["RSA with a negative modulus", seq(seq(RSA, nul()), bits(hex("300702028001020103")))],
    ["RSA with a padded modulus", seq(seq(RSA, nul()), bits(hex("300702020001020103")))],
    ["Ed25519 with parameters", seq(seq(ED25519, nul()), bits(new Uint8Array(32)))],
    ["Ed25519 of 31 octets", seq(seq(ED25519), bits(new Uint8Array(31)))],
    ["Ed25519 of 33 octets", seq(seq(ED25519), bits(new Uint8Array(33)))],
  ])("refuses %s as malformed", (_, der) => {
    expect(parseSpki(der)).toMatchObject(malformed);
  });

  it.each([
    ["an EC key without curve", seq(seq(EC), bits(POINT))],
    ["an EC key with implicit curve", seq(seq(EC, nul()), bits(POINT))],
    ["an EC key with explicit parameters", seq(seq(EC, seq(integer(1))), bits(POINT))],
    ["a curve that is not ours (secp256k1)", seq(seq(EC, oid("1.3.132.0.10")), bits(POINT))],
    [
      "a compressed point",
      seq(seq(EC, P256), bits(concatBytes(Uint8Array.of(2), POINT.subarray(1, 33)))),
    ],
    ["a hybrid point", seq(seq(EC, P256), bits(concatBytes(Uint8Array.of(6), POINT.subarray(1))))],
    ["the point at infinity", seq(seq(EC, P256), bits(Uint8Array.of(0)))],
    ["an empty point", seq(seq(EC, P256), bits(new Uint8Array()))],
    ["a short point", seq(seq(EC, P256), bits(POINT.subarray(0, 64)))],
    ["a long point", seq(seq(EC, P256), bits(concatBytes(POINT, Uint8Array.of(0))))],
    ["a point of another curve", seq(seq(EC, oid("1.3.132.0.34")), bits(POINT))],
    ["X25519", seq(seq(oid("1.3.101.110")), bits(new Uint8Array(32)))],
    ["Ed448", seq(seq(oid("1.3.101.113")), bits(new Uint8Array(57)))],
    ["DSA", seq(seq(oid("1.2.840.10040.4.1"), seq()), bits(integer(1)))],
    ["RSA-PSS keys", seq(seq(oid("1.2.840.113549.1.1.10")), rsaKey)],
    [
      "a modulus of 16384 bits",
      seq(seq(RSA, nul()), bits(seq(integer(new Uint8Array(2048).fill(0xff)), integer(E)))),
    ],
    [
      "an exponent of 72 bits",
      seq(seq(RSA, nul()), bits(seq(integer(N), integer(new Uint8Array(9).fill(0xff))))),
    ],
  ])("refuses %s as unsupported", (_, der) => {
    expect(parseSpki(der)).toMatchObject(unsupported);
  });
});

const B32 = encodeBase64url(new Uint8Array(32).fill(1));
const RSA_JWK = { kty: "RSA", n: encodeBase64url(N), e: "AQAB" };
const EC_JWK = { kty: "EC", crv: "P-256", x: B32, y: B32 };
const OKP_JWK = { kty: "OKP", crv: "Ed25519", x: B32 };

describe("parseJwk", () => {
  it.each<JsonObject>([RSA_JWK, EC_JWK, OKP_JWK])("reads and writes %j", (jwk) => {
    const info = parseJwk({ ...jwk, kid: "k", use: "sig", alg: "whatever", extra: 1 });
    expect(info.ok && jwkOf(info.value)).toEqual(jwk);
  });

  it.each(["d", "p", "q", "dp", "dq", "qi", "oth", "k"])(
    "refuses the private member %s",
    (name) => {
      for (const jwk of [RSA_JWK, EC_JWK, OKP_JWK])
        for (const value of ["AQAB", "", null, 1])
          expect(parseJwk({ ...jwk, [name]: value })).toMatchObject(malformed);
    },
  );

  it.each<[string, JsonObject]>([
    ["no kty", { n: RSA_JWK.n, e: "AQAB" }],
    ["a kty that is no text", { ...RSA_JWK, kty: 1 }],
    ["no n", { kty: "RSA", e: "AQAB" }],
    ["no e", { kty: "RSA", n: RSA_JWK.n }],
    ["an n that is no text", { ...RSA_JWK, n: 5 }],
    ["a padded n", { ...RSA_JWK, n: encodeBase64url(concatBytes(Uint8Array.of(0), N)) }],
    ["an empty e", { ...RSA_JWK, e: "" }],
    ["e = 0", { ...RSA_JWK, e: "AA" }],
    ["e in standard base64", { ...RSA_JWK, e: "AQ==" }],
    ["e with bits left over", { ...RSA_JWK, e: "AQB" }],
    ["a short x", { ...EC_JWK, x: encodeBase64url(new Uint8Array(31).fill(1)) }],
    ["a long y", { ...EC_JWK, y: encodeBase64url(new Uint8Array(33).fill(1)) }],
    ["no y", { kty: "EC", crv: "P-256", x: B32 }],
    ["a y that is null", { ...EC_JWK, y: null }],
    ["an Ed25519 key that is too short", { ...OKP_JWK, x: "AQAB" }],
  ])("refuses %s as malformed", (_, jwk) => {
    expect(parseJwk(jwk)).toMatchObject(malformed);
  });

  it.each<[string, JsonObject]>([
    ["a secret's kty", { kty: "oct" }],
    ["AKP", { kty: "AKP", alg: "ML-DSA-44", pub: B32 }],
    ["an unknown kty", { kty: "rsa", n: RSA_JWK.n, e: "AQAB" }],
    ["a kty that objects inherit", { kty: "constructor" }],
    ["secp256k1", { ...EC_JWK, crv: "secp256k1" }],
    ["no curve", { kty: "EC", x: B32, y: B32 }],
    ["a curve in lower case", { ...EC_JWK, crv: "p-256" }],
    ["X25519", { ...OKP_JWK, crv: "X25519" }],
    ["a modulus of 16384 bits", { ...RSA_JWK, n: encodeBase64url(new Uint8Array(2048).fill(255)) }],
    ["an exponent of 72 bits", { ...RSA_JWK, e: encodeBase64url(new Uint8Array(9).fill(255)) }],
  ])("refuses %s as unsupported", (_, jwk) => {
    expect(parseJwk(jwk)).toMatchObject(unsupported);
  });

  it("does not take members that objects inherit", () => {
    const parsed = parseJsonObject('{"__proto__":{"kty":"EC","crv":"P-256"}}');
    expect(parsed.ok && parseJwk(parsed.value)).toMatchObject(malformed);
  });
});

describe("thumbprintInput", () => {
  it("is the text of RFC 7638 §3.1 for its example", () => {
    const n =
      "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMs" +
      "tn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5haj" +
      "rn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
    const info = parseJwk({ kty: "RSA", n, e: "AQAB", alg: "RS256", kid: "2011-04-29" });
    expect(info.ok && thumbprintInput(info.value)).toBe(`{"e":"AQAB","kty":"RSA","n":"${n}"}`);
  });

  it("has the required members by name for EC and OKP", () => {
    for (const [jwk, text] of [
      [EC_JWK, `{"crv":"P-256","kty":"EC","x":"${B32}","y":"${B32}"}`],
      [OKP_JWK, `{"crv":"Ed25519","kty":"OKP","x":"${B32}"}`],
    ] as const) {
      const info = parseJwk(jwk);
      expect(info.ok && thumbprintInput(info.value)).toBe(text);
    }
  });
});

describe("keyBits", () => {
  it("counts from the first bit that is set", () => {
    expect(keyBits({ type: "RSA", n: Uint8Array.of(0x80, 0), e: E })).toBe(16);
    expect(keyBits({ type: "RSA", n: Uint8Array.of(0x01, 0), e: E })).toBe(9);
    expect(keyBits({ type: "RSA", n: N, e: E })).toBe(2048);
    const x = new Uint8Array();
    expect(keyBits({ type: "EC", curve: "P-256", x, y: x })).toBe(256);
    expect(keyBits({ type: "EC", curve: "P-384", x, y: x })).toBe(384);
    expect(keyBits({ type: "EC", curve: "P-521", x, y: x })).toBe(521);
    expect(keyBits({ type: "Ed25519", x })).toBe(256);
  });
});
