import { awsSts } from "../../../../src/attestors/aws/sts.ts";
import { boundAudience } from "../../../../src/attestors/binding.ts";
import { attestorConformance } from "../../../conformance/attestor.ts";
import { buildClean, ISSUER, NOW } from "../support.ts";
import { ACCOUNT, attestorWith, sign, Sink, STRANGER } from "./sts-support.ts";

attestorConformance("aws_sts", async () => {
  const sink = new Sink();
  const settings = { accounts: [ACCOUNT] };
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
    async good(binding) {
      const signedFor = binding.kind === "key" ? boundAudience(ISSUER, binding.jkt) : ISSUER;
      return { ...(await sign({ binding: signedFor })) };
    },
    foreign: async () => ({ ...(await sign({}, STRANGER)) }),
    forged: async () => ({ ...(await sign({}, { secretAccessKey: "guessed" })) }),
    calls: () => sink.requests.length,
  };
});
