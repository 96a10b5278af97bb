import {
  askJson,
  malformed,
  variable,
  type CredentialDeps,
  type LastingCredentials,
} from "./credentials.ts";

const IMDS = "169.254.169.254";
/** Where a platform puts an endpoint beside the workload: on Linux, App Service has it at 169.254.0.0/16 or 172.16.0.0/12. */
const NEARBY = /^(?:169\.254|172\.(?:1[6-9]|2\d|3[01]))(?:\.\d{1,3}){2}$/;

/**
 * An access token of a managed identity: by the endpoint that App Service, Functions and Container Apps name in
 * variables, else by the instance metadata service.
 * @param clientId of a user-assigned identity; the system-assigned one if absent
 * @throws CredentialError
 * @see https://learn.microsoft.com/en-us/azure/app-service/overview-managed-identity#rest-endpoint-reference
 */
export async function managedIdentityToken(
  deps: CredentialDeps,
  resource: string,
  clientId: string | undefined,
): Promise<LastingCredentials<string>> {
  const endpoint = variable(deps, "IDENTITY_ENDPOINT");
  const header = variable(deps, "IDENTITY_HEADER");
  const [service, base, version, headers]: [string, string, string, Record<string, string>] =
    endpoint !== undefined && header !== undefined
      ? ["the identity endpoint", endpoint, "2019-08-01", { "x-identity-header": header }]
      : [
          "the Azure metadata service",
          `http://${IMDS}/metadata/identity/oauth2/token`,
          "2018-02-01",
          { metadata: "true" },
        ];
  const query = new URLSearchParams({
    resource,
    "api-version": version,
    ...(clientId !== undefined && { client_id: clientId }),
  });
  const url = `${base}?${query.toString()}`;
  const host = URL.canParse(url) ? new URL(url).hostname : "";
  const answer = await askJson(deps, service, url, {
    headers,
    plainHosts: NEARBY.test(host) ? [host] : [],
  });
  const { access_token: token, expires_on: end } = answer;
  const expiresAt = Number(end);
  if (typeof token !== "string" || end === undefined || !Number.isFinite(expiresAt))
    throw malformed(service);
  return { value: token, expiresAt };
}
