import { describe, expect, it } from "vitest";
import { azureImds } from "../../src/attestors/azure/imds.ts";
import { decodeBase64, encodeBase64 } from "../../src/encoding/base64.ts";
import { outcome, JKT, judge as judgeAny } from "../conformance/attestor.ts";
import {
  documentText,
  signDocument,
  signerExtensions,
  simulateAttestation,
} from "../fakes/azure-attested.ts";
import { FakeNetwork } from "../fakes/network.ts";
import { dataUrl, utf8 } from "../fakes/token-issuer.ts";
import { ascii, implicit, oid, seq } from "../../src/encoding/der/writer.ts";
import { encodeExtension } from "../../src/svid/extension-writer.ts";
import { OID } from "../../src/svid/extensions.ts";
import { DOCUMENT, makeBench, SUBSCRIPTION } from "../unit/attestors/azure/imds-support.ts";
import {
  LAUNCH,
  makeIid,
  NOW as IID_NOW,
  judge,
  simulatedCloud,
} from "../unit/attestors/aws/iid-support.ts";
import { buildClean, NOW } from "../unit/attestors/support.ts";

describe("documents that peers believed", () => {
  it("SPIRE 1.14.6 (aws_iid): a document beside the signature that is not the one signed", async () => {
    const cloud = await simulatedCloud();
    const attestor = await cloud.attestor(true);
    const mine = await cloud.west.launch({ ...LAUNCH, instanceId: "i-0aaaaaaaaaaaaaaaa" });
    const victim = await cloud.west.launch({ ...LAUNCH, instanceId: "i-0bbbbbbbbbbbbbbbb" });
    const both = { rsa2048: mine.rsa2048, document: encodeBase64(utf8(victim.document)) };
    expect(outcome(await judge(attestor, both, IID_NOW))).toBe("body_schema");
    const swapped = { document: encodeBase64(utf8(victim.document)), signature: mine.signature };
    expect(outcome(await judge(attestor, swapped, IID_NOW))).toBe("signature_invalid");
    const result = await judge(attestor, { rsa2048: mine.rsa2048 }, IID_NOW);
    expect(result).toMatchObject({ value: { claims: { instance_id: "i-0aaaaaaaaaaaaaaaa" } } });
  });

  it("CVE-2026-46354 (coder): the certificate's chain is good, the signature over the content is not", async () => {
    const { cloud, attestor, outcomeOf } = await makeBench();
    expect(await outcomeOf(cloud.signer)).toBe("accepted");
    const der = decodeBase64(await cloud.attest(DOCUMENT));
    if (!der.ok) throw new Error("fixture");
    const text = String.fromCharCode(...der.value);
    for (const [from, to] of [
      [DOCUMENT.vmId, DOCUMENT.vmId.replace("5d", "5e")],
      ["2027", "2028"],
    ] as const) {
      const altered = Uint8Array.from(text.replace(from, to), (c) => c.charCodeAt(0));
      const evidence = { type: "azure_imds", signature: encodeBase64(altered) };
      expect(outcome(await judgeAny(attestor, evidence, NOW, JKT))).toBe("signature_invalid"); // oxlint-disable-line no-await-in-loop
    }
    const { privateKey } = (await simulateAttestation(NOW, { ownKey: true })).signer.keys;
    expect(await outcomeOf(cloud.signer, { key: privateKey })).toBe("signature_invalid");
  });

  it("CVE-2026-45796 (coder): an issuer's address inside the certificate is not fetched", async () => {
    const network = new FakeNetwork();
    const { cloud } = await makeBench();
    const attestor = await buildClean(
      azureImds,
      { subscriptions: { [SUBSCRIPTION]: SUBSCRIPTION }, roots: dataUrl(cloud.roots) },
      { network },
    );
    const signer = await cloud.certify({
      extensions: [
        ...signerExtensions(["metadata.azure.com"]),
        encodeExtension(
          OID.authorityInfoAccess,
          false,
          seq(seq(oid("1.3.6.1.5.5.7.48.2"), implicit(6, ascii("http://169.254.169.254/")))),
        ),
      ],
    });
    const cms = await signDocument(signer, documentText(DOCUMENT));
    const evidence = { type: "azure_imds", signature: encodeBase64(cms) };
    expect(outcome(await judgeAny(attestor, evidence, NOW, JKT))).toBe("certificate_chain_invalid");
    expect(network.calls).toEqual([]);
  });

  it("SPIRE 1.15.1 (azure_imds): name and chain of one certificate in the bag, signature of another", async () => {
    const { cloud, outcomeOf } = await makeBench();
    const { signer: attacker } = await simulateAttestation(NOW);
    const bag = [cloud.signer.certificate, attacker.certificate];
    for (const certificates of [bag, bag.toReversed()])
      expect(await outcomeOf(attacker, { certificates })).toBe("certificate_chain_invalid"); // oxlint-disable-line no-await-in-loop
  });

  it("a key of one region does not vouch for another", async () => {
    const cloud = await simulatedCloud();
    const { attestor } = await makeIid({ accounts: [LAUNCH.account], regions: cloud.regions });
    const { rsa2048 } = await cloud.signed({ region: "xx-east-1" }, cloud.west);
    expect(outcome(await judge(attestor, { rsa2048 }, IID_NOW))).toBe("signature_invalid");
  });
});
