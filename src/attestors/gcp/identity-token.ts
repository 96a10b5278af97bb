import type { Claims } from "../../attestation.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../encoding/json.ts";
import { fail, ok, type Result } from "../../result.ts";
import { isText, isTexts } from "../claim-types.ts";

export interface Believed {
  readonly projects: ReadonlySet<string>;
  readonly serviceAccounts: ReadonlySet<string>;
}

/**
 * What a Google identity token says of a machine identity. A token with compute claims is an instance's and is
 * judged by its project alone; one without them is believed only if its very account is listed.
 * @param token claims of a token whose issuer is Google; people's tokens come from the same issuer and keys
 * @returns `not_a_workload` for people and for OAuth clients, `tenant_not_configured`, `claim_*`
 */
export function readIdentityToken(token: JsonObject, believed: Believed): Result<Claims> {
  const { sub, azp, email, email_verified: verified } = token;
  if (typeof sub !== "string" || typeof azp !== "string" || typeof email !== "string")
    return fail(
      sub === undefined || azp === undefined || email === undefined
        ? "claim_missing"
        : "claim_type",
      "sub, azp or email",
    );
  // "true", 1 and the like are not a verified address (CVE-2026-55076).
  if (verified !== true) return fail("claim_value", "email_verified");
  if (!email.endsWith(".gserviceaccount.com") || azp !== sub || !/^[0-9]{6,32}$/.test(sub))
    return fail("not_a_workload", "not a service account's token");
  const google = token["google"];
  if (google === undefined || (isJsonObject(google) && google["compute_engine"] === undefined)) {
    return believed.serviceAccounts.has(sub)
      ? ok({ kind: "service_account", sub, email })
      : fail("tenant_not_configured");
  }
  if (!isJsonObject(google)) return fail("claim_type", "google");
  const instance = readInstance(google["compute_engine"]);
  if (!instance.ok) return instance;
  return believed.projects.has(instance.value.project_id)
    ? ok({ kind: "instance", sub, email, ...instance.value })
    : fail("tenant_not_configured");
}

/** All of the documented members, or none of it is believed. Numbers that name something become text. */
function readInstance(compute: JsonValue | undefined) {
  if (!isJsonObject(compute)) return fail("claim_type", "compute_engine");
  const {
    project_id,
    project_number: number,
    zone,
    instance_id,
    instance_name,
    instance_creation_timestamp: created,
    license_id,
  } = compute;
  if (!isText(project_id) || !isText(zone) || !isText(instance_id) || !isText(instance_name))
    return fail("claim_missing", "a part of compute_engine");
  if (!isCount(number) || !isCount(created))
    return fail("claim_type", "project_number or instance_creation_timestamp");
  if (license_id !== undefined && !isTexts(license_id)) return fail("claim_type", "license_id");
  return ok({
    project_id,
    project_number: String(number),
    zone,
    instance_id,
    instance_name,
    instance_created: created,
    ...(license_id !== undefined && { license_id }),
  });
}

function isCount(value: JsonValue | undefined): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
