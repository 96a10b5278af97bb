import { describe, expect, it } from "vitest";
import { encodeBase64 } from "../../../../src/encoding/base64.ts";
import { accepted } from "../../../conformance/attestor.ts";
import { signedData } from "../../../fakes/cms-signer.ts";
import {
  absent,
  bytesOf,
  contentOf,
  GENUINE,
  readDocument,
  signerOf,
  smallForm,
  subject,
  vector,
} from "./genuine-support.ts";
import { judge, makeIid, refusal } from "./iid-support.ts";

/** Every copy of `bytes` in which one bit is another. */
function* bitFlips(bytes: Uint8Array): Generator<Uint8Array> {
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const flipped = bytes.slice();
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    yield flipped;
  }
}

describe.skipIf(absent)("genuine EC2 documents, altered (../shared/vectors)", () => {
  it("attests the same, or nothing, after any single bit flips", { timeout: 60_000 }, async () => {
    const der = bytesOf(vector("teleport-1", "rsa2048"));
    const { now, attestor } = await subject(contentOf(der));
    const original = accepted(await judge(attestor, { rsa2048: encodeBase64(der) }, now));
    const others = new Set<string>();
    let same = 0;
    for (const flipped of bitFlips(der)) {
      const result = await judge(attestor, { rsa2048: encodeBase64(flipped) }, now);
      if (!result.ok) continue;
      same++;
      others.add(JSON.stringify(result.value));
    }
    // Unsigned and unused: the version, and the names and the number of a certificate that is not there.
    expect([...others]).toEqual([JSON.stringify(original)]);
    expect(same).toBeLessThan(der.length);
  });

  it(
    "attests nothing after any single bit of the RSA-1024 form flips",
    { timeout: 60_000 },
    async () => {
      const form = smallForm("taskcluster-1");
      const { now, attestor } = await subject(bytesOf(form.document), true);
      for (const member of ["document", "signature"] as const) {
        let acceptances = 0;
        for (const flipped of bitFlips(bytesOf(form[member]))) {
          const result = await judge(attestor, { ...form, [member]: encodeBase64(flipped) }, now);
          if (result.ok) acceptances++;
        }
        expect(acceptances).toBe(0);
      }
    },
  );

  it("gives a document the same claim key however its envelope is encoded", async () => {
    const rsa2048 = vector("teleport-2", "rsa2048");
    const cms = bytesOf(rsa2048);
    const content = contentOf(cms);
    const signers = [signerOf(cms)];
    const { now, attestor } = await subject(content);
    const original = await judge(attestor, { rsa2048 }, now);
    // What the simulated EC2 writes is, to the byte, what EC2 wrote.
    expect(signedData({ content, signers })).toEqual(cms);
    const envelopes = [
      signedData({ content, signers, pieces: 7 }),
      signedData({ content, signers, der: true }),
      signedData({ content, signers, digestAlgorithms: [] }),
    ];
    for (const envelope of envelopes) {
      const text = encodeBase64(envelope);
      for (const wrapped of [text, text.replaceAll(/.{60}/g, "$&\r\n"), `${text}\n`])
        expect(await judge(attestor, { rsa2048: wrapped }, now)).toEqual(original);
    }
    expect(original).toMatchObject({ ok: true });
  });

  it("refuses the content of one document under the signature of another", async () => {
    for (const one of GENUINE)
      for (const other of GENUINE.filter((name) => name !== one)) {
        const a = bytesOf(vector(one, "rsa2048"));
        const b = bytesOf(vector(other, "rsa2048"));
        const [said, signed] = [readDocument(contentOf(a)), readDocument(contentOf(b))];
        const { attestor } = await makeIid({ accounts: [said.account, signed.account] });
        const content = contentOf(a);
        const refused = async (signers: readonly Uint8Array[]) => {
          const rsa2048 = encodeBase64(signedData({ content, signers }));
          return judge(attestor, { rsa2048 }, said.now);
        };
        expect(await refused([signerOf(b)])).toMatchObject(refusal("cms_digest_mismatch"));
        expect(await refused([signerOf(a), signerOf(b)])).toMatchObject(refusal("cms_signers"));
        expect(await refused([signerOf(b), signerOf(a)])).toMatchObject(refusal("cms_signers"));
        expect(await refused([])).toMatchObject(refusal("cms_signers"));
        expect(await refused([signerOf(a)])).toMatchObject({ ok: true });
      }
  });

  it("has no member in which another document could come along (SPIRE 1.14.6)", async () => {
    const rsa2048 = vector("teleport-1", "rsa2048");
    const { now, attestor } = await subject(contentOf(bytesOf(rsa2048)), true);
    const other = encodeBase64(contentOf(bytesOf(vector("teleport-2", "rsa2048"))));
    for (const member of [
      "document",
      "content",
      "identity_document",
      "signature",
      "pkcs7",
      "region",
    ])
      expect(await judge(attestor, { rsa2048, [member]: other }, now)).toMatchObject(
        refusal("body_schema"),
      );
    expect(await judge(attestor, { rsa2048 }, now)).toMatchObject({ ok: true });
  });
});
