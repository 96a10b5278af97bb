import { describe, expect, it } from "vitest";
import { encodeBase64url } from "../../src/encoding/base64.ts";
import { toHex, utf8Encode } from "../../src/encoding/bytes.ts";
import type { HashName, PublicKeyInfo, SignatureScheme } from "../../src/encoding/primitives.ts";
import { parseSpki, spkiOf } from "../../src/encoding/public-key.ts";
import type { KeyKind, Platform, PrivateKey } from "../../src/platform/platform.ts";
import { signatureBytes } from "../../src/platform/key-limits.ts";
import { thumbprint } from "../../src/platform/thumbprint.ts";
import { wycheproofSignatures } from "./wycheproof.ts";

const KINDS: readonly KeyKind[] = ["P-256", "P-384", "RSA-2048", "Ed25519"];
const HASHES: readonly HashName[] = ["SHA-256", "SHA-384", "SHA-512"];
const SCHEMES: readonly SignatureScheme[] = [
  ...HASHES.map((hash) => ({ name: "ECDSA", hash }) as const),
  ...HASHES.map((hash) => ({ name: "RSASSA-PKCS1-v1_5", hash }) as const),
  ...HASHES.map((hash) => ({ name: "RSA-PSS", hash }) as const),
  { name: "Ed25519" },
];
const DATA = utf8Encode("what was signed");

function fits(scheme: SignatureScheme, kind: KeyKind): boolean {
  if (kind === "Ed25519") return scheme.name === "Ed25519";
  if (kind === "RSA-2048") return scheme.name.startsWith("RSA");
  return scheme.name === "ECDSA";
}

function nameOf(scheme: SignatureScheme): string {
  return scheme.name === "Ed25519" ? scheme.name : `${scheme.name} ${scheme.hash}`;
}

function flipped(bytes: Uint8Array, bit: number): Uint8Array {
  const copy = bytes.slice();
  copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return copy;
}

