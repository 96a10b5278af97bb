import type { Claims } from "../../attestation.ts";
import {
  isJsonObject,
  type JsonObject,
  type JsonValue,
  parseJsonObject,
} from "../../encoding/json.ts";
import { fail, ok, type Result } from "../../result.ts";
import { isPersonsRole, parseArn, ROLE_NAME } from "./arn.ts";

/** Who STS says that signed, in its own words. */
export interface Caller {
  readonly account: string;
  readonly arn: string;
  readonly userId: string;
}

/**
 * Reads the answer of GetCallerIdentity: one result of three texts, and nothing beside it. What is not exactly that is
 * no answer at all: an echo of somebody's request once passed for one (CVE-2020-16250).
 */
export function readAnswer(bytes: Uint8Array): Caller | undefined {
  const document = parseJsonObject(bytes);
  if (!document.ok) return undefined;
  const response = exactly(document.value, ["GetCallerIdentityResponse"])?.[0];
  const parts = exactly(response, ["GetCallerIdentityResult", "ResponseMetadata"]);
  const values = exactly(parts?.[0], ["Account", "Arn", "UserId"]);
  const [account, arn, userId] = values ?? [];
  if (typeof account !== "string" || typeof arn !== "string" || typeof userId !== "string")
    return undefined;
  return { account, arn, userId };
}

/** The code of an answer that is a refusal (`SignatureDoesNotMatch`, `ExpiredToken`), for the operator's eyes. */
export function readErrorCode(bytes: Uint8Array): string | undefined {
  const document = parseJsonObject(bytes);
  const error = document.ok ? document.value["Error"] : undefined;
  const code = isJsonObject(error) ? error["Code"] : undefined;
  return typeof code === "string" && /^[A-Za-z]{1,64}$/.test(code) ? code : undefined;
}

/** The values of just these members; undefined where there are others, or fewer. */
function exactly(
  value: JsonValue | undefined,
  names: readonly string[],
): readonly (JsonValue | undefined)[] | undefined {
  if (!isJsonObject(value)) return undefined;
  const own: JsonObject = value;
  const fits = Object.keys(own).length === names.length;
  return fits && names.every((name) => Object.hasOwn(own, name))
    ? names.map((name) => own[name])
    : undefined;
}

/**
 * Only a role's session is a workload's. STS leaves out the role's path, and the session's name is whatever the one
 * who began the session called it: role and session are therefore two claims, and never one text.
 * @param partition of the endpoint that answered
 * @returns `not_a_workload` for users, root, federated users and roles of people; `claim_value`
 */
export function readCaller({ account, arn, userId }: Caller, partition: string): Result<Claims> {
  const parsed = parseArn(arn);
  if (parsed === undefined || parsed.region !== "" || parsed.partition !== partition)
    return fail("claim_value", "Arn");
  if (parsed.account !== account) return fail("claim_value", "Account is not that of Arn");
  const { service, resource } = parsed;
  if (/^(?:root$|user\/|federated-user\/)/.test(resource))
    return fail("not_a_workload", "not a role");
  const [kind, role = "", session = "", ...rest] = resource.split("/");
  if (service !== "sts" || kind !== "assumed-role" || rest.length > 0)
    return fail("claim_value", "Arn");
  if (!ROLE_NAME.test(role) || !ROLE_NAME.test(session)) return fail("claim_value", "Arn");
  if (isPersonsRole(role)) return fail("not_a_workload", "a role of IAM Identity Center");
  const [id = ""] = userId.split(":");
  if (!/^AROA[A-Z0-9]{1,124}$/.test(id) || userId !== `${id}:${session}`)
    return fail("claim_value", "UserId");
  return ok({ account, partition, role_name: role, role_id: id, session_name: session });
}
