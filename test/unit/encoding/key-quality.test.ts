import { describe, expect, it } from "vitest";
import { decodeBase64 } from "../../../src/encoding/base64.ts";
import { fromHex, toHex } from "../../../src/encoding/bytes.ts";
import { parseCsr } from "../../../src/encoding/csr.ts";
import { nul, bits, oid, seq } from "../../../src/encoding/der/writer.ts";
import { parseJsonObject, type JsonObject } from "../../../src/encoding/json.ts";
import { checkKeyQuality } from "../../../src/encoding/key-quality.ts";
import { hasClosePrimes } from "../../../src/encoding/modulus.ts";
import type { PublicKeyInfo } from "../../../src/encoding/primitives.ts";
import { parseJwk, parseSpki } from "../../../src/encoding/public-key.ts";
import type { Result } from "../../../src/result.ts";
import { webCryptoPlatform } from "../../../src/platform/webcrypto.ts";

const E = Uint8Array.of(1, 0, 1);

function bytesOf(n: bigint): Uint8Array {
  const hex = n.toString(16);
  return fromHex(hex.length % 2 === 0 ? hex : `0${hex}`) ?? new Uint8Array();
}

function rsa(n: bigint, e = E): PublicKeyInfo {
  return { type: "RSA", n: bytesOf(n), e };
}

function judge(info: PublicKeyInfo): string {
  const quality = checkKeyQuality(info);
  return quality.ok ? "ok" : quality.error.reason;
}

function fromJwk(jwk: JsonObject): PublicKeyInfo {
  const info = parseJwk(jwk);
  if (!info.ok) throw new Error(info.error.detail);
  return info.value;
}

/** A point in form only: what is known is known by its x. */
function ec(crv: string, x: string): JsonObject {
  return { kty: "EC", crv, x, y: x };
}

/** A sound modulus, of RFC 7638 §3.1: changed below in one way each. */
const SOUND_KEY = fromJwk({
  kty: "RSA",
  n:
    "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3" +
    "oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdA" +
    "ZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-" +
    "kEgU8awapJzKnqDKgw",
  e: "AQAB",
});
const SOUND = BigInt(`0x${SOUND_KEY.type === "RSA" ? toHex(SOUND_KEY.n) : ""}`);

