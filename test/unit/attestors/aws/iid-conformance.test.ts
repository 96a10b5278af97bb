import { awsIid } from "../../../../src/attestors/aws/iid.ts";
import { encodeBase64 } from "../../../../src/encoding/base64.ts";
import { utf8Encode } from "../../../../src/encoding/bytes.ts";
import { attestorConformance } from "../../../conformance/attestor.ts";
import { documentText, simulateRegion } from "../../../fakes/aws-metadata.ts";
import { signAsEc2 } from "../../../fakes/cms-signer.ts";
import { rsaKeyPair } from "../../../fakes/keys.ts";
import { FakeNetwork } from "../../../fakes/network.ts";
import { dataUrl } from "../../../fakes/token-issuer.ts";
import { buildClean } from "../support.ts";
import { ACCOUNT, LAUNCH, NOW } from "./iid-support.ts";

attestorConformance("aws_iid", async () => {
  const network = new FakeNetwork();
  const region = await simulateRegion("xx-west-1");
  const strangers = await rsaKeyPair();
  const regions = { "xx-west-1": { partition: "aws", rsa2048: dataUrl(region.rsa2048) } };
  const settings = { accounts: [ACCOUNT], regions };
  const [factor] = awsIid.factors(awsIid.config().parse(settings));
  if (factor === undefined) throw new Error("no factor");
  return {
    attestor: await buildClean(awsIid, settings, { network }),
    elsewhere: await buildClean(awsIid, settings, { network, trustDomain: "test.example" }),
    factor,
    now: NOW,
    member: "rsa2048",
    endless: true,
    async good() {
      return { type: "aws_iid", rsa2048: (await region.launch(LAUNCH)).rsa2048 };
    },
    async foreign() {
      const { rsa2048 } = await region.launch({ ...LAUNCH, account: "999999999999" });
      return { type: "aws_iid", rsa2048 };
    },
    async forged() {
      const content = utf8Encode(documentText("xx-west-1", LAUNCH));
      const cms = await signAsEc2(strangers.privateKey, content, LAUNCH.pendingTime);
      return { type: "aws_iid", rsa2048: encodeBase64(cms) };
    },
    calls: () => network.calls.length,
  };
});
