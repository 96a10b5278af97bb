import { callerIdentityRequest, STS, stsHost } from "../platform/caller-identity.ts";
import type { Platform } from "../platform/platform.ts";
import { amzDate, signAwsRequest, type AwsCredentials } from "../platform/sigv4.ts";

/** Evidence of type `aws_sts`, as a request to the issuer carries it. */
export interface StsEvidence {
  readonly type: "aws_sts";
  readonly region: string;
  readonly access_key_id: string;
  readonly session_token: string;
  readonly amz_date: string;
  readonly signature: string;
}

export interface StsEvidenceOptions {
  /** Whose STS will be asked: the workload's own region. */
  readonly region: string;
  /** S of the workload's key: `<base>/jkt/<thumbprint>`. Where no key will be proved, `<base>`. */
  readonly binding: string;
  /** As the issuer's configuration has it. */
  readonly fips?: boolean;
}

/**
 * Signs a GetCallerIdentity for one key and gives away only what the issuer needs to ask STS itself. Nothing is sent.
 * Good for 14 minutes.
 * @param credentials of a role: temporary, with a session token
 * @throws TypeError for long-lived credentials, and where the region has no such endpoint
 */
export async function signCallerIdentity(
  platform: Pick<Platform, "digest" | "now">,
  { region, binding, fips = false }: StsEvidenceOptions,
  credentials: AwsCredentials,
): Promise<StsEvidence> {
  const host = stsHost(region, fips);
  if (host === undefined) throw new TypeError(`STS has no ${fips ? "FIPS " : ""}endpoint there`);
  const { accessKeyId, sessionToken } = credentials;
  if (sessionToken === undefined) throw new TypeError("the credentials are a user's, not a role's");
  const now = platform.now();
  const request = callerIdentityRequest(host, binding);
  const scope = { region, service: STS, now };
  const { signature } = await signAwsRequest(platform, request, credentials, scope);
  return {
    type: "aws_sts",
    region,
    access_key_id: accessKeyId,
    session_token: sessionToken,
    amz_date: amzDate(now),
    signature,
  };
}
