import { isJsonObject, parseJsonObject, type JsonObject } from "../encoding/json.ts";
import {
  askJson,
  keptCredentials,
  malformed,
  variable,
  type CredentialSource,
  type LastingCredentials,
} from "./credentials.ts";
import { fromExternalAccount, isServedHere } from "./google-external-account.ts";
import { readNamed, unusable, VARIABLE, type GoogleCredentialDeps } from "./google-file.ts";
import { impersonated, IMPERSONATING_SCOPE } from "./google-impersonation.ts";
import { fromServiceAccount } from "./google-service-account.ts";
import { tokenIn } from "./google-token.ts";
import { checkGoogleUrls, checkUniverse, impersonationUrl } from "./google-urls.ts";

const HOST = "metadata.google.internal";
const ALL_APIS = "https://www.googleapis.com/auth/cloud-platform";

/**
 * Google access tokens: of the credentials that the variable `GOOGLE_APPLICATION_CREDENTIALS` names, a file's path or
 * the JSON itself; without it those of the service account that a VM, Cloud Run or GKE gives a workload.
 * @param scope what the token is for, where the credentials leave that open
 * @see https://cloud.google.com/docs/authentication/application-default-credentials
 */
export function googleCredentials(
  deps: GoogleCredentialDeps,
  scope = ALL_APIS,
): CredentialSource<string> {
  return keptCredentials(deps.platform, async () => {
    const named = variable(deps, VARIABLE);
    if (named === undefined) return fromMetadata(deps);
    return tokenFor(deps, await credentialFile(deps, named), scope);
  });
}

async function tokenFor(
  deps: GoogleCredentialDeps,
  file: JsonObject,
  scope: string,
): Promise<LastingCredentials<string>> {
  checkUniverse(file);
  const { type, source_credentials: source, delegates } = file;
  if (type === "service_account") return fromServiceAccount(deps, file, scope);
  if (isServedHere(file)) return fromExternalAccount(deps, file, scope);
  if (type === "impersonated_service_account" && isJsonObject(source)) {
    const account = impersonationUrl(file);
    if (account === undefined) throw unusable("names no account to impersonate");
    const { value } = await tokenFor(deps, source, IMPERSONATING_SCOPE);
    const more = delegates === undefined ? {} : { delegates };
    return impersonated(deps, account, value, { scope: [scope], ...more });
  }
  checkGoogleUrls(file);
  const { google } = deps.libraries ?? {};
  if (google !== undefined) return google(file, scope, deps);
  throw unusable("credentials of this type are served on Node alone");
}

async function credentialFile(deps: GoogleCredentialDeps, named: string): Promise<JsonObject> {
  const text = named.trimStart().startsWith("{") ? named : await readNamed(deps, named);
  const parsed = parseJsonObject(text);
  if (parsed.ok) return parsed.value;
  throw unusable("neither a file nor an object in JSON");
}

/**
 * `GCE_METADATA_HOST` names another host: the server's address, or this machine.
 * @see https://cloud.google.com/compute/docs/access/authenticate-workloads
 */
async function fromMetadata(deps: GoogleCredentialDeps): Promise<LastingCredentials<string>> {
  const host = variable(deps, "GCE_METADATA_HOST") ?? HOST;
  const url = `http://${host}/computeMetadata/v1/instance/service-accounts/default/token`;
  const service = "the Google metadata server";
  const asked = deps.platform.now();
  const answer = await askJson(deps, service, url, {
    headers: { "metadata-flavor": "Google" },
    plainHosts: [HOST, "169.254.169.254"],
  });
  const token = tokenIn(answer, asked);
  if (token === undefined) throw malformed(service);
  return token;
}
