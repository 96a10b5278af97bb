import { beforeAll, describe, expect, it } from "vitest";
import { concatBytes } from "../../../src/encoding/bytes.ts";
import { parseSignedData } from "../../../src/encoding/cms.ts";
import {
  element,
  implicit,
  integer,
  nul,
  octets,
  oid,
  seq,
  set,
  utf8,
} from "../../../src/encoding/der/writer.ts";
import type { PublicKey } from "../../../src/encoding/primitives.ts";
import type { PrivateKey } from "../../../src/platform/platform.ts";
import {
  platform,
  DATA,
  SIGNED_DATA,
  SHA256_OID,
  SHA256,
  RSA_OID,
  RSA,
  SHA256_RSA,
  ISSUER,
  CONTENT,
  contentType,
  attributesOf,
  type SignerParts,
  signer as buildSigner,
  envelope,
  judgeSignedData,
} from "./signed-data-builder.ts";
import { newKey } from "../../fakes/private-key.ts";

let key: PrivateKey;
let other: PrivateKey;
beforeAll(async () => {
  key = await newKey(platform, "RSA-2048");
  other = await newKey(platform, "RSA-2048");
});

const signer = (parts: Partial<SignerParts>): Promise<Uint8Array> =>
  buildSigner({ by: key, ...parts });

function indefinite(identifier: number, ...parts: Uint8Array[]): Uint8Array {
  return concatBytes(Uint8Array.of(identifier, 0x80), ...parts, Uint8Array.of(0, 0));
}

const judge = (
  bytes: Uint8Array,
  options: { readonly ber?: boolean; readonly with?: PublicKey } = {},
): Promise<string> => judgeSignedData(bytes, options.with ?? key.publicKey, options.ber);

describe("signed data that is sound", () => {
  it.each([
    ["rsaEncryption", RSA],
    ["rsaEncryption without NULL", seq(RSA_OID)],
    ["sha256WithRSAEncryption", seq(SHA256_RSA, nul())],
    ["sha256WithRSAEncryption without NULL", seq(SHA256_RSA)],
  ])("verifies with %s", async (_, algorithm) => {
    const signed = await signer({ attributes: await attributesOf(CONTENT), algorithm });
    expect(await judge(envelope([signed]))).toBe("ok");
  });

  it("verifies with a digest algorithm without NULL", async () => {
    const digest = seq(SHA256_OID);
    const signed = await signer({ attributes: await attributesOf(CONTENT), digest });
    expect(await judge(envelope([signed]))).toBe("ok");
  });

  it("verifies without attributes, and then with Azure's name of the digest", async () => {
    expect(await judge(envelope([await signer({})]))).toBe("ok");
    const azure = await signer({ digest: seq(SHA256_RSA, nul()) });
    expect(await judge(envelope([azure]))).toBe("ok");
  });

  it("names the signer, and passes certificates on as they stood", async () => {
    const certificates = [seq(integer(1)), seq(integer(2))];
    const bag = implicit(0, concatBytes(...certificates), true);
    const data = parseSignedData(envelope([await signer({})], { bag }));
    expect(data).toEqual({
      ok: true,
      value: expect.objectContaining({
        content: CONTENT,
        signer: { issuer: ISSUER, serial: Uint8Array.of(7) },
        certificates,
      }),
    });
  });

  it("verifies in the BER that AWS writes, with the content in pieces, and only there", async () => {
    const signed = await signer({ attributes: await attributesOf(CONTENT) });
    const pieces = indefinite(0x24, octets(CONTENT.subarray(0, 9)), octets(CONTENT.subarray(9)));
    const content = indefinite(0x30, DATA, indefinite(0xa0, pieces));
    const signedData = indefinite(0x30, integer(1), set(SHA256), content, element(0x31, signed));
    const ber = indefinite(0x30, SIGNED_DATA, indefinite(0xa0, signedData));
    expect(await judge(ber, { ber: true })).toBe("ok");
    expect(await judge(ber)).toBe("cms_malformed");
  });
});

