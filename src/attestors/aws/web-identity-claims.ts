import type { Claims, ClaimValue } from "../../attestation.ts";
import { isJsonObject, type JsonObject, member } from "../../encoding/json.ts";
import { fail, ok, type Result } from "../../result.ts";
import { type Arn, isPersonsRole, parseArn, ROLE_NAME } from "./arn.ts";

/** Where AWS puts all that is its own. */
const NAMESPACE = "https://sts.amazonaws.com/";
/** Before the name of a tag, among the claims. */
export const TAG_PREFIX = "principal_tag.";

/** Text that AWS states, by its own name and ours. `request_tags` is whatever the caller wrote: never read. */
const TEXTS = [
  ["source_region", "source_region"],
  ["org_id", "org_id"],
  ["source_identity", "source_identity"],
  ["federated_provider", "federated_provider"],
  ["ec2_instance_source_vpc", "ec2_vpc"],
  ["ec2_instance_source_private_ipv4", "ec2_private_ip"],
  ["ec2_role_delivery", "ec2_role_delivery"],
  ["glue_credential_issuing_service", "glue_service"],
] as const;

/**
 * What a token of `sts:GetWebIdentityToken` says of the role that asked for it, and where that runs.
 * @param account of the issuer that signed it, by configuration: token, subject and place must all be of it
 * @param tags the principal tags that rules may use
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_outbound_token_claims.html
 */
export function readWebIdentity(
  { sub, [NAMESPACE]: aws }: JsonObject,
  account: string,
  tags: readonly string[],
): Result<Claims> {
  if (!isJsonObject(aws))
    return fail(aws === undefined ? "claim_missing" : "claim_type", "namespace");
  if (aws["aws_account"] !== account) return fail("tenant_not_configured", "aws_account");
  const role = readRole(sub, account);
  if (!role.ok) return role;
  // Whoever signed in through IAM Identity Center is a person, whatever role he has taken since.
  if ((aws["identity_store_user_id"] ?? "") !== "")
    return fail("not_a_workload", "a person of IAM Identity Center");

  const claims: Record<string, ClaimValue> = { account, ...role.value };
  for (const [name, claim] of TEXTS) {
    const value = aws[name] ?? "";
    if (typeof value !== "string") return fail("claim_type", name);
    if (value !== "") claims[claim] = value;
  }
  // Documented as text, sent as a list.
  const paths: unknown = typeof aws["ou_path"] === "string" ? [aws["ou_path"]] : aws["ou_path"];
  if (!isStrings(paths ?? [])) return fail("claim_type", "ou_path");
  if (isStrings(paths) && paths.length > 0) claims["ou_path"] = paths;
  const tagged = readTags(aws["principal_tags"], tags);
  if (!tagged.ok) return tagged;
  const place = readPlace(aws, { account, partition: role.value.partition });
  return place.ok ? ok({ ...claims, ...tagged.value, ...place.value }) : place;
}

type Owner = Pick<Arn, "account" | "partition">;

/** The path of a role stays in its ARN; its name alone is unique in the account. */
function readRole(
  sub: unknown,
  account: string,
): Result<{ partition: string; role_arn: string; role_name: string }> {
  if (typeof sub !== "string")
    return fail(sub === undefined ? "claim_missing" : "claim_type", "sub");
  const arn = parseArn(sub);
  if (arn === undefined || arn.region !== "") return fail("claim_value", "sub");
  if (arn.account !== account) return fail("tenant_not_configured", "sub");
  const { partition, service, resource } = arn;
  const [, path, name = ""] = /^role\/((?:[!-.0-~]{1,512}\/)*)([^/]+)$/.exec(resource) ?? [];
  if (service !== "iam" || path === undefined) {
    const known = /^(?:root$|user\/|federated-user\/|assumed-role\/)/.test(resource);
    return known ? fail("not_a_workload", "not a role") : fail("claim_value", "sub");
  }
  if (!ROLE_NAME.test(name)) return fail("claim_value", "sub");
  if (isPersonsRole(name) || path.startsWith("aws-reserved/sso.amazonaws.com/"))
    return fail("not_a_workload", "a role of IAM Identity Center");
  return ok({ partition, role_arn: sub, role_name: name });
}

function readTags(tags: JsonObject[string], names: readonly string[]): Result<Claims> {
  const claims: Record<string, ClaimValue> = {};
  const given = tags ?? {};
  if (!isJsonObject(given)) return fail("claim_type", "principal_tags");
  for (const name of names) {
    const value = member(given, name) ?? "";
    if (typeof value !== "string") return fail("claim_type", "principal_tags");
    if (value !== "") claims[TAG_PREFIX + name] = value;
  }
  return ok(claims);
}

/** The function or the instance that the credentials were given to: of this account, and in one region. */
function readPlace(aws: JsonObject, owner: Owner): Result<Claims> {
  const lambda = readResource(aws, "lambda_source_function_arn", "lambda", owner);
  if (!lambda.ok) return lambda;
  const ec2 = readResource(aws, "ec2_source_instance_arn", "ec2", owner);
  if (!ec2.ok) return ec2;
  const claims: Record<string, ClaimValue> = {};
  if (lambda.value) {
    const pattern = /^function:([a-zA-Z0-9_-]{1,140})(?::([a-zA-Z0-9_$-]{1,128}))?$/;
    const [, name, qualifier] = pattern.exec(lambda.value.resource) ?? [];
    if (name === undefined) return fail("claim_value", "lambda_source_function_arn");
    claims["lambda_function"] = name;
    claims["lambda_function_arn"] = lambda.value.text;
    if (qualifier !== undefined) claims["lambda_qualifier"] = qualifier;
  }
  if (ec2.value) {
    const [, id] = /^instance\/(i-[0-9a-f]{8,17})$/.exec(ec2.value.resource) ?? [];
    if (id === undefined) return fail("claim_value", "ec2_source_instance_arn");
    claims["ec2_instance_id"] = id;
    claims["ec2_instance_arn"] = ec2.value.text;
  }
  const region = (lambda.value ?? ec2.value)?.region;
  if (ec2.value && ec2.value.region !== region) return fail("claim_value", "two regions");
  return ok(region === undefined ? claims : { ...claims, region });
}

/** @param name of the claim. @returns undefined where it is absent */
function readResource(
  aws: JsonObject,
  name: string,
  service: string,
  owner: Owner,
): Result<(Arn & { readonly text: string }) | undefined> {
  const text = aws[name] ?? "";
  if (text === "") return ok(undefined);
  if (typeof text !== "string") return fail("claim_type", name);
  const arn = parseArn(text);
  if (arn?.service !== service || arn.region === "") return fail("claim_value", name);
  if (arn.partition !== owner.partition) return fail("claim_value", name);
  return arn.account === owner.account ? ok({ ...arn, text }) : fail("tenant_not_configured", name);
}

function isStrings(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}