/** What every implementation of `Platform` does alike, whatever cryptography lies below. */
export function platformConformance(name: string, make: () => Platform): void {
  describe(`Platform: ${name}`, () => {
    const platform = make();
    const keys = new Map<KeyKind, PrivateKey>();
    const keyOf = async (kind: KeyKind): Promise<PrivateKey> => {
      const key = keys.get(kind) ?? (await platform.generateKey(kind));
      keys.set(kind, key);
      return key;
    };

    it("is frozen and tells whole seconds", () => {
      expect(Object.isFrozen(platform)).toBe(true);
      expect(Number.isInteger(platform.now())).toBe(true);
      expect(Math.abs(platform.now() - Date.now() / 1000)).toBeLessThan(2);
    });

    it("gives as many random bytes as asked, never the same", () => {
      const seen = new Set(Array.from({ length: 64 }, () => toHex(platform.random(16))));
      expect(seen.size).toBe(64);
      expect(platform.random(0).length).toBe(0);
    });

    it.each([
      ["SHA-256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
      [
        "SHA-384",
        "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7",
      ],
      [
        "SHA-512",
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
      ],
    ] as const)("digests with %s (FIPS 180-4 example)", async (hash, hex) => {
      const digest = await platform.digest(hash, utf8Encode("abc"));
      expect(toHex(digest)).toBe(hex);
      expect(digest.constructor).toBe(Uint8Array);
      expect(await platform.digestText(hash, "abc", "hex")).toBe(hex);
      expect(await platform.digestText(hash, utf8Encode("abc"), "base64url")).toBe(
        encodeBase64url(digest),
      );
      expect(await platform.digestText(hash, "\u00e4\u{1f511}", "hex")).toBe(
        toHex(await platform.digest(hash, utf8Encode("\u00e4\u{1f511}"))),
      );
    });

    describe.each(KINDS)("a generated %s key", (kind) => {
      it.each(SCHEMES.filter((scheme) => fits(scheme, kind)).map((s) => [nameOf(s), s] as const))(
        "signs and verifies with %s, and nothing altered verifies",
        async (_, scheme) => {
          const key = await keyOf(kind);
          const signature = await platform.sign(scheme, key, DATA);
          const verify = (s: Uint8Array, d = DATA, k = key.publicKey) =>
            platform.verify(scheme, k, s, d);
          expect(await verify(signature)).toBe(true);
          const { info, spki } = key.publicKey; // not imported, as of a key that is met once
          expect(await verify(signature, DATA, { info, spki })).toBe(true);
          expect(await verify(flipped(signature, 100), DATA, { info, spki })).toBe(false);
          for (const bit of [0, 7, 100, signature.length * 8 - 1]) {
            expect(await verify(flipped(signature, bit))).toBe(false);
          }
          expect(await verify(signature, flipped(DATA, 3))).toBe(false);
          expect(await verify(signature.subarray(1))).toBe(false);
          expect(await verify(new Uint8Array([...signature, 0]))).toBe(false);
          expect(await verify(new Uint8Array([0, ...signature]))).toBe(false);
          expect(await verify(new Uint8Array(0))).toBe(false);
          for (const fill of [0, 0xff])
            expect(await verify(new Uint8Array(signature.length).fill(fill))).toBe(false);
          const other = await platform.generateKey(kind);
          expect(await verify(signature, DATA, other.publicKey)).toBe(false);
        },
      );

      it("answers false, not an error, for every scheme that does not fit", async () => {
        const key = await keyOf(kind);
        for (const scheme of SCHEMES.filter((s) => !fits(s, kind))) {
          for (const length of [64, 96, 256]) {
            const answer = await platform.verify(
              scheme,
              key.publicKey,
              new Uint8Array(length).fill(1),
              DATA,
            );
            expect(answer).toBe(false);
          }
          await expect((async () => platform.sign(scheme, key, DATA))()).rejects.toThrow(TypeError);
        }
      });

      it("does not take a signature of one hash or padding for another's", async () => {
        const key = await keyOf(kind);
        const fitting = SCHEMES.filter((s) => fits(s, kind));
        for (const made of fitting) {
          const signature = await platform.sign(made, key, DATA);
          for (const claimed of fitting) {
            const answer = await platform.verify(claimed, key.publicKey, signature, DATA);
            expect(answer).toBe(nameOf(made) === nameOf(claimed));
          }
        }
      });

      it("comes back from PKCS#8 with the same public key, and from SPKI", async () => {
        const key = await keyOf(kind);
        const again = await platform.importPrivateKey(await platform.exportPrivateKey(key));
        if (!again.ok) throw new Error("refused its own key");
        expect(again.value.publicKey.spki).toEqual(key.publicKey.spki);
        expect(again.value.publicKey.info).toEqual(key.publicKey.info);
        const parsed = parseSpki(key.publicKey.spki);
        expect(parsed).toEqual({ ok: true, value: key.publicKey.info });
        expect(spkiOf(key.publicKey.info)).toEqual(key.publicKey.spki);
      });

      it("refuses its PKCS#8 cut short, lengthened, or with another's structure", async () => {
        const pkcs8 = await platform.exportPrivateKey(await keyOf(kind));
        const spki = (await keyOf(kind)).publicKey.spki;
        for (const bad of [pkcs8.subarray(0, -1), pkcs8.subarray(1), spki, new Uint8Array(0)]) {
          expect(await platform.importPrivateKey(bad)).toMatchObject({
            ok: false,
            error: { reason: "key_malformed" },
          });
        }
      });

      it("has a thumbprint of 43 characters that names it alone", async () => {
        const key = await keyOf(kind);
        const print = await thumbprint(platform, key.publicKey.info);
        expect(print).toMatch(/^[A-Za-z0-9_-]{43}$/);
        const other = await platform.generateKey(kind);
        expect(await thumbprint(platform, other.publicKey.info)).not.toBe(print);
      });
    });

    it("makes the thumbprint of RFC 7638 §3.1", async () => {
      expect(await thumbprint(platform, RFC7638_KEY)).toBe(
        "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs",
      );
    });

    it.each(MALFORMED)("refuses to import %s", async (_, info) => {
      expect(await platform.importPublicKey(info)).toMatchObject({
        ok: false,
        error: { reason: "key_malformed" },
      });
    });

    it.each(MALFORMED)("verifies nothing with %s, not imported", async (_, info) => {
      const key = { info, spki: spkiOf(info) };
      for (const scheme of SCHEMES)
        for (const fill of [0, 1, 0xff]) {
          const signature = new Uint8Array(signatureBytes(info)).fill(fill);
          expect(await platform.verify(scheme, key, signature, DATA)).toBe(false);
        }
    });

    it("imports an RSA key of 1024 bits: an operator may opt in to one", async () => {
      const info = { type: "RSA", n: MODULUS.subarray(0, 128), e: EXPONENT } as const;
      const imported = await platform.importPublicKey(info);
      if (!imported.ok) throw new Error("refused");
      const scheme = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" } as const;
      expect(await platform.verify(scheme, imported.value, new Uint8Array(128), DATA)).toBe(false);
    });

    wycheproofSignatures(platform);
  });
}

const EXPONENT = new Uint8Array([1, 0, 1]);
const MODULUS = new Uint8Array(256).fill(0xa5);
const COORDINATE = new Uint8Array(32).fill(7);

const MALFORMED: readonly (readonly [string, PublicKeyInfo])[] = [
  ["a point off its curve", { type: "EC", curve: "P-256", x: COORDINATE, y: COORDINATE }],
  [
    "the point (0, 0)",
    { type: "EC", curve: "P-256", x: new Uint8Array(32), y: new Uint8Array(32) },
  ],
  [
    "a coordinate above the field",
    { type: "EC", curve: "P-256", x: new Uint8Array(32).fill(255), y: COORDINATE },
  ],
  [
    "a coordinate cut short",
    { type: "EC", curve: "P-256", x: COORDINATE.subarray(1), y: COORDINATE },
  ],
  ["coordinates of another curve", { type: "EC", curve: "P-384", x: COORDINATE, y: COORDINATE }],
  ["RSA of 1016 bits", { type: "RSA", n: MODULUS.subarray(0, 127), e: EXPONENT }],
  ["RSA of 8200 bits", { type: "RSA", n: new Uint8Array(1025).fill(0xa5), e: EXPONENT }],
  ["an even modulus", { type: "RSA", n: new Uint8Array(256).fill(0xa4), e: EXPONENT }],
  ["a modulus of nothing", { type: "RSA", n: new Uint8Array(0), e: EXPONENT }],
  [
    "a modulus with a leading zero",
    { type: "RSA", n: new Uint8Array([0, ...MODULUS]), e: EXPONENT },
  ],
  ["the exponent 1", { type: "RSA", n: MODULUS, e: new Uint8Array([1]) }],
  ["an even exponent", { type: "RSA", n: MODULUS, e: new Uint8Array([1, 0, 0]) }],
  ["an exponent of five bytes", { type: "RSA", n: MODULUS, e: new Uint8Array([1, 0, 0, 0, 1]) }],
  ["no exponent", { type: "RSA", n: MODULUS, e: new Uint8Array(0) }],
  ["Ed25519 of 31 bytes", { type: "Ed25519", x: COORDINATE.subarray(1) }],
];

function base64url(text: string): Uint8Array {
  return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) =>
    c.charCodeAt(0),
  );
}

const RFC7638_KEY: PublicKeyInfo = {
  type: "RSA",
  n: base64url(
    "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
  ),
  e: EXPONENT,
};