describe("the signer", () => {
  it("is exactly one", async () => {
    const [ours, theirs] = [await signer({}), await signer({ by: other })];
    for (const signers of [[], [ours, ours], [ours, theirs], [theirs, ours]])
      expect(await judge(envelope(signers))).toBe("cms_signers");
  });

  it("signs with the key that the caller chose, whatever certificates are in the bag", async () => {
    const bag = implicit(0, seq(other.publicKey.spki), true);
    const forged = envelope([await signer({ by: other })], { bag });
    expect(await judge(forged)).toBe("signature_invalid");
    expect(await judge(forged, { with: other.publicKey })).toBe("ok");
    expect(await judge(envelope([await signer({})], { bag }))).toBe("ok");
  });

  it("is not named by a key identifier", async () => {
    const name = implicit(0, Uint8Array.of(1, 2, 3));
    for (const version of [integer(1), integer(3)])
      expect(await judge(envelope([await signer({ version, name })]))).toBe("cms_malformed");
  });

  it.each([
    ["version 0", { version: integer(0) }],
    ["version 3", { version: integer(3) }],
    ["an issuer that is no name", { name: seq(set(), integer(7)) }],
    ["no serial number", { name: seq(ISSUER) }],
    ["a negative serial number", { name: seq(ISSUER, Uint8Array.of(2, 1, 0xff)) }],
    ["a third part of the name", { name: seq(ISSUER, integer(7), nul()) }],
    ["unsigned attributes", { after: [implicit(1, contentType, true)] }],
    ["something after", { after: [nul()] }],
    ["attributes after the signature", { after: [implicit(0, contentType, true)] }],
  ] satisfies [string, Partial<SignerParts>][])("does not have %s", async (_, parts) => {
    expect(await judge(envelope([await signer(parts)]))).toBe("cms_malformed");
  });

  it.each([
    ["SHA-1", { digest: seq(oid("1.3.14.3.2.26"), nul()) }],
    ["SHA-384", { digest: seq(oid("2.16.840.1.101.3.4.2.2"), nul()) }],
    ["MD5", { digest: seq(oid("1.2.840.113549.2.5"), nul()) }],
    ["a digest with NULL twice", { digest: seq(SHA256_OID, nul(), nul()) }],
    ["a digest with parameters", { digest: seq(SHA256_OID, integer(1)) }],
    ["SHA-1 with RSA", { algorithm: seq(oid("1.2.840.113549.1.1.5"), nul()) }],
    ["SHA-384 with RSA", { algorithm: seq(oid("1.2.840.113549.1.1.12"), nul()) }],
    ["RSA-PSS", { algorithm: seq(oid("1.2.840.113549.1.1.10")) }],
    ["DSA", { algorithm: seq(oid("1.2.840.10040.4.3")) }],
    ["ECDSA", { algorithm: seq(oid("1.2.840.10045.4.3.2")) }],
    ["RSA with NULL twice", { algorithm: seq(SHA256_RSA, nul(), nul()) }],
    ["RSA with parameters", { algorithm: seq(SHA256_RSA, seq()) }],
    ["no algorithm", { algorithm: seq() }],
  ] satisfies [string, Partial<SignerParts>][])("does not sign with %s", async (_, parts) => {
    expect(await judge(envelope([await signer(parts)]))).toBe("algorithm_not_allowed");
    const attributes = await attributesOf(CONTENT);
    expect(await judge(envelope([await signer({ attributes, ...parts })]))).toBe(
      "algorithm_not_allowed",
    );
  });

  it("does not take Azure's name of the digest where there are attributes", async () => {
    const parts = { attributes: await attributesOf(CONTENT), digest: seq(SHA256_RSA, nul()) };
    expect(await judge(envelope([await signer(parts)]))).toBe("algorithm_not_allowed");
  });
});

describe("the envelope", () => {
  it("is refused in every other form", async () => {
    const signed = await signer({ attributes: await attributesOf(CONTENT) });
    const good = envelope([signed]);
    const cases: readonly (readonly [string, Uint8Array])[] = [
      ["nothing", new Uint8Array()],
      ["bytes after", concatBytes(good, Uint8Array.of(0))],
      ["another document after", concatBytes(good, good)],
      ["an end mark after", concatBytes(good, Uint8Array.of(0, 0))],
      ["another type", envelope([signed], { outerType: DATA })],
      ["version 2", envelope([signed], { version: integer(2) })],
      ["another content type", envelope([signed], { type: SIGNED_DATA })],
      ["content that is no OCTET STRING", envelope([signed], { content: utf8("text") })],
      [
        "content twice",
        envelope([signed], { content: concatBytes(octets(CONTENT), octets(CONTENT)) }),
      ],
      ["no content", envelope([signed], { content: new Uint8Array() })],
      ["revocation lists", envelope([signed], { bag: implicit(1, seq(), true) })],
      ["a primitive bag", envelope([signed], { bag: implicit(0, seq()) })],
      [
        "attribute certificates",
        envelope([signed], { bag: implicit(0, implicit(1, seq(), true), true) }),
      ],
      [
        "a certificate beside something else",
        envelope([signed], { bag: implicit(0, concatBytes(seq(), nul()), true) }),
      ],
      ["something after the signers", envelope([signed], { after: [nul()] })],
      ["a second set of signers", envelope([signed], { after: [element(0x31, signed)] })],
    ];
    for (const ber of [false, true]) {
      const judged = await Promise.all(
        cases.map(async ([what, bytes]) => [what, await judge(bytes, { ber })]),
      );
      expect(judged.filter(([, reason]) => reason !== "cms_malformed")).toEqual([]);
    }
  });

  it("takes no constructed strings but OCTET STRINGs in BER", async () => {
    const signed = await signer({ attributes: await attributesOf(CONTENT) });
    expect(
      await judge(envelope([signed], { content: element(0x24, octets(CONTENT)) }), { ber: true }),
    ).toBe("ok");
    for (const identifier of [0x23, 0x2c, 0x33, 0x36])
      expect(
        await judge(envelope([signed], { content: element(identifier, octets(CONTENT)) }), {
          ber: true,
        }),
      ).toBe("cms_malformed");
  });

  it("has no more than 16 KiB", async () => {
    const content = octets(new Uint8Array(16 * 1024));
    expect(await judge(envelope([await signer({})], { content }))).toBe("evidence_too_large");
  });
});

describe("the key", () => {
  it.each(["P-256", "Ed25519"] as const)("is not %s", async (kind) => {
    const { publicKey } = await newKey(platform, kind);
    expect(await judge(envelope([await signer({})]), { with: publicKey })).toBe(
      "algorithm_not_allowed",
    );
  });

  it.each([
    ["1024", new Uint8Array(128).fill(0xff)],
    ["2047", new Uint8Array(256).fill(0xff).with(0, 0x7f)],
  ])("has 2048 bits at least, and not %s", async (_, n) => {
    const small: PublicKey = {
      info: { type: "RSA", n, e: Uint8Array.of(1, 0, 1) },
      spki: new Uint8Array(),
      handle: undefined,
    };
    expect(await judge(envelope([await signer({})]), { with: small })).toBe(
      "algorithm_not_allowed",
    );
  });
});
