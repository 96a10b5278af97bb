import { describe, expect, it } from "vitest";
import { concatBytes } from "../../../../src/encoding/bytes.ts";
import { bits, integer, nul, oid, seq } from "../../../../src/encoding/der/writer.ts";
import { csrPem, type CsrOptions } from "../../../fakes/csr.ts";
import { cronToken } from "../../issuer/world.ts";
import { openPlace, refused } from "./support.ts";

const place = await openPlace();
const { world, alice } = place;
const { platform } = world;
const evidence = [await cronToken(world)];

const asked = async (options: CsrOptions, key = alice.key): Promise<string> =>
  refused(place, { evidence, x509: { csr: await csrPem(platform, key, options) } });

const rsa = (n: Uint8Array, e: number): Uint8Array =>
  seq(seq(oid("1.2.840.113549.1.1.1"), nul()), bits(seq(integer(n), integer(e))));
const odd = (length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, index) => ((index * 31 + 0xa7) % 256) | 1);
const shaped = (n: Uint8Array, e: number): CsrOptions => ({
  spki: rsa(n, e),
  algorithm: seq(oid("1.2.840.113549.1.1.11"), nul()),
  signature: new Uint8Array(n.length),
});

describe("a bad CSR at POST /v1/svids", () => {
  it("weak keys", async () => {
    for (const [n, e] of [
      [odd(128), 65_537],
      [odd(256), 1],
      [odd(256), 3],
      [concatBytes(odd(255), Uint8Array.of(2)), 65_537],
    ] as const)
      expect(await asked(shaped(n, e))).toBe("possession_failed: key_weak");
  });

  it("huge keys", async () => {
    for (const length of [640, 1024, 2048])
      expect(await asked(shaped(odd(length), 65_537))).toBe("possession_failed: key_unsupported");
    expect(await asked(shaped(odd(9000), 65_537))).toMatch(
      /^(possession_failed|request_malformed): /,
    );
  });

  it("off-curve keys", async () => {
    const { info } = alice.key.publicKey;
    if (info.type !== "EC") throw new Error("fixture");
    const zero = new Uint8Array(32);
    const wrong = concatBytes(info.y.subarray(0, -1), Uint8Array.of((info.y.at(-1) ?? 0) ^ 1));
    for (const [x, y] of [
      [info.x, wrong],
      [zero, zero],
      [info.y, info.x],
    ] as const) {
      const point = concatBytes(Uint8Array.of(4), x, y);
      const curve = seq(oid("1.2.840.10045.2.1"), oid("1.2.840.10045.3.1.7"));
      expect(await asked({ spki: seq(curve, bits(point)) })).toBe(
        "possession_failed: csr_malformed",
      );
    }
  });

  it("issuer-owned keys", async () => {
    const key = await platform.generateKey("P-256");
    const { publicKey } = world.keys.x509Signer;
    // Anybody has its public half: it is told to be ours before a signature is looked at.
    expect(await asked({ spki: publicKey.spki }, key)).toBe("possession_failed: key_is_ours");
  });

  it("bad signature", async () => {
    const stranger = await platform.generateKey("P-256");
    const { spki } = alice.key.publicKey;
    expect(await asked({ spki }, stranger)).toBe("possession_failed: csr_signature_invalid");
    for (const signature of [new Uint8Array(), new Uint8Array(72), seq(integer(0), integer(0))])
      expect(await asked({ signature })).toBe("possession_failed: csr_malformed");
    expect(await asked({ signature: seq(integer(1), integer(1)) })).toBe(
      "possession_failed: csr_signature_invalid",
    );
  });
});
