import { stsHost } from "./caller-identity.ts";
import {
  askText,
  CredentialError,
  malformed,
  variable,
  type CredentialDeps,
  type LastingCredentials,
} from "./credentials.ts";
import type { AwsCredentials } from "./sigv4.ts";

const SERVICE = "AWS STS";

/**
 * Credentials of the role that a token of the platform stands for (IAM roles for service accounts), by
 * `sts:AssumeRoleWithWebIdentity` in the workload's own region. The token is read each time: platforms replace it.
 * @returns undefined where no variable names a token. @throws CredentialError
 * @see https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
 */
export async function fromWebIdentity(
  deps: CredentialDeps,
): Promise<LastingCredentials<AwsCredentials> | undefined> {
  const file = variable(deps, "AWS_WEB_IDENTITY_TOKEN_FILE");
  const role = variable(deps, "AWS_ROLE_ARN");
  if (file === undefined || role === undefined) return undefined;
  const token = new TextDecoder().decode(await deps.read(`file:${file}`)).trim();
  const body = new URLSearchParams({
    Action: "AssumeRoleWithWebIdentity",
    Version: "2011-06-15",
    RoleArn: role,
    RoleSessionName: variable(deps, "AWS_ROLE_SESSION_NAME") ?? "svidmint",
    WebIdentityToken: token,
  });
  const answer = await askText(deps, SERVICE, endpoint(deps), {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: body.toString(),
  });
  return credentialsIn(answer);
}

function endpoint(deps: CredentialDeps): string {
  const told = variable(deps, "AWS_ENDPOINT_URL_STS");
  if (told !== undefined) return told;
  const region = variable(deps, "AWS_REGION") ?? variable(deps, "AWS_DEFAULT_REGION");
  const host = region === undefined ? undefined : stsHost(region);
  if (host === undefined)
    throw new CredentialError(`${SERVICE} gives no credentials: AWS_REGION names no region`, false);
  return `https://${host}/`;
}

/** The service has spoken XML ever since; none of the values holds what XML would have to escape. */
function credentialsIn(xml: string): LastingCredentials<AwsCredentials> {
  const [, credentials = ""] = /<Credentials>([^]*?)<\/Credentials>/.exec(xml) ?? [];
  const part = (name: string): string => {
    const [, value] = new RegExp(`<${name}>\\s*([^<>&\\s]+)\\s*</${name}>`).exec(credentials) ?? [];
    if (value === undefined) throw malformed(SERVICE);
    return value;
  };
  const expiresAt = Date.parse(part("Expiration")) / 1000;
  if (!Number.isFinite(expiresAt)) throw malformed(SERVICE);
  return {
    value: {
      accessKeyId: part("AccessKeyId"),
      secretAccessKey: part("SecretAccessKey"),
      sessionToken: part("SessionToken"),
    },
    expiresAt,
  };
}
