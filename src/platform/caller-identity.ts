import { authorization, type AwsRequest, type Pair } from "./sigv4.ts";

/**
 * The one request of `aws_sts`: `sts:GetCallerIdentity`, with a header that says what it was signed for. Client and
 * issuer each build it from nothing but this file, so that no part of it is ever sent between them that need not be.
 */

/** Carries S, or the mere base. */
const BINDING_HEADER = "x-svidmint-binding";
export const CALLER_IDENTITY_BODY = "Action=GetCallerIdentity&Version=2011-06-15";
const BODY_SHA256 = "ab821ae955788b0e33ebd34c208442ccfc2d406e2edc5e7a39bd6458fbb4f843";
const SIGNED_HEADERS =
  "content-type;host;x-amz-content-sha256;x-amz-date;x-amz-security-token;x-svidmint-binding";

export const STS = "sts";

/** All of a signed request that cannot be had from elsewhere. Nothing of it is checked here. */
export interface SignedParts {
  readonly region: string;
  readonly accessKeyId: string;
  readonly sessionToken: string;
  /** `20150830T123600Z` */
  readonly amzDate: string;
  readonly signature: string;
}

/**
 * The regional endpoint of STS; the global one is never used.
 * @param region as AWS names it; for a well-formed name that is none, a host that is none
 * @param fips the endpoint with validated cryptography, which exists in the regions of the United States only
 * @returns undefined where there is no such endpoint
 * @see https://docs.aws.amazon.com/general/latest/gr/sts.html
 */
export function stsHost(region: string, fips = false): string | undefined {
  if (!/^[a-z]{2,8}(?:-[a-z]{2,16}){1,3}-\d{1,2}$/.test(region)) return undefined;
  if (region.startsWith("cn-")) return fips ? undefined : `sts.${region}.amazonaws.com.cn`;
  if (region.startsWith("eusc-")) return fips ? undefined : `sts.${region}.amazonaws.eu`;
  // GovCloud's only endpoints are validated ones; isolated partitions have domains of their own.
  if (/^us-iso|^eu-iso/.test(region)) return undefined;
  if (!fips || region.startsWith("us-gov-")) return `sts.${region}.amazonaws.com`;
  return region.startsWith("us-") ? `sts-fips.${region}.amazonaws.com` : undefined;
}

/** What the workload signs. @param binding S of its key */
export function callerIdentityRequest(host: string, binding: string): AwsRequest {
  return { method: "POST", host, headers: fixedHeaders(binding), body: CALLER_IDENTITY_BODY };
}

/** What the issuer sends: the request that must have been signed, with the signature that came. */
export function callerIdentityCall(
  { region, accessKeyId, sessionToken, amzDate, signature }: SignedParts,
  host: string,
  binding: string,
): {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
} {
  const scope = { region, service: STS };
  return {
    url: `https://${host}/`,
    headers: {
      ...Object.fromEntries(fixedHeaders(binding)),
      accept: "application/json",
      authorization: authorization(accessKeyId, amzDate, scope, SIGNED_HEADERS, signature),
      "x-amz-date": amzDate,
      "x-amz-security-token": sessionToken,
    },
    body: CALLER_IDENTITY_BODY,
  };
}

function fixedHeaders(binding: string): readonly Pair[] {
  return [
    ["content-type", "application/x-www-form-urlencoded"],
    ["x-amz-content-sha256", BODY_SHA256],
    [BINDING_HEADER, binding],
  ];
}
