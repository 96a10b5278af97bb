import { describe, expect, it } from "vitest";
import { proveCsr } from "../../../src/attestors/possession.ts";
import { concatBytes } from "../../../src/encoding/bytes.ts";
import { bits, integer, nul, octets, oid, seq } from "../../../src/encoding/der/writer.ts";
import { webCryptoPlatform } from "../../../src/platform/webcrypto.ts";
import type { Reason } from "../../../src/reasons.ts";
import { countingPlatform } from "../../fakes/counting-platform.ts";
import { csrPem } from "../../fakes/csr.ts";
import { newKey } from "../../fakes/private-key.ts";

const platform = webCryptoPlatform();
const key = await platform.generateKey("P-256");
const rsa = await newKey(platform, "RSA-2048");
const NONE: ReadonlySet<string> = new Set();

function refusal(reason: Reason) {
  return { ok: false, error: { reason } };
}

/** A request whose key nobody need hold: the signature is of the right shape only. */
function withSpki(spki: Uint8Array): Promise<string> {
  return csrPem(platform, rsa, { spki });
}

function rsaSpki(n: Uint8Array, e: Uint8Array | number): Uint8Array {
  return seq(seq(oid("1.2.840.113549.1.1.1"), nul()), bits(seq(integer(n), integer(e))));
}

function ecSpki(curve: Uint8Array, point: Uint8Array): Uint8Array {
  return seq(seq(oid("1.2.840.10045.2.1"), curve), bits(point));
}

function odd(length: number, fill = 0xa7): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => ((index * 31 + fill) % 256) | 1);
}

const P256 = oid("1.2.840.10045.3.1.7");
const coordinates = (() => {
  const { info } = key.publicKey;
  if (info.type !== "EC") throw new Error("not an elliptic curve");
  return { x: info.x, y: info.y };
})();

describe("keys in a CSR", () => {
  it("refuses keys of kinds, curves and forms that it does not take, without using them", async () => {
    const { x, y } = coordinates;
    const point = concatBytes(Uint8Array.of(4), x, y);
    const curve = (dotted: string, size: number) =>
      ecSpki(oid(dotted), concatBytes(Uint8Array.of(4), odd(size), odd(size)));
    const field = seq(oid("1.2.840.10045.1.1"), integer(odd(32, 0xff)));
    const explicitParameters = seq(
      integer(1),
      field,
      seq(octets(odd(32)), octets(odd(32))),
      octets(point),
      integer(odd(32, 0xff)),
      integer(1),
    );
    const cases: Record<string, readonly [Uint8Array, Reason]> = {
      "P-192": [curve("1.2.840.10045.3.1.1", 24), "key_unsupported"],
      "P-224": [curve("1.3.132.0.33", 28), "key_unsupported"],
      secp256k1: [curve("1.3.132.0.10", 32), "key_unsupported"],
      "explicit parameters": [ecSpki(explicitParameters, point), "key_unsupported"],
      "compressed point": [ecSpki(P256, concatBytes(Uint8Array.of(2), x)), "key_unsupported"],
      "hybrid point": [ecSpki(P256, concatBytes(Uint8Array.of(6), x, y)), "key_unsupported"],
      "point at infinity": [ecSpki(P256, Uint8Array.of(0)), "key_unsupported"],
      "point of another curve": [ecSpki(oid("1.3.132.0.34"), point), "key_unsupported"],
      Ed448: [seq(seq(oid("1.3.101.113")), bits(odd(57))), "key_unsupported"],
      X25519: [seq(seq(oid("1.3.101.110")), bits(odd(32))), "key_unsupported"],
      DSA: [
        seq(seq(oid("1.2.840.10040.4.1"), seq(integer(7))), bits(integer(5))),
        "key_unsupported",
      ],
      "RSA without NULL": [
        seq(seq(oid("1.2.840.113549.1.1.1")), bits(seq(integer(odd(256)), integer(65_537)))),
        "csr_malformed",
      ],
      "unused bits": [seq(seq(oid("1.2.840.10045.2.1"), P256), bits(point, 1)), "csr_malformed"],
    };
    const { platform: counted, calls } = countingPlatform();
    for (const [name, [spki, reason]] of Object.entries(cases)) {
      const proven = await proveCsr(await withSpki(spki), { platform: counted, ours: NONE });
      expect([name, proven]).toMatchObject([name, refusal(reason)]);
    }
    expect(calls).toEqual({ imports: 0, verifications: 0 });
  });

  it("refuses weak and oversized RSA keys before it computes with them", async () => {
    const { info } = rsa.publicKey;
    const n = info.type === "RSA" ? info.n : new Uint8Array();
    const cases: Record<string, readonly [Uint8Array, Uint8Array | number, Reason]> = {
      "1024 bits": [odd(128), 65_537, "key_weak"],
      "2047 bits": [concatBytes(Uint8Array.of(0x7f), n.subarray(1)), 65_537, "key_weak"],
      "e = 1": [n, 1, "key_weak"],
      "e = 3": [n, 3, "key_weak"],
      "e = 65536": [n, 65_536, "key_weak"],
      "e of 8 octets": [n, odd(8), "key_weak"],
      "e of 17 octets": [n, odd(17), "key_unsupported"],
      "even n": [concatBytes(n.subarray(0, -1), Uint8Array.of(0xfe)), 65_537, "key_weak"],
      "5120 bits": [odd(640), 65_537, "key_unsupported"],
      "8192 bits": [odd(1024), 65_537, "key_unsupported"],
      "16384 bits": [odd(2048), 65_537, "key_unsupported"],
    };
    const { platform: counted, calls } = countingPlatform();
    for (const [name, [modulus, exponent, reason]] of Object.entries(cases)) {
      const spki = rsaSpki(modulus, exponent);
      const csr = await csrPem(platform, rsa, { spki, signature: new Uint8Array(modulus.length) });
      const proven = await proveCsr(csr, { platform: counted, ours: NONE });
      expect([name, proven]).toMatchObject([name, refusal(reason)]);
    }
    expect(calls).toEqual({ imports: 0, verifications: 0 });
  });

  it("refuses a point that is not on its curve", async () => {
    const { x, y } = coordinates;
    const flipped = concatBytes(y.subarray(0, -1), Uint8Array.of((y.at(-1) ?? 0) ^ 1));
    const zero = new Uint8Array(32);
    for (const [px, py] of [
      [x, flipped],
      [zero, zero],
      [odd(32, 0xff), y],
    ] as const) {
      const spki = ecSpki(P256, concatBytes(Uint8Array.of(4), px, py));
      expect(
        await proveCsr(await csrPem(platform, key, { spki }), { platform, ours: NONE }),
      ).toMatchObject(refusal("csr_malformed"));
    }
  });
});
