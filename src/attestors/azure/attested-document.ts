import type { JsonObject, JsonValue } from "../../encoding/json.ts";
import { isJsonObject, member } from "../../encoding/json.ts";
import { fail, ok, type Result } from "../../result.ts";
import type { TimeBounds } from "../times.ts";
import { isUuid } from "./resource-id.ts";

/** What an attested document says, typed. Believe it only once the bytes it was read from verified. */
export interface AttestedDocument {
  /** Lower-case UUIDs. */
  readonly subscription: string;
  readonly vmId: string;
  /** As the requester chose it, else the metadata service. */
  readonly nonce: string;
  readonly times: TimeBounds;
  /** What is there and not empty under the names that rules use: image and licence. */
  readonly details: Readonly<Record<string, string>>;
}

/** Six hours in fact; what would be good for longer than a day is not such a document. */
const MAX_LIFETIME_SECONDS = 86_400;

/**
 * Types every member that is used; members that Azure adds are ignored.
 * @returns `claim_missing` | `claim_type` | `claim_value` | `evidence_lifetime`
 * @see https://learn.microsoft.com/azure/virtual-machines/instance-metadata-service#attested-data
 */
export function readAttestedDocument(document: JsonObject): Result<AttestedDocument> {
  const { subscriptionId, vmId, nonce, timeStamp } = document;
  // Documents of before 2021 name no subscription, so that nobody can say whose machine it is.
  if (subscriptionId === undefined || vmId === undefined || nonce === undefined)
    return fail("claim_missing", "subscriptionId, vmId or nonce");
  if (typeof subscriptionId !== "string" || typeof vmId !== "string" || typeof nonce !== "string")
    return fail("claim_type", "subscriptionId, vmId or nonce");
  const subscription = subscriptionId.toLowerCase();
  const machine = vmId.toLowerCase();
  if (!isUuid(subscription)) return fail("claim_value", "subscriptionId");
  if (!isUuid(machine)) return fail("claim_value", "vmId");
  const times = readTimes(timeStamp);
  if (!times.ok) return times;
  const details = readDetails(document);
  return details.ok
    ? ok({ subscription, vmId: machine, nonce, times: times.value, details: details.value })
    : details;
}

function readTimes(stamp: JsonValue | undefined): Result<TimeBounds> {
  if (!isJsonObject(stamp)) return fail("claim_missing", "timeStamp");
  const notBefore = parseTime(stamp["createdOn"]);
  const notAfter = parseTime(stamp["expiresOn"]);
  if (notBefore === undefined || notAfter === undefined)
    return fail("claim_value", "createdOn or expiresOn");
  return notAfter <= notBefore || notAfter - notBefore > MAX_LIFETIME_SECONDS
    ? fail("evidence_lifetime")
    : ok({ notBefore, notAfter });
}

/** Exactly `MM/DD/YY hh:mm:ss -0000`, a date of the calendar of this century. @returns Unix seconds */
function parseTime(text: JsonValue | undefined): number | undefined {
  const digits =
    typeof text === "string"
      ? /^(\d\d)\/(\d\d)\/(\d\d) (\d\d):(\d\d):(\d\d) -0000$/.exec(text)
      : null;
  if (digits === null) return undefined;
  const [month = 0, day = 0, year = 0, hour = 0, minute = 0, second = 0] = digits
    .slice(1)
    .map(Number);
  const date = new Date(Date.UTC(2000 + year, month - 1, day, hour, minute, second));
  // What is out of range would roll over into another time; a day, into another month.
  const kept =
    date.getUTCMonth() === month - 1 &&
    date.getUTCHours() === hour &&
    date.getUTCMinutes() === minute &&
    date.getUTCSeconds() === second;
  return kept ? date.getTime() / 1000 : undefined;
}

const DETAILS = [
  ["sku", "sku"],
  ["licenseType", "license_type"],
] as const;
const PLAN = [
  ["publisher", "plan_publisher"],
  ["product", "plan_product"],
  ["name", "plan_name"],
] as const;

function readDetails(document: JsonObject): Result<Record<string, string>> {
  const plan = document["plan"] ?? {};
  if (!isJsonObject(plan)) return fail("claim_type", "plan");
  const details: Record<string, string> = {};
  for (const [object, names] of [
    [document, DETAILS],
    [plan, PLAN],
  ] as const) {
    for (const [name, claim] of names) {
      const value = member(object, name) ?? "";
      if (typeof value !== "string") return fail("claim_type", name);
      if (value !== "") details[claim] = value;
    }
  }
  return ok(details);
}
