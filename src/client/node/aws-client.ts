import type { STSClient } from "@aws-sdk/client-sts";
import { ec2Metadata } from "./ec2-metadata.ts";
import { SourceError } from "./source-error.ts";
import type { Environment, SourceContext } from "./sources/source.ts";

/** The region to ask in: as told, as the environment has it, or where this instance is. @throws SourceError */
export async function awsRegion({ env, options }: SourceContext): Promise<string> {
  const told = options["region"] ?? env["AWS_REGION"] ?? env["AWS_DEFAULT_REGION"];
  if (told !== undefined) return told;
  try {
    const metadata = await ec2Metadata(env);
    return (await metadata.get("meta-data/placement/region", "")).trim();
  } catch {
    throw new SourceError("no AWS region is known here: give --region, or set AWS_REGION");
  }
}

/** AWS's own client, with the credentials it finds here: environment, container, function, instance, profile. */
export async function stsClient(region: string): Promise<STSClient> {
  // Imported only here and now: no other command pays for it.
  const { STSClient: Client } = await import("@aws-sdk/client-sts");
  return new Client({ region, maxAttempts: 2 });
}

/** The error's name is what AWS documents; its message could quote the request. */
export function awsFailure(error: unknown, advice: Readonly<Record<string, string>>): SourceError {
  const name = error instanceof Error ? error.name.replace(/Exception$/, "") : "";
  const known: Readonly<Record<string, string>> = {
    CredentialsProviderError:
      "no AWS credentials are to be had here: run this where a role is (Lambda, ECS, EKS, EC2 with an instance profile), or set AWS_PROFILE",
    ExpiredToken: "the AWS credentials have expired: get new ones",
    InvalidClientTokenId: "AWS does not know these credentials",
    SignatureDoesNotMatch: "AWS does not take these credentials, or this machine's clock is off",
    ...advice,
  };
  return new SourceError(known[name] ?? `AWS STS could not be asked (${name || "no answer"})`, {
    cause: error,
  });
}

/** Where AWS's own variables show its credentials come from a role of this very workload. */
export function awsWorkload(env: Environment): string | undefined {
  const name = [
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
  ].find((one) => (env[one] ?? "") !== "");
  return name === undefined ? undefined : `${name} is set`;
}
