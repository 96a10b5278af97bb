import { isJsonObject, member, type JsonObject } from "../encoding/json.ts";
import type { CredentialDeps, LastingCredentials } from "./credentials.ts";
import { unusable, type GoogleCredentialDeps } from "./google-file.ts";
import { impersonated, IMPERSONATING_SCOPE, LIFE_SECONDS } from "./google-impersonation.ts";
import { subjectToken } from "./google-subject-token.ts";
import { askToken } from "./google-token.ts";
import { impersonationUrl, stsUrl } from "./google-urls.ts";

const TOKEN_TYPE =
  /^urn:ietf:params:(?:oauth:token-type:(?:jwt|id_token|saml2)|aws:token-type:aws4_request)$/;
const AUDIENCE =
  /^\/\/iam\.googleapis\.com\/projects\/\d+\/locations\/[a-z0-9-]+\/workloadIdentityPools\/[a-z0-9-]+\/providers\/[a-z0-9-]+$/;
const MAX_LIFE_SECONDS = 43_200;

/** Workload identity federation with a token from a file, a URL or AWS; all else takes Google's own library. */
export function isServedHere({ type, credential_source: source, ...file }: JsonObject): boolean {
  if (type !== "external_account" || !isJsonObject(source)) return false;
  // Workforce pools: people's identities.
  if ("client_id" in file || "workforce_pool_user_project" in file) return false;
  return ["file", "url", "environment_id"].some((name) => member(source, name) !== undefined);
}

/**
 * A token for an identity that another cloud or provider vouches for, or for the service account that it impersonates.
 * @see https://google.aip.dev/auth/4117
 */
export function fromExternalAccount(
  deps: GoogleCredentialDeps,
  file: JsonObject,
  scope: string,
): Promise<LastingCredentials<string>> {
  return exchanged(deps, file, scope, (audience) => subjectToken(deps, file, audience));
}

/** @param subject by what the other side vouches; asked once the rest of the file was found usable */
export async function exchanged(
  deps: Pick<CredentialDeps, "platform">,
  file: JsonObject,
  scope: string,
  subject: (audience: string) => Promise<string>,
): Promise<LastingCredentials<string>> {
  const { audience, subject_token_type: type } = file;
  const url = stsUrl(file);
  const account = impersonationUrl(file);
  const lifetime = lifetimeIn(file);
  if (typeof audience !== "string" || !AUDIENCE.test(audience))
    throw unusable("audience is not that of a workload identity pool");
  if (typeof type !== "string" || !TOKEN_TYPE.test(type))
    throw unusable("subject_token_type is none that a pool takes");
  const token = await askToken(deps, "Google's token exchange", url, {
    grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
    audience,
    scope: account === undefined ? scope : IMPERSONATING_SCOPE,
    requested_token_type: "urn:ietf:params:oauth:token-type:access_token",
    subject_token: await subject(audience),
    subject_token_type: type,
  });
  if (account === undefined) return token;
  return impersonated(deps, account, token.value, { scope: [scope], lifetime: `${lifetime}s` });
}

function lifetimeIn({ service_account_impersonation: more }: JsonObject): number {
  const seconds = isJsonObject(more) ? more["token_lifetime_seconds"] : undefined;
  if (seconds === undefined) return LIFE_SECONDS;
  if (Number.isInteger(seconds) && Number(seconds) >= 600 && Number(seconds) <= MAX_LIFE_SECONDS)
    return Number(seconds);
  throw unusable("token_lifetime_seconds is not between 600 and 43200");
}
