import { beforeAll, describe, expect, it } from "vitest";
import { concatBytes, utf8Encode } from "../../../src/encoding/bytes.ts";
import {
  bits,
  element,
  integer,
  octets,
  printable,
  seq,
  set,
} from "../../../src/encoding/der/writer.ts";
import type { PrivateKey } from "../../../src/platform/platform.ts";
import {
  platform,
  SCHEME,
  DATA,
  SIGNED_DATA,
  CONTENT_TYPE,
  MESSAGE_DIGEST,
  SHA256,
  RSA,
  ISSUER,
  CONTENT,
  attribute,
  contentType,
  signingTime,
  digestOf,
  attributesOf,
  type SignerParts,
  signer as buildSigner,
  envelope,
  judgeSignedData,
} from "./signed-data-builder.ts";
import { newKey } from "../../fakes/private-key.ts";

let key: PrivateKey;
beforeAll(async () => {
  key = await newKey(platform, "RSA-2048");
});

const signer = (parts: Partial<SignerParts>): Promise<Uint8Array> =>
  buildSigner({ by: key, ...parts });
const judge = (bytes: Uint8Array, options: { readonly ber?: boolean } = {}): Promise<string> =>
  judgeSignedData(bytes, key.publicKey, options.ber);

describe("signed attributes", () => {
  it("are bound to the content", async () => {
    const parts = { attributes: await attributesOf(utf8Encode("other content")) };
    expect(await judge(envelope([await signer(parts)]))).toBe("cms_digest_mismatch");
    const signed = await signer({ attributes: await attributesOf(CONTENT) });
    const swapped = envelope([signed], { content: octets(utf8Encode("other content")) });
    expect(await judge(swapped)).toBe("cms_digest_mismatch");
  });

  it("cannot be taken away, nor added", async () => {
    const attributes = await attributesOf(CONTENT);
    const stripped = await signer({ attributes: undefined, signed: set(...attributes) });
    expect(await judge(envelope([stripped]))).toBe("signature_invalid");
    const added = await signer({ attributes, signed: CONTENT });
    expect(await judge(envelope([added]))).toBe("signature_invalid");
  });

  it("cannot be passed off as the content", async () => {
    // The signature over the attributes of a genuine document, presented as one over content.
    const attributes = set(...(await attributesOf(CONTENT)));
    const confused = await signer({ attributes: undefined, signed: attributes });
    expect(await judge(envelope([confused], { content: octets(attributes) }))).toBe(
      "cms_attributes",
    );
  });

  it("are refused in every other form", async () => {
    const digest = await digestOf(CONTENT);
    const wrongDigest = await digestOf(utf8Encode("other"));
    const value = await platform.digest("SHA-256", CONTENT);
    const cases: readonly (readonly [string, readonly Uint8Array[]])[] = [
      ["none", []],
      ["no content type", [digest]],
      ["no digest", [contentType]],
      ["another content type", [attribute(CONTENT_TYPE, SIGNED_DATA), digest]],
      ["a content type that is text", [attribute(CONTENT_TYPE, printable("data")), digest]],
      ["no value", [attribute(CONTENT_TYPE), digest]],
      ["two content types in one", [attribute(CONTENT_TYPE, DATA, SIGNED_DATA), digest]],
      [
        "two digests in one",
        [contentType, attribute(MESSAGE_DIGEST, octets(value), octets(value.slice(1)))],
      ],
      ["two content types", [contentType, contentType, digest]],
      ["two different content types", [contentType, attribute(CONTENT_TYPE, SIGNED_DATA), digest]],
      ["two digests", [contentType, digest, wrongDigest]],
      ["the same digest twice", [contentType, digest, digest]],
      ["two signing times", [contentType, signingTime, signingTime, digest]],
      ["a short digest", [contentType, attribute(MESSAGE_DIGEST, octets(value.subarray(1)))]],
      ["an empty digest", [contentType, attribute(MESSAGE_DIGEST, octets(new Uint8Array()))]],
      ["a digest in a BIT STRING", [contentType, attribute(MESSAGE_DIGEST, bits(value))]],
      ["a value outside of a SET", [seq(CONTENT_TYPE, DATA), digest]],
      ["a value in a SEQUENCE", [seq(CONTENT_TYPE, seq(DATA)), digest]],
      ["an attribute of three parts", [seq(CONTENT_TYPE, set(DATA), set()), digest]],
      ["an attribute that is a SET", [set(CONTENT_TYPE, set(DATA)), digest]],
      ["an attribute without type", [seq(set(DATA)), contentType, digest]],
    ];
    const judged = await Promise.all(
      cases.map(async ([what, attributes]) => [
        what,
        await judge(envelope([await signer({ attributes })])),
      ]),
    );
    expect(judged.filter(([, reason]) => reason !== "cms_attributes")).toEqual([]);
  });

  it("are refused in another order than DER has, however they were signed", async () => {
    const sorted = await attributesOf(CONTENT);
    const unsorted = element(0x31, concatBytes(...sorted.toReversed()));
    expect(await judge(envelope([await signer({ attributes: unsorted })]))).toBe("cms_attributes");
    const resigned = await signer({ attributes: unsorted, signed: set(...sorted) });
    expect(await judge(envelope([resigned]))).toBe("cms_attributes");
  });

  it("are refused in BER, where everything around them may be BER", async () => {
    const sorted = set(...(await attributesOf(CONTENT)));
    const signature = octets(await platform.sign(SCHEME, key, sorted));
    const name = seq(ISSUER, integer(7));
    const body = sorted.subarray(3);
    const open = concatBytes(Uint8Array.of(0xa0, 0x80), body, Uint8Array.of(0, 0));
    const pieces = element(0x24, signature);
    for (const [what, bytes] of [
      ["indefinite length", seq(integer(1), name, SHA256, open, RSA, signature)],
      ["signature in pieces", seq(integer(1), name, SHA256, element(0xa0, body), RSA, pieces)],
    ] as const)
      expect([what, await judge(envelope([bytes]), { ber: true })]).toEqual([
        what,
        "cms_malformed",
      ]);
  });
});
