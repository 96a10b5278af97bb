import { x509Pop } from "../../../../src/attestors/x509/pop.ts";
import { boundAudience } from "../../../../src/attestors/binding.ts";
import { attestorConformance, JKT } from "../../../conformance/attestor.ts";
import { FakeNetwork } from "../../../fakes/network.ts";
import { dataUrl } from "../../../fakes/token-issuer.ts";
import { testCa } from "../../svid/forge.ts";
import { proofFor } from "../pop-support.ts";
import { buildClean, ISSUER, NOW } from "../support.ts";
import { chainOf, issueLeaf } from "./pop-support.ts";

attestorConformance("x509_pop", async () => {
  const network = new FakeNetwork();
  const root = await testCa("Fleet Root");
  const settings = { fleet: { ca: dataUrl(chainOf(root.der)) } };
  const [factor] = x509Pop.factors(x509Pop.config().parse(settings));
  if (factor === undefined) throw new Error("no factor");
  const [machine, thief] = [await issueLeaf(root), await issueLeaf(root)];
  const evidence = async (jkt: string, key = machine.key, base = ISSUER) => ({
    type: "x509_pop",
    certificate_chain: chainOf(machine.certificate),
    proof: await proofFor(key, boundAudience(base, jkt)),
  });
  return {
    attestor: await buildClean(x509Pop, settings, { network }),
    elsewhere: await buildClean(x509Pop, settings, { network, trustDomain: "test.example" }),
    factor,
    now: NOW,
    member: "proof",
    good: (binding) => evidence(binding.kind === "key" ? binding.jkt : JKT),
    misdirected: () => evidence(JKT, machine.key, "https://other.example"),
    foreign: async () => ({ ...(await evidence(JKT)), entry: "another" }),
    forged: () => evidence(JKT, thief.key),
    calls: () => network.calls.length,
  };
});
