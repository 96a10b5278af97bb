import { signCallerIdentity } from "../../aws-sts.ts";
import { awsFailure, awsRegion, stsClient } from "../aws-client.ts";
import { SourceError } from "../source-error.ts";
import type { EvidenceSource } from "./source.ts";

/** @see https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html */
export const source: EvidenceSource = {
  type: "aws_sts",
  about:
    "A signature over the question who this role is, for S, which the issuer puts to AWS STS: Lambda, ECS, EKS, EC2. It needs no permission and nothing is sent here. Good for 14 minutes.",
  audience: "key",
  options: {
    region: { value: "NAME", about: "region whose STS the issuer will ask [default: AWS_REGION]" },
    fips: { about: "for an issuer that asks the FIPS endpoints" },
  },
  examples: [{ does: "in another region", options: "--region eu-central-1" }],
  async fetch(context) {
    const { platform, options } = context;
    const region = await awsRegion(context);
    const binding = await context.audience();
    const client = await stsClient(region);
    const credentials = await client.config.credentials().catch((error: unknown) => {
      throw awsFailure(error, {});
    });
    try {
      const fips = options["fips"] !== undefined;
      return { ...(await signCallerIdentity(platform, { region, binding, fips }, credentials)) };
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      throw new SourceError(
        `${error.message}: this evidence is of a role, in a region that has such an STS`,
        { cause: error },
      );
    }
  },
};