describe("checkKeyQuality", () => {
  it("takes fresh keys of every kind", async () => {
    const platform = webCryptoPlatform();
    for (const kind of ["P-256", "P-384", "RSA-2048", "Ed25519"] as const)
      expect(judge((await platform.generateKey(kind)).publicKey.info)).toBe("ok");
  });

  it("takes the modulus that is changed below, and multiples of it by no small prime", () => {
    expect(judge(rsa(SOUND))).toBe("ok");
    expect(judge(rsa(SOUND * 65537n))).toBe("ok");
  });

  it.each([
    ["1024 bits", rsa((1n << 1023n) + 1n), "rsa modulus too short"],
    ["2047 bits", rsa(SOUND >> 1n), "rsa modulus too short"],
    ["e = 1", rsa(SOUND, Uint8Array.of(1)), "rsa exponent is not 65537"],
    ["e = 3", rsa(SOUND, Uint8Array.of(3)), "rsa exponent is not 65537"],
    ["e = 17", rsa(SOUND, Uint8Array.of(17)), "rsa exponent is not 65537"],
    ["an even e", rsa(SOUND, Uint8Array.of(1, 0, 0)), "rsa exponent is not 65537"],
    ["an e of 33 bits", rsa(SOUND, Uint8Array.of(1, 0, 0, 0, 1)), "rsa exponent is not 65537"],
    ["an even modulus", rsa(SOUND & ~1n), "small factor"],
    ["a factor of 3", rsa(SOUND * 3n), "small factor"],
    ["a factor of 32771", rsa(SOUND * 32771n), "small factor"],
    ["a factor of 65521", rsa(SOUND * 65521n), "small factor"],
    ["a modulus of zeros", rsa((1n << 2047n) + 1n), "rsa modulus is not random"],
  ])("refuses RSA with %s", (_, info, detail) => {
    expect(checkKeyQuality(info)).toEqual({ ok: false, error: { reason: "key_weak", detail } });
  });

  it("refuses RSA above 4096 bits as unsupported, before it computes with it", () => {
    expect(judge(rsa((1n << 4096n) + 1n))).toBe("key_unsupported");
  });

  it("finds primes that Fermat's method finds in 100 rounds, and not those it does not", () => {
    // The product of two numbers around one centre: found in round d²/2c, whatever their factors are.
    const centre = SOUND >> 1024n;
    const isFound = (distance: bigint) => hasClosePrimes((centre - distance) * (centre + distance));
    for (const distance of [0n, 2n, 1n << 400n, 1n << 515n]) expect(isFound(distance)).toBe(true);
    for (let distance = 1n << 400n; distance < (1n << 400n) + 64n; distance++)
      expect(isFound(distance)).toBe(true);
    for (const distance of [1n << 517n, 1n << 900n]) expect(isFound(distance)).toBe(false);
    expect(hasClosePrimes(SOUND)).toBe(false);
  });

  it.each(["00", "01", "ec", "ed", "ee"])(
    "refuses the Ed25519 point of small order %s…",
    (first) => {
      const x = new Uint8Array(32);
      if (first >= "ec") x.fill(0xff).set([0x7f], 31);
      x[0] = Number.parseInt(first, 16);
      expect(judge({ type: "Ed25519", x })).toBe("key_weak");
      // The sign bit is not part of the coordinate.
      x[31] = (x[31] ?? 0) | 0x80;
      expect(judge({ type: "Ed25519", x })).toBe("key_weak");
    },
  );

  it.each([
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  ])("refuses the Ed25519 point of order 8 %s", (hex) => {
    const x = fromHex(hex) ?? new Uint8Array();
    expect(judge({ type: "Ed25519", x })).toBe("key_weak");
    x[31] = (x[31] ?? 0) | 0x80;
    expect(judge({ type: "Ed25519", x })).toBe("key_weak");
  });

  it.each([
    ["RFC 7515 A.2", { kty: "RSA", n: "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAk", e: "AQAB" }],
    ["RFC 7515 A.3", ec("P-256", "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU")],
    ["RFC 7517 A.1", ec("P-256", "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4")],
    [
      "RFC 7520 3.2",
      ec(
        "P-521",
        "AHKZLLOsCOzz5cY97ewNUajB957y-C-U88c3v13nmGZx6sYl_oJXu9A5RkTKqjqvjyekWF-7ytDyRXYgCF5cj0Kt",
      ),
    ],
    ["RFC 7520 3.4", { kty: "RSA", n: "n4EPtAOCc9AlkeQHPzHStgAbgs7bTZLw", e: "AQAB" }],
    [
      "RFC 8037 A.1",
      { kty: "OKP", crv: "Ed25519", x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" },
    ],
    ["RFC 9500 2.3", ec("P-256", "QiVI-I-3gv-17KN0RFLHKh5Vj71vc75eSOkyMsxFxbE")],
  ])("refuses the example key of %s", (_, jwk) => {
    expect(checkKeyQuality(fromJwk(jwk))).toMatchObject({
      ok: false,
      error: { reason: "key_weak", detail: "private key is public knowledge" },
    });
  });
});

const files = import.meta.glob<string>(
  "../../../../shared/vectors/third-party/badkeys/*.{key,json,csr,pem,txt}",
  { query: "?raw", import: "default", eager: true },
);

function fileNamed(name: string): string {
  const path = Object.keys(files).find((candidate) => candidate.endsWith(`/${name}`));
  return path === undefined ? "" : (files[path] ?? "");
}

/** The key in whatever form the specimen has; PKCS #1 is wrapped into the SPKI that a client would send. */
function keyIn(text: string): Result<PublicKeyInfo> {
  const [, label = "", body = ""] = /-----BEGIN ([A-Z ]+)-----([^-]*)-----END/.exec(text) ?? [];
  const der = decodeBase64(body, { lineBreaks: true });
  if (!der.ok) return der;
  if (label.endsWith("REQUEST")) {
    const csr = parseCsr(der.value);
    return csr.ok ? { ok: true, value: csr.value.info } : csr;
  }
  if (label === "RSA PUBLIC KEY")
    return parseSpki(seq(seq(oid("1.2.840.113549.1.1.1"), nul()), bits(der.value)));
  return parseSpki(der.value);
}

function judgeFile(name: string): string {
  const info = keyIn(fileNamed(name));
  return info.ok ? judge(info.value) : info.error.reason;
}

describe.skipIf(Object.keys(files).length === 0)("the badkeys specimens", () => {
  it("takes the sound one", () => {
    expect(judgeFile("rsa-ok.key")).toBe("ok");
  });

  it.each([
    "boulder-fermat_csr.pem",
    "rsa-debianweak.key",
    "rsa-e1.key",
    "rsa-fermat-pkcs1.key",
    "rsa-fermat-pkcs8.key",
    "rsa-fermat.csr",
    "rsa-nprime.key",
    "rsa-pattern.key",
    "rsa-roca.key",
    "rsa-sharedprimes.key",
    "rsa-smallfactors-corrupt.key",
    "rsa-smallfactors-valid.key",
    "rsa-vanity.key",
    "rsapoly128.key",
    "rsapoly32.key",
  ])("calls %s weak", (name) => {
    expect(judgeFile(name)).toBe("key_weak");
  });

  it.each([
    ["ecdsa-explicit-pub.key", "key_unsupported"],
    ["gost.csr", "key_unsupported"],
    ["invalidver.csr", "csr_malformed"],
    ["rsa-e-larger-n.key", "key_unsupported"],
    ["rsa-small-d.key", "key_unsupported"],
    ["rsanzero.key", "key_malformed"],
    ["rsazerozero.key", "key_malformed"],
  ])("does not read %s", (name, reason) => {
    expect(judgeFile(name)).toBe(reason);
  });

  it("calls the modulus given in hexadecimal weak", () => {
    const n = fromHex(fileNamed("rsa-fermat-hexmodulus.txt").trim()) ?? new Uint8Array();
    expect(judge({ type: "RSA", n, e: E })).toBe("key_weak");
  });

  it("does not read a JWK of an unknown curve, nor a private key", () => {
    const jwk = parseJsonObject(fileNamed("jwk-curvename-invalid.json"));
    expect(jwk.ok && parseJwk(jwk.value)).toMatchObject({ error: { reason: "key_unsupported" } });
    expect(judgeFile("rsa-large-e.key")).toBe("key_malformed");
  });

  it("has tried every specimen", () => {
    expect(Object.keys(files)).toHaveLength(26);
  });
});
