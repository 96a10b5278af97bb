import type { JsonObject } from "../encoding/json.ts";
import { fromWebIdentity } from "./aws-web-identity.ts";
import {
  askJson,
  askText,
  CredentialError,
  keptCredentials,
  malformed,
  variable,
  type CredentialDeps,
  type CredentialSource,
  type LastingCredentials,
} from "./credentials.ts";
import type { AwsCredentials } from "./sigv4.ts";

const ECS = "169.254.170.2";
const EKS_HOSTS = ["169.254.170.23", "[fd00:ec2::23]"];
const IMDS = "169.254.169.254";
const IMDS_NAME = "the instance metadata service";
const INSTANCE = `http://${IMDS}/latest`;
const IMDS_TOKEN_SECONDS = 21_600;

/**
 * Where AWS puts the credentials of a workload, in its order: variables (Lambda sets them), a web identity (IAM roles
 * for service accounts), profiles where the runtime has AWS's library for them, the container endpoint of ECS and EKS
 * Pod Identity, the instance metadata service (version 2 alone).
 * @see https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html
 */
export function awsCredentials(deps: CredentialDeps): CredentialSource<AwsCredentials> {
  return keptCredentials(deps.platform, async () => {
    const accessKeyId = variable(deps, "AWS_ACCESS_KEY_ID");
    const secretAccessKey = variable(deps, "AWS_SECRET_ACCESS_KEY");
    if (accessKeyId !== undefined && secretAccessKey !== undefined) {
      const sessionToken = variable(deps, "AWS_SESSION_TOKEN");
      return {
        value: {
          accessKeyId,
          secretAccessKey,
          ...(sessionToken !== undefined && { sessionToken }),
        },
      };
    }
    const found = (await fromWebIdentity(deps)) ?? (await deps.libraries?.aws?.());
    if (found !== undefined) return found;
    const relative = variable(deps, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    const full = variable(deps, "AWS_CONTAINER_CREDENTIALS_FULL_URI");
    if (relative !== undefined) return fromContainer(deps, `http://${ECS}${relative}`);
    if (full !== undefined) return fromContainer(deps, full);
    if (variable(deps, "AWS_EC2_METADATA_DISABLED")?.toLowerCase() === "true")
      throw new CredentialError("there are no AWS credentials in the environment", false);
    return fromInstance(deps);
  });
}

async function fromContainer(
  deps: CredentialDeps,
  url: string,
): Promise<LastingCredentials<AwsCredentials>> {
  const service = "the container credentials endpoint";
  const file = variable(deps, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
  const token =
    file === undefined
      ? variable(deps, "AWS_CONTAINER_AUTHORIZATION_TOKEN")
      : new TextDecoder().decode(await deps.read(`file:${file}`)).trim();
  const answer = await askJson(deps, service, url, {
    plainHosts: [ECS, ...EKS_HOSTS],
    ...(token !== undefined && { headers: { authorization: token } }),
  });
  return credentialsIn(answer, service);
}

async function fromInstance(deps: CredentialDeps): Promise<LastingCredentials<AwsCredentials>> {
  const request = await instanceSession(deps);
  const roles = `${INSTANCE}/meta-data/iam/security-credentials/`;
  const [role = ""] = (await askText(deps, IMDS_NAME, roles, request)).split("\n");
  if (!/^[\w+=,.@-]{1,64}$/.test(role)) throw malformed(IMDS_NAME);
  return credentialsIn(await askJson(deps, IMDS_NAME, roles + role, request), IMDS_NAME);
}

async function instanceSession(deps: CredentialDeps) {
  const token = await askText(deps, IMDS_NAME, `${INSTANCE}/api/token`, {
    method: "PUT",
    headers: { "x-aws-ec2-metadata-token-ttl-seconds": String(IMDS_TOKEN_SECONDS) },
    plainHosts: [IMDS],
  });
  return { headers: { "x-aws-ec2-metadata-token": token.trim() }, plainHosts: [IMDS] };
}

/** Where this workload runs, as AWS names it: by a variable, else by the instance metadata service. Not checked. */
export async function awsRegion(deps: CredentialDeps): Promise<string> {
  const named = variable(deps, "AWS_REGION") ?? variable(deps, "AWS_DEFAULT_REGION");
  if (named !== undefined) return named;
  const request = await instanceSession(deps);
  const region = await askText(deps, IMDS_NAME, `${INSTANCE}/meta-data/placement/region`, request);
  return region.trim();
}

function credentialsIn(
  { AccessKeyId: id, SecretAccessKey: secret, Token: token, Expiration: end }: JsonObject,
  service: string,
): LastingCredentials<AwsCredentials> {
  const expiresAt = typeof end === "string" ? Date.parse(end) / 1000 : NaN;
  if (typeof id !== "string" || typeof secret !== "string" || !Number.isFinite(expiresAt))
    throw malformed(service);
  return {
    value: {
      accessKeyId: id,
      secretAccessKey: secret,
      ...(typeof token === "string" && { sessionToken: token }),
    },
    expiresAt,
  };
}
