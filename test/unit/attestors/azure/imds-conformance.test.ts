import type { Binding } from "../../../../src/attestation.ts";
import { azureImds } from "../../../../src/attestors/azure/imds.ts";
import { attestorConformance } from "../../../conformance/attestor.ts";
import { documentText, signDocument, simulateAttestation } from "../../../fakes/azure-attested.ts";
import { base64, rsaKeyPair } from "../../../fakes/keys.ts";
import { FakeNetwork } from "../../../fakes/network.ts";
import { buildClean, ISSUER, NOW } from "../support.ts";
import { DOCUMENT, nonceFor, settingsFor } from "./imds-support.ts";

attestorConformance("azure_imds", async () => {
  const network = new FakeNetwork();
  const cloud = await simulateAttestation(NOW);
  const { privateKey: key } = await rsaKeyPair();
  const settings = settingsFor(cloud);
  const [factor] = azureImds.factors(azureImds.config().parse(settings));
  if (factor === undefined) throw new Error("no factor");
  const madeFor = (base: string) => async (binding: Binding) => {
    const named = binding.kind === "key" ? { nonce: await nonceFor(binding.jkt, base) } : {};
    return { type: "azure_imds", signature: await cloud.attest({ ...DOCUMENT, ...named }) };
  };
  return {
    attestor: await buildClean(azureImds, settings, { network }),
    elsewhere: await buildClean(azureImds, settings, { network, trustDomain: "test.example" }),
    factor,
    now: NOW,
    member: "signature",
    namesKeyByDigest: true,
    good: madeFor(ISSUER),
    misdirected: madeFor("https://other.example"),
    async foreign() {
      const subscription = "00000000-1111-4222-8333-444444444444";
      return { type: "azure_imds", signature: await cloud.attest({ ...DOCUMENT, subscription }) };
    },
    async forged() {
      const cms = await signDocument(cloud.signer, documentText(DOCUMENT), { key });
      return { type: "azure_imds", signature: base64(cms) };
    },
    calls: () => network.calls.length,
  };
});
