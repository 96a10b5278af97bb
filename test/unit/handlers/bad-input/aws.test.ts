import { describe, expect, it } from "vitest";
import { decodeBase64, encodeBase64 } from "../../../../src/encoding/base64.ts";
import { utf8Encode } from "../../../../src/encoding/bytes.ts";
import { octets, seq, time } from "../../../../src/encoding/der/writer.ts";
import { documentText, simulateRegion } from "../../../fakes/aws-metadata.ts";
import {
  attribute,
  awsAttributes,
  OID,
  sha256,
  signedData,
  signerInfo,
  type SignedDataOptions,
  type SignerOptions,
} from "../../../fakes/cms-signer.ts";
import { rsaKeyPair } from "../../../fakes/keys.ts";
import { bootedVm, codeOf, workload, ACCOUNT } from "../../issuer/world.ts";
import { openPlace, refused } from "./support.ts";

const place = await openPlace();
const { world, alice } = place;
const REGION = "xx-test-1";
const launch = { account: ACCOUNT, instanceId: "i-0123456789abcdef0", pendingTime: world.now - 60 };
const content = utf8Encode(documentText(REGION, launch));
const other = utf8Encode(documentText(REGION, { ...launch, instanceId: "i-0admin" }));
const signer: SignerOptions = {
  key: world.region.keys.rsa2048,
  attributes: await awsAttributes(content, world.now - 57),
  content,
};
const x509 = { csr: alice.csr };

const envelope = async (
  changes: Partial<SignerOptions>,
  outer: Partial<SignedDataOptions> = {},
): Promise<object> => {
  const signers = [await signerInfo({ ...signer, ...changes })];
  return piece(signedData({ content, signers, ...outer }));
};
const piece = (cms: Uint8Array): object => ({ type: "aws_iid", rsa2048: encodeBase64(cms) });
const asked = (evidence: object): Promise<string> => refused(place, { evidence: [evidence], x509 });

describe("bad aws_iid evidence at POST /v1/svids", () => {
  it("SPIRE aws_iid content substitution", async () => {
    expect(await asked(await envelope({}, { content: other }))).toBe(
      "evidence_rejected: cms_digest_mismatch",
    );
    const genuine = await bootedVm(world);
    for (const member of ["document", "content", "instanceIdentityDocument"])
      expect(await asked({ ...genuine, [member]: encodeBase64(other) })).toBe(
        "request_malformed: body_schema",
      );
  });

  it("two signers", async () => {
    const { privateKey } = await rsaKeyPair();
    const ours = await signerInfo(signer);
    const theirs = await signerInfo({ ...signer, key: privateKey, serial: 2 });
    for (const signers of [[ours, theirs], [theirs, ours], [ours, ours], []])
      expect(await asked(piece(signedData({ content, signers })))).toBe(
        "evidence_rejected: cms_signers",
      );
  });

  it("attacker certificate in the bag", async () => {
    const certificates = [seq(seq(), seq(), octets(new Uint8Array(8))), world.keys.root];
    const { privateKey } = await rsaKeyPair();
    for (const certificate of certificates)
      for (const key of [privateKey, signer.key])
        expect(await asked(await envelope({ key }, { certificates: [certificate] }))).toBe(
          "evidence_rejected: cms_malformed",
        );
  });

  it("another region's key", async () => {
    const { keys } = await simulateRegion("xx-other-1");
    for (const key of [keys.rsa2048, keys.rsa1024, world.region.keys.rsa1024])
      expect(await asked(await envelope({ key }))).toBe("evidence_rejected: signature_invalid");
  });

  it("missing and duplicate signed attributes", async () => {
    const type = attribute(OID.contentType, OID.data);
    const digest = attribute(OID.messageDigest, octets(await sha256(content)));
    const wrong = attribute(OID.messageDigest, octets(await sha256(other)));
    const signingTime = attribute(OID.signingTime, time(world.now - 57));
    for (const attributes of [
      undefined,
      [],
      [type],
      [digest],
      [signingTime],
      [type, type, digest],
      [type, digest, digest],
      [type, digest, wrong],
    ])
      expect(await asked(await envelope({ attributes }))).toBe("evidence_rejected: cms_attributes");
  });

  it("single-bit flips: refused, or the very same instance, which is its first key's already", async () => {
    const { rsa2048 } = await bootedVm(world);
    const post = (text: string, csr: string): Promise<Response> =>
      world.post({ evidence: [{ type: "aws_iid", rsa2048: text }], x509: { csr } });
    expect((await post(rsa2048, alice.csr)).status).toBe(200);
    const document = decodeBase64(rsa2048, { lineBreaks: true });
    if (!document.ok) throw new Error("fixture");
    const mallory = await workload(world);
    const codes: Record<string, number> = {};
    // Some of all bits: `iid-mutations.test.ts` turns every one, where the attestor is asked alone.
    for (let bit = 0; bit < document.value.length * 8; bit += 53) {
      const flipped = document.value.slice();
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const code = await codeOf(await post(encodeBase64(flipped), mallory.csr)); // oxlint-disable-line no-await-in-loop
      codes[code] = (codes[code] ?? 0) + 1;
    }
    const { evidence_rejected: rejected = 0, evidence_claimed: claimed = 0, ...rest } = codes;
    expect(rest).toEqual({});
    expect(rejected + claimed).toBeGreaterThan(150);
  });
});
