import type { Claims } from "../../attestation.ts";
import type { JsonObject, JsonValue } from "../../encoding/json.ts";
import { fail, ok, type Result } from "../../result.ts";
import { isText } from "../claim-types.ts";
import { isUuid, parseResourceId, USER_ASSIGNED, type AzureResource } from "./resource-id.ts";

/** Entra issues two forms of access token, by the registration of the audience: each has its own issuer and names. */
export type TokenVersion = "1.0" | "2.0";

/** @param tenant lower-case UUID */
export function issuerOf(tenant: string, version: TokenVersion): string {
  return version === "1.0"
    ? `https://sts.windows.net/${tenant}/`
    : `https://login.microsoftonline.com/${tenant}/v2.0`;
}

/** Claims that only a person's token has, delegated or not. */
const OF_PEOPLE = [
  "scp",
  "upn",
  "unique_name",
  "preferred_username",
  "name",
  "given_name",
  "family_name",
  "email",
  "amr",
] as const;

/**
 * What an Entra access token says of a managed identity.
 * @param tenant of the issuer that was found in configuration: the token must name it again in `tid`
 * @returns `not_a_workload` for people and for applications that hold a secret, `tenant_not_configured`, `claim_*`
 * @see https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference
 */
export function readAccessToken(
  token: JsonObject,
  tenant: string,
  version: TokenVersion,
): Result<Claims> {
  if (token["ver"] !== version) return fail("claim_value", "ver is not that of the issuer");
  if (token["tid"] !== tenant) return fail("tenant_not_configured", "tid");
  const workload = checkWorkload(token, version);
  if (!workload.ok) return workload;
  const { oid, sub, uti } = token;
  const client = token[version === "1.0" ? "appid" : "azp"];
  if (!isText(oid) || !isText(sub) || !isText(uti) || !isText(client))
    return fail("claim_missing", "oid, sub, uti or the client");
  if (!isUuid(oid) || sub !== oid || !isUuid(client))
    return fail("claim_value", "oid, sub or the client");
  const identity = readId(token["xms_mirid"]);
  if (!identity.ok) return identity;
  const resource = readResource(identity.value, token["xms_az_rid"]);
  if (!resource.ok) return resource;
  return ok({
    kind: identity.value.type === USER_ASSIGNED ? "user_assigned" : "system_assigned",
    tenant,
    principal_id: oid,
    client_id: client,
    identity: identity.value.id,
    ...(resource.value && {
      resource: resource.value.id,
      subscription: resource.value.subscription,
      resource_group: resource.value.resourceGroup,
      resource_type: resource.value.type,
      resource_name: resource.value.name,
    }),
    uti,
  });
}

/**
 * `idtyp` says it outright, where a token is not older than that claim. How the client proved itself stands in every
 * token: 2 is a certificate, which is what the platform holds for a managed identity.
 */
function checkWorkload(token: JsonObject, version: TokenVersion): Result<undefined> {
  const { idtyp } = token;
  if (idtyp !== undefined && idtyp !== "app") return fail("not_a_workload", "idtyp");
  if (OF_PEOPLE.some((name) => token[name] !== undefined))
    return fail("not_a_workload", "a person's token");
  const member = version === "1.0" ? "appidacr" : "azpacr";
  const proof = token[member];
  if (proof === undefined) return fail("claim_missing", member);
  return proof === "2" ? ok(undefined) : fail("not_a_workload", "the client holds a secret");
}

/** The machine or app behind the identity: the identity itself where the system assigned it, else `xms_az_rid`. */
function readResource(
  identity: AzureResource,
  given: JsonValue | undefined,
): Result<AzureResource | undefined> {
  if (given === undefined) return ok(identity.type === USER_ASSIGNED ? undefined : identity);
  const resource = readId(given);
  if (!resource.ok) return resource;
  if (resource.value.type === USER_ASSIGNED)
    return fail("claim_value", "xms_az_rid is an identity");
  return identity.type === USER_ASSIGNED ? resource : ok(identity);
}

function readId(value: JsonValue | undefined): Result<AzureResource> {
  if (value === undefined) return fail("not_a_workload", "no managed identity");
  return typeof value === "string" ? parseResourceId(value) : fail("claim_type", "resource id");
}
