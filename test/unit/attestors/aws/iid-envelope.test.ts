import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeBase64 } from "../../../../src/encoding/base64.ts";
import { concatBytes, utf8Encode } from "../../../../src/encoding/bytes.ts";
import {
  element,
  integer,
  nul,
  octets,
  oid,
  seq,
  time,
} from "../../../../src/encoding/der/writer.ts";
import { documentText } from "../../../fakes/aws-metadata.ts";
import {
  attribute,
  awsAttributes,
  indefinite,
  OID,
  sha256,
  signAsEc2,
  signedData,
  signerInfo,
} from "../../../fakes/cms-signer.ts";
import { rsaKeyPair } from "../../../fakes/keys.ts";
import { judge, LAUNCH, NOW, refusal, simulatedCloud } from "./iid-support.ts";
import { nearly, octetwise } from "../../property/mutants.ts";

const cloud = await simulatedCloud();

const content = () => utf8Encode(documentText("xx-west-1", LAUNCH));
const attributes = () => awsAttributes(content(), NOW - 57);

async function envelope(
  signer: Partial<Parameters<typeof signerInfo>[0]>,
  outer: Partial<Parameters<typeof signedData>[0]> = {},
) {
  const info = await signerInfo({
    key: cloud.west.keys.rsa2048,
    attributes: await attributes(),
    content: content(),
    ...signer,
  });
  const cms = signedData({ content: content(), signers: [info], ...outer });
  return judge(await cloud.attestor(), { rsa2048: encodeBase64(cms) }, NOW);
}

