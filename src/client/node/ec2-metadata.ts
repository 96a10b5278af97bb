import { ask, METADATA_MS, obtain } from "./ask.ts";
import { SourceError } from "./source-error.ts";
import type { Environment } from "./sources/source.ts";

const ADVICE =
  "this is not EC2, or the instance metadata service is off, or its hop limit does not reach into this container (aws ec2 modify-instance-metadata-options --http-endpoint enabled --http-put-response-hop-limit 2)";

/** `AWS_EC2_METADATA_SERVICE_ENDPOINT` and `AWS_EC2_METADATA_DISABLED` mean what they mean to AWS's own SDKs. */
function endpoint(env: Environment): string | undefined {
  if (env["AWS_EC2_METADATA_DISABLED"]?.toLowerCase() === "true") return undefined;
  return (env["AWS_EC2_METADATA_SERVICE_ENDPOINT"] ?? "http://169.254.169.254").replace(/\/+$/, "");
}

function sessionQuestion(base: string) {
  return {
    url: `${base}/latest/api/token`,
    method: "PUT",
    headers: { "x-aws-ec2-metadata-token-ttl-seconds": "60" },
    timeoutMs: METADATA_MS,
  } as const;
}

/** A session of the instance metadata service, version 2: it serves paths below `/latest/`. */
export interface Ec2Metadata {
  /** @throws SourceError where it is not served */
  get(path: string, advice: string): Promise<string>;
}

/** @throws SourceError where there is no instance metadata service */
export async function ec2Metadata(env: Environment): Promise<Ec2Metadata> {
  const base = endpoint(env);
  if (base === undefined)
    throw new SourceError(
      "AWS_EC2_METADATA_DISABLED is true: unset it to ask the metadata service",
    );
  const session = (await obtain(sessionQuestion(base), () => ADVICE)).trim();
  return {
    get: (path, advice) =>
      obtain(
        {
          url: `${base}/latest/${path}`,
          headers: { "x-aws-ec2-metadata-token": session },
          timeoutMs: METADATA_MS,
        },
        () => advice,
      ),
  };
}

/** Whether this is an EC2 instance, and `profile`: whether it has a role. */
export async function seeEc2(env: Environment): Promise<{ readonly profile: boolean } | undefined> {
  const base = endpoint(env);
  if (base === undefined) return undefined;
  const session = await ask(sessionQuestion(base));
  if (typeof session === "string" || session.status !== 200) return undefined;
  const role = await ask({
    url: `${base}/latest/meta-data/iam/security-credentials/`,
    headers: { "x-aws-ec2-metadata-token": session.text.trim() },
    timeoutMs: METADATA_MS,
  });
  return { profile: typeof role !== "string" && role.status === 200 && role.text.trim() !== "" };
}
