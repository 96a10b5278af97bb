import { STSClient } from "@aws-sdk/client-sts";
import { describe, expect, it } from "vitest";
import { REGION_KEYS } from "../../../src/attestors/aws/region-keys.ts";
import { stsHost } from "../../../src/platform/caller-identity.ts";

/** AWS's own rules for endpoints, as its SDK carries them. */
const { endpointProvider } = new STSClient({ region: "us-east-1" }).config;

function sdkHost(region: string, fips: boolean): string {
  const parameters = {
    Region: region,
    UseFIPS: fips,
    UseDualStack: false,
    UseGlobalEndpoint: false,
  };
  return endpointProvider(parameters).url.host;
}

describe("the endpoint of STS", () => {
  it.each(Object.keys(REGION_KEYS))("of %s is that of the AWS SDK", (region) => {
    expect(stsHost(region)).toBe(sdkHost(region, false));
    // The SDK makes up a name for any region; the hosts exist in the United States only.
    const exists = region.startsWith("us-");
    expect(stsHost(region, true)).toBe(exists ? sdkHost(region, true) : undefined);
  });

  it.each([
    "us-iso-east-1",
    "us-isob-east-1",
    "eu-isoe-west-1",
    "aws-global",
    "",
    "us-east-1.",
    "us-east-1/",
    "US-EAST-1",
    "us-east",
  ])("of %j is not known", (region) => {
    expect(stsHost(region)).toBeUndefined();
  });
});
