import type { Claims } from "../../attestation.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../encoding/json.ts";
import { fail, ok, type Result } from "../../result.ts";
import { isText, isTexts } from "../claim-types.ts";

export interface ConfidentialBelieved {
  readonly projects: ReadonlySet<string>;
  readonly serviceAccounts: ReadonlySet<string>;
  /** Undefined: an image of any age, those that Google no longer supports included. */
  readonly support: string | undefined;
  readonly debug: boolean;
}

/** Memory that the host cannot read. Shielded VMs, whose tokens come from the same issuer and keys, have none. */
const HARDWARE = /^GCP_(?:AMD_SEV(?:_ES|_SNP)?|INTEL_TDX)$/;
const DIGEST = /^sha256:[0-9a-f]{64}$/;

/**
 * What a Confidential Space token says of its workload. In debug images whoever operates the machine is root on it.
 * @returns `debug_mode`, `not_a_workload` for what runs no Confidential Space, `tenant_not_configured`, `claim_*`
 * @see https://cloud.google.com/confidential-computing/confidential-space/docs/reference/token-claims
 */
export function readConfidentialToken(
  token: JsonObject,
  believed: ConfidentialBelieved,
): Result<Claims> {
  const { swname, hwmodel, dbgstat, secboot, submods, google_service_accounts: accounts } = token;
  if (swname !== "CONFIDENTIAL_SPACE") return fail("not_a_workload", "swname");
  if (!isText(hwmodel) || !HARDWARE.test(hwmodel)) return fail("not_a_workload", "hwmodel");
  if (secboot !== true) return fail("claim_value", "secboot");
  const kind = KINDS.get(dbgstat);
  if (kind === undefined) return fail("claim_value", "dbgstat");
  if (kind === "debug" && !believed.debug) return fail("debug_mode");
  if (!isJsonObject(submods)) return fail("claim_missing", "submods");
  const { gce, container, confidential_space: space = {} } = submods;
  const instance = readInstance(gce);
  if (!instance.ok) return instance;
  if (accounts !== undefined && !isTexts(accounts))
    return fail("claim_type", "google_service_accounts");
  const [account, more] = accounts ?? [];
  // A pin is one text: of several accounts none says whose the workload is.
  const only = more === undefined ? account : undefined;
  const pinned =
    believed.projects.has(instance.value.project_id) ||
    (only !== undefined && believed.serviceAccounts.has(only));
  if (!pinned) return fail("tenant_not_configured");
  const support = isJsonObject(space) ? (space["support_attributes"] ?? []) : undefined;
  if (!isTexts(support)) return fail("claim_type", "support_attributes");
  if (
    kind === "production" &&
    believed.support !== undefined &&
    !support.includes(believed.support)
  )
    return fail("claim_value", `support_attributes lack ${believed.support}`);
  const image = readContainer(container);
  if (!image.ok) return image;
  return ok({
    kind,
    hwmodel,
    ...versionOf(token["swversion"]),
    ...(support.length > 0 && { support_attributes: support }),
    ...instance.value,
    ...(accounts !== undefined && accounts.length > 0 && { service_accounts: accounts }),
    ...(only !== undefined && { service_account: only }),
    ...image.value,
  });
}

const KINDS: ReadonlyMap<JsonValue | undefined, "production" | "debug"> = new Map([
  ["disabled-since-boot", "production"],
  ["enabled", "debug"],
] as const);

/** A list of one, as Google writes it. */
function versionOf(value: JsonValue | undefined): Claims {
  const [version, more] = isTexts(value) ? value : [];
  return version === undefined || more !== undefined ? {} : { swversion: version };
}

function readInstance(gce: JsonValue | undefined) {
  if (!isJsonObject(gce)) return fail("claim_missing", "gce");
  const { project_id, project_number, zone, instance_id, instance_name } = gce;
  if (
    !isText(project_id) ||
    !isText(project_number) ||
    !isText(zone) ||
    !isText(instance_id) ||
    !isText(instance_name)
  )
    return fail("claim_missing", "a part of gce");
  return ok({ project_id, project_number, zone, instance_id, instance_name });
}

/**
 * The digest is of what runs; a reference is a name that moved or may move. Values of the environment are not claims:
 * they may be secrets.
 */
function readContainer(container: JsonValue | undefined): Result<Claims> {
  if (!isJsonObject(container)) return fail("claim_missing", "container");
  const { image_digest, image_reference, restart_policy, image_signatures: signatures } = container;
  const { env_override: env = {}, cmd_override: cmd = [] } = container;
  if (!isText(image_digest) || !DIGEST.test(image_digest))
    return fail("claim_value", "image_digest");
  if (!isText(image_reference) || !isText(restart_policy))
    return fail("claim_missing", "image_reference or restart_policy");
  if (!isJsonObject(env)) return fail("claim_type", "env_override");
  if (!Array.isArray(cmd)) return fail("claim_type", "cmd_override");
  const keys = readSignatures(signatures);
  if (keys === undefined) return fail("claim_type", "image_signatures");
  const names = Object.keys(env);
  return ok({
    image_digest,
    image_reference,
    restart_policy,
    env_overridden: names.length > 0,
    cmd_overridden: cmd.length > 0,
    ...(keys.length > 0 && { image_signature_keys: keys }),
  });
}

/** Ids of the keys whose signatures of the image Google checked. */
function readSignatures(signatures: JsonValue = []): readonly string[] | undefined {
  if (!Array.isArray(signatures)) return undefined;
  const keys = signatures.map((one: JsonValue) => (isJsonObject(one) ? one["key_id"] : undefined));
  return isTexts(keys) ? [...new Set(keys)] : undefined;
}
