import { awsFailure, awsRegion, awsWorkload, stsClient } from "../aws-client.ts";
import { seeEc2 } from "../ec2-metadata.ts";
import { OptionError } from "../source-error.ts";
import { tokenIn } from "../token.ts";
import type { EvidenceSource } from "./source.ts";

const LIFETIME_SECONDS = 300;

/** @see https://docs.aws.amazon.com/STS/latest/APIReference/API_GetWebIdentityToken.html */
export const source: EvidenceSource = {
  type: "aws_web_identity",
  about:
    "A token that AWS STS signs for S, with this workload's own role: Lambda, ECS, EKS, EC2. Outbound identity federation must be on in the account (aws iam enable-outbound-web-identity-federation), and the role must be allowed sts:GetWebIdentityToken.",
  audience: "key",
  options: {
    region: { value: "NAME", about: "region whose STS is asked [default: AWS_REGION]" },
    algorithm: { value: "ALG", about: "RS256 or ES384 [default: ES384]" },
  },
  examples: [{ does: "signed with RSA", options: "--algorithm RS256" }],
  detect: awsWorkload,
  probe: async (env) =>
    (await seeEc2(env))?.profile === true
      ? "the EC2 metadata service answers, and gives a role"
      : undefined,
  async fetch(context) {
    const algorithm = context.options["algorithm"] ?? "ES384";
    if (algorithm !== "RS256" && algorithm !== "ES384")
      throw new OptionError("--algorithm is RS256 or ES384");
    const audience = await context.audience();
    const client = await stsClient(await awsRegion(context));
    const { GetWebIdentityTokenCommand } = await import("@aws-sdk/client-sts");
    const command = new GetWebIdentityTokenCommand({
      Audience: [audience],
      SigningAlgorithm: algorithm,
      DurationSeconds: LIFETIME_SECONDS,
    });
    const { WebIdentityToken: token } = await client.send(command).catch((error: unknown) => {
      throw awsFailure(error, {
        OutboundWebIdentityFederationDisabled:
          "outbound identity federation is off in this account: aws iam enable-outbound-web-identity-federation, or use aws_sts",
        AccessDenied:
          "the role may not do this: allow it sts:GetWebIdentityToken, or use aws_sts, which needs no permission",
        JWTPayloadSizeExceeded: "the role's tags do not fit into a token: use aws_sts",
      });
    });
    return { token: tokenIn(token ?? "", "the answer of STS") };
  },
};