describe("aws_iid: envelopes that EC2 would not write", () => {
  it("is accepted as it should be, so that the refusals below mean something", async () => {
    expect(await envelope({})).toMatchObject({ ok: true });
  });

  it("refuses another region's key, and a key of nobody's", async () => {
    expect(await envelope({ key: cloud.east.keys.rsa2048 })).toMatchObject(
      refusal("signature_invalid"),
    );
    const { privateKey } = await rsaKeyPair();
    expect(await envelope({ key: privateKey })).toMatchObject(refusal("signature_invalid"));
  });

  it("refuses a signature by the region's own RSA-1024 key", async () => {
    expect(await envelope({ key: cloud.west.keys.rsa1024 })).toMatchObject(
      refusal("signature_invalid"),
    );
  });

  it("refuses certificates in the bag, genuine signature or not", async () => {
    const certificate = seq(seq(), seq(), octets(new Uint8Array(8)));
    expect(await envelope({}, { certificates: [certificate] })).toMatchObject(
      refusal("cms_malformed"),
    );
    const { privateKey } = await rsaKeyPair();
    expect(await envelope({ key: privateKey }, { certificates: [certificate] })).toMatchObject({
      ok: false,
    });
  });

  it("refuses no signer, two signers, and one twice", async () => {
    const signer = {
      key: cloud.west.keys.rsa2048,
      attributes: await attributes(),
      content: content(),
    };
    const ours = await signerInfo(signer);
    const { privateKey } = await rsaKeyPair();
    const theirs = await signerInfo({ ...signer, key: privateKey, serial: 2 });
    for (const signers of [[], [ours, theirs], [theirs, ours], [ours, ours]])
      expect(await envelope({}, { signers })).toMatchObject(refusal("cms_signers"));
  });

  it("refuses signed attributes that are absent, twice, of two values, of another type, or out of order", async () => {
    const contentType = attribute(OID.contentType, OID.data);
    const signingTime = attribute(OID.signingTime, time(NOW - 57));
    const wrongDigest = octets(await sha256(utf8Encode("something else")));
    const realDigest = octets(await sha256(content()));
    const digest = attribute(OID.messageDigest, realDigest);
    const cases: Record<string, readonly Uint8Array[]> = {
      "no content type": [signingTime, digest],
      "no digest": [contentType, signingTime],
      neither: [signingTime],
      "content type twice": [contentType, contentType, digest],
      "digest twice": [contentType, digest, digest],
      "two digests": [contentType, digest, attribute(OID.messageDigest, wrongDigest)],
      "two values": [contentType, attribute(OID.messageDigest, realDigest, wrongDigest)],
      "no value": [contentType, attribute(OID.messageDigest)],
      "content type of signed data": [attribute(OID.contentType, OID.signedData), digest],
      "digest of another length": [
        contentType,
        attribute(OID.messageDigest, octets(new Uint8Array(20))),
      ],
      "digest that is no octet string": [contentType, attribute(OID.messageDigest, integer(1))],
      "not an attribute": [contentType, digest, time(NOW)],
    };
    for (const [name, list] of Object.entries(cases))
      expect([name, await envelope({ attributes: list })]).toMatchObject([
        name,
        refusal("cms_attributes"),
      ]);
    const reversed = [digest, signingTime, contentType];
    expect(await envelope({ attributes: reversed, unsorted: true })).toMatchObject(
      refusal("cms_attributes"),
    );
  });

  it("refuses a signature over the content itself, without attributes", async () => {
    expect(await envelope({ attributes: undefined })).toMatchObject(refusal("cms_attributes"));
  });

  it("refuses content whose digest is not the signed one", async () => {
    const other = utf8Encode(
      documentText("xx-west-1", { ...LAUNCH, instanceId: "i-00000000000000001" }),
    );
    expect(await envelope({}, { content: other })).toMatchObject(refusal("cms_digest_mismatch"));
  });

  it("refuses other algorithms", async () => {
    const sha1 = seq(OID.sha1, nul());
    const sha512 = seq(oid("2.16.840.1.101.3.4.2.3"), nul());
    for (const digestAlgorithm of [
      sha1,
      sha512,
      seq(OID.sha256WithRsa, nul()),
      seq(OID.sha256, integer(0)),
    ])
      expect(await envelope({ digestAlgorithm })).toMatchObject(refusal("algorithm_not_allowed"));
  });

  it("refuses bytes after the end, a truncated envelope, and BER beyond what EC2 writes", async () => {
    const attestor = await cloud.attestor();
    const cms = await signAsEc2(cloud.west.keys.rsa2048, content(), NOW - 57);
    const text = content();
    const wrapped = [
      concatBytes(cms, Uint8Array.of(0)),
      concatBytes(cms, Uint8Array.of(0, 0)),
      concatBytes(cms, cms),
      cms.subarray(0, -2),
      cms.subarray(2),
      seq(cms),
      indefinite(0x30, cms),
      octets(text),
      element(0x30, new Uint8Array()),
      new Uint8Array(),
    ];
    for (const bytes of wrapped)
      expect(await judge(attestor, { rsa2048: encodeBase64(bytes) }, NOW)).toMatchObject({
        ok: false,
      });
  });

  it("never throws for, and never believes, bytes that nobody signed", async () => {
    const attestor = await cloud.attestor(true);
    const cms = await signAsEc2(cloud.west.keys.rsa2048, content(), NOW - 57);
    const original = await judge(attestor, { rsa2048: encodeBase64(cms) }, NOW);
    // Octets here and there leave nearly no length right; of those that do, more is looked at.
    const count = { read: 0, believed: 0 };
    const property = fc.asyncProperty(
      fc.oneof(octetwise(cms).chain(octetwise), nearly(cms)),
      async (bytes) => {
        const result = await judge(attestor, { rsa2048: encodeBase64(bytes) }, NOW);
        if (result.ok) count.believed++;
        if (result.ok || result.error.reason !== "cms_malformed") count.read++;
        return !result.ok || JSON.stringify(result) === JSON.stringify(original);
      },
    );
    expect(await fc.check(property, { numRuns: 1000 })).toMatchObject({ failed: false });
    expect(count.read).toBeGreaterThan(100);
    expect(count.believed).toBeGreaterThan(10);
  });
});
