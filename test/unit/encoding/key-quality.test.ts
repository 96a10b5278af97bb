import { describe, expect, it } from "vitest";
import { decodeBase64 } from "../../../src/encoding/base64.ts";
import { fromHex } from "../../../src/encoding/bytes.ts";
import { parseCsr } from "../../../src/encoding/csr.ts";
import { nul, bits, oid, seq } from "../../../src/encoding/der/writer.ts";
import { parseJsonObject } from "../../../src/encoding/json.ts";
import { checkKeyQuality } from "../../../src/encoding/key-quality.ts";
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

/** A sound modulus, of RFC 7638 §3.1: changed below in one way each. */
const SOUND = BigInt(
  `0xd2fc7b6a0a1e6c67104aeb8f88b257669b4df679ddad099b5c4a6cd9a88015b5a133bf0b856c7871b6df000b554fcebf3c2ed512bb68f1` +
    `45c6e8434752feb527eb5f040921e79b58a45e30590a2157789f7a289e39cb3b9edb8b667f65bf892c9b198e077399fdc815c0970bdde5aab7bfd1379` +
    `ea709fe1df21090e43e7eeb9818d10474fc50db65042fcea8dfa4103c0880b5aaccecf0a2593609db15bf5cedd3b81d0191f3bbaa8c4112f45cb98aeb` +
    `9f57dfdd509b3a5b2120fd3c2a8dcb2add92df9b1535a10088be330105887a5999e6ed1f338951b53d2b5c70af7dcf92c20d1dda643e1bfec419e2226` +
    `ac342ec4b6358c5ee38fac7050ae92f9048114f1ac1a929ccaa7a832a`,
);

describe("checkKeyQuality", () => {
  it("takes fresh keys of every kind", async () => {
    const platform = webCryptoPlatform();
    for (const kind of ["P-256", "P-384", "RSA-2048", "Ed25519"] as const)
      expect(judge((await platform.generateKey(kind)).publicKey.info)).toBe("ok");
  });

  it.each([
    ["1024 bits", rsa((1n << 1023n) + 1n)],
    ["2047 bits", rsa((1n << 2046n) + 1n)],
    ["e = 1", rsa(SOUND, Uint8Array.of(1))],
    ["e = 3", rsa(SOUND, Uint8Array.of(3))],
    ["e = 17", rsa(SOUND, Uint8Array.of(17))],
    ["an even e", rsa(SOUND, Uint8Array.of(1, 0, 0))],
    ["an e of 33 bits", rsa(SOUND, Uint8Array.of(1, 0, 0, 0, 1))],
    ["an even modulus", rsa(SOUND & ~1n)],
    ["a factor of 3", rsa(SOUND - (SOUND % 3n))],
    ["a factor of 65521", rsa((SOUND | 1n) - ((SOUND | 1n) % 65521n))],
    ["a modulus of zeros", rsa((1n << 2047n) + 1n)],
  ])("refuses RSA with %s", (_, info) => {
    expect(judge(info)).toBe("key_weak");
  });

  it("refuses RSA above 4096 bits as unsupported, before it computes with it", () => {
    expect(judge(rsa((1n << 4096n) + 1n))).toBe("key_unsupported");
  });

  it("refuses primes that Fermat's method finds in 100 rounds, and takes those it does not", () => {
    // The product of two numbers around one centre: found in round d²/2c, whatever their factors are.
    const centre = (SOUND >> 1024n) | (1n << 1023n) | 1n;
    const product = (distance: bigint) => (centre - distance) * (centre + distance);
    const close = [0n, 2n, 1n << 400n].map((distance) => checkKeyQuality(rsa(product(distance))));
    for (const quality of close) expect(quality.ok).toBe(false);
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

  it("refuses the example keys of RFCs", () => {
    const jwk = {
      kty: "EC",
      crv: "P-256",
      x: "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
      y: "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    };
    const info = parseJwk(jwk);
    expect(info.ok && judge(info.value)).toBe("key_weak");
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
