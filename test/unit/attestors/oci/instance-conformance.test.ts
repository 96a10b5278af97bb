import type { Binding } from "../../../../src/attestation.ts";
import { boundAudience } from "../../../../src/attestors/binding.ts";
import { ociInstance } from "../../../../src/attestors/oci/instance.ts";
import { attestorConformance, JKT } from "../../../conformance/attestor.ts";
import { FakeNetwork } from "../../../fakes/network.ts";
import { platform } from "../../svid/forge.ts";
import { proofFor } from "../pop-support.ts";
import { buildClean, ISSUER, NOW } from "../support.ts";
import { makeBench, subjectOf, TENANCY, UNITS } from "./instance-support.ts";
import { newKey } from "../../../fakes/private-key.ts";

attestorConformance("oci_instance", async () => {
  const network = new FakeNetwork();
  const { attestor, settings, launch, evidenceOf } = await makeBench({ network });
  const [factor] = ociInstance.factors(ociInstance.config().parse(settings));
  if (factor === undefined) throw new Error("no factor");
  const machine = await launch();
  const thief = await newKey(platform, "RSA-2048");
  const madeFor = (base: string) => async (binding: Binding) => {
    const jkt = binding.kind === "key" ? binding.jkt : JKT;
    const proof = await proofFor(machine.key, boundAudience(base, jkt));
    return evidenceOf(machine, { proof });
  };
  return {
    attestor,
    elsewhere: await buildClean(ociInstance, settings, { network, trustDomain: "test.example" }),
    factor,
    now: NOW,
    member: "proof",
    good: madeFor(ISSUER),
    misdirected: madeFor("https://other.example"),
    foreign: async () => {
      const units = UNITS.map((unit) => unit.replace(TENANCY, `${TENANCY}3`));
      return evidenceOf(await launch({ subjectName: subjectOf(units) }));
    },
    forged: async () => evidenceOf(machine, { proof: await proofFor(thief) }),
    calls: () => network.calls.length,
  };
});
