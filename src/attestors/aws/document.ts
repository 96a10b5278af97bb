import type { ClaimValue } from "../../attestation.ts";
import type { JsonObject, JsonValue } from "../../encoding/json.ts";
import { fail, ok, type Result } from "../../result.ts";
import { parseUtcTime } from "../utc-time.ts";

/** What an EC2 instance identity document says, typed. Believe it only once the bytes it was read from verified. */
export interface InstanceDocument {
  readonly account: string;
  readonly region: string;
  readonly instanceId: string;
  readonly availabilityZone: string;
  /** Unix seconds at which the instance was last started; a reboot does not change it. */
  readonly pendingTime: number;
  /** What is there under the names that rules use: image, type, architecture, address, product codes. */
  readonly details: Readonly<Record<string, ClaimValue>>;
}

/** The one version that EC2 has put into documents since RSA-2048 signatures exist. */
const VERSION = "2017-09-30";

const STRINGS = [
  ["imageId", "image_id"],
  ["instanceType", "instance_type"],
  ["architecture", "architecture"],
  ["privateIp", "private_ip"],
] as const;
const LISTS = [
  ["billingProducts", "billing_products"],
  ["marketplaceProductCodes", "marketplace_product_codes"],
] as const;

/**
 * Account and region as the document states them: all that is looked at before its signature, since the region
 * chooses the key. An account id is a string of 12 digits; a number would have lost its leading zeros.
 */
export function readScope(
  document: JsonObject,
): Result<{ readonly account: string; readonly region: string }> {
  const { accountId: account, region } = document;
  if (typeof account !== "string" || typeof region !== "string")
    return fail(
      account === undefined || region === undefined ? "claim_missing" : "claim_type",
      "accountId or region",
    );
  if (!/^\d{12}$/.test(account)) return fail("claim_value", "accountId is not 12 digits");
  return ok({ account, region });
}

/**
 * Types every member that is used. Members that AWS adds are ignored, `null` and empty text count as absent.
 * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-identity-documents.html
 */
export function readInstanceDocument(document: JsonObject): Result<InstanceDocument> {
  const scope = readScope(document);
  if (!scope.ok) return scope;
  const { account, region } = scope.value;
  const { version, instanceId, availabilityZone, pendingTime } = document;
  if (version !== VERSION) return fail("claim_value", "version");
  if (typeof instanceId !== "string" || !/^i-[0-9a-f]{8,17}$/.test(instanceId))
    return fail("claim_value", "instanceId");
  if (typeof availabilityZone !== "string" || !isZoneOf(availabilityZone, region))
    return fail("claim_value", "availabilityZone is not in the region");
  const started = typeof pendingTime === "string" ? parseUtcTime(pendingTime) : undefined;
  if (started === undefined) return fail("claim_value", "pendingTime");

  const details: Record<string, ClaimValue> = {};
  for (const [member, claim] of STRINGS) {
    const value = document[member] ?? "";
    if (value === "") continue;
    if (typeof value !== "string") return fail("claim_type", member);
    details[claim] = value;
  }
  for (const [member, claim] of LISTS) {
    const value = document[member] ?? undefined;
    if (value === undefined) continue;
    if (!isStrings(value)) return fail("claim_type", member);
    details[claim] = value;
  }
  return ok({ account, region, instanceId, availabilityZone, pendingTime: started, details });
}

/** `us-west-2a`, local zone `us-west-2-lax-1a`, wavelength zone `us-east-1-wl1-bos-wlz-1`: the region and its part. */
function isZoneOf(zone: string, region: string): boolean {
  return zone.startsWith(region) && /^(?:[a-z]|-[a-z0-9-]{1,40})$/.test(zone.slice(region.length));
}

function isStrings(value: JsonValue): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}
