import type { Binding } from "../../../../src/attestation.ts";
import { awsSts } from "../../../../src/attestors/aws/sts.ts";
import { boundAudience } from "../../../../src/attestors/binding.ts";
import { attestorConformance } from "../../../conformance/attestor.ts";
import { buildClean, ISSUER, NOW } from "../support.ts";
import { ACCOUNT, attestorWith, sign, Sink, STRANGER } from "./sts-support.ts";

attestorConformance("aws_sts", async () => {
  const sink = new Sink();
  const settings = { accounts: [ACCOUNT] };
  const madeFor = (base: string) => async (binding: Binding) => {
    const signedFor = binding.kind === "key" ? boundAudience(base, binding.jkt) : base;
    return { ...(await sign({ binding: signedFor })) };
  };
  return {
    attestor: await attestorWith(sink),
    elsewhere: await buildClean(awsSts, settings, {
      platform: sink.platform,
      trustDomain: "test.example",
    }),
    factor: awsSts.factors(awsSts.config().parse(settings))[0]!,
    now: NOW,
    member: "signature",
    asksProvider: true,
    good: madeFor(ISSUER),
    misdirected: madeFor("https://other.example"),
    foreign: async () => ({ ...(await sign({}, STRANGER)) }),
    forged: async () => ({ ...(await sign({}, { secretAccessKey: "guessed" })) }),
    calls: () => sink.requests.length,
  };
});
