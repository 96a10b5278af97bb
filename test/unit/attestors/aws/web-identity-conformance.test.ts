import { awsWebIdentity } from "../../../../src/attestors/aws/web-identity.ts";
import { tokenAttestorConformance } from "../../../conformance/token-attestor.ts";
import { FakeNetwork } from "../../../fakes/network.ts";
import { buildClean, ISSUER, NOW } from "../support.ts";
import {
  ACCOUNT,
  AWS_ISSUER,
  claimsOf,
  ec,
  INSTANCE,
  otherRsa,
  settings,
} from "./web-identity-support.ts";

const STRANGER = "https://ffffffff-0000-4000-8000-00000000000c.tokens.sts.global.api.aws";

tokenAttestorConformance("aws_web_identity", async () => {
  const network = new FakeNetwork();
  return {
    attestor: await buildClean(awsWebIdentity, settings, { network }),
    elsewhere: await buildClean(awsWebIdentity, settings, { trustDomain: "test.example" }),
    factor: awsWebIdentity.factors(awsWebIdentity.config().parse(settings))[0]!,
    now: NOW,
    key: ec,
    network,
    audience: ISSUER,
    maxLifetimeSeconds: 3600,
    claims: (aud) => claimsOf(INSTANCE, { aud }),
    members: { type: "aws_web_identity" },
    foreign: async () => ({
      type: "aws_web_identity",
      token: await otherRsa.sign(claimsOf(INSTANCE, { iss: STRANGER })),
    }),
    fetching: (served) =>
      buildClean(awsWebIdentity, { accounts: { [ACCOUNT]: AWS_ISSUER } }, { network: served }),
    keysUrl: `${AWS_ISSUER}/.well-known/jwks.json`,
  };
});
