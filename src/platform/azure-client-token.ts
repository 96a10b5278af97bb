import {
  askJson,
  CredentialError,
  malformed,
  variable,
  type CredentialDeps,
  type LastingCredentials,
} from "./credentials.ts";

const SERVICE = "Entra";
const AUTHORITY = "https://login.microsoftonline.com";
const ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/** By what an application shows that it is itself. */
export type ClientProof = { readonly secret: string } | { readonly assertion: string };

/**
 * An access token of an application or of a federated managed identity, by the client credentials grant. The authority
 * is `AZURE_AUTHORITY_HOST`, which AKS sets; the one of the public cloud if it is not set.
 * @throws CredentialError
 * @see https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-client-creds-grant-flow
 */
export async function clientToken(
  deps: CredentialDeps,
  scope: string,
  client: { readonly id: string; readonly tenant: string },
  proof: ClientProof,
): Promise<LastingCredentials<string>> {
  // A domain name or a GUID: nothing that leads elsewhere.
  if (!/^[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*$/.test(client.tenant))
    throw new CredentialError("AZURE_TENANT_ID is no tenant", false);
  const authority = (variable(deps, "AZURE_AUTHORITY_HOST") ?? AUTHORITY).replace(/\/+$/, "");
  const form = new URLSearchParams({
    grant_type: "client_credentials",
    client_id: client.id,
    scope,
    ...("secret" in proof
      ? { client_secret: proof.secret }
      : { client_assertion_type: ASSERTION_TYPE, client_assertion: proof.assertion }),
  });
  const asked = deps.platform.now();
  const url = `${authority}/${client.tenant}/oauth2/v2.0/token`;
  const { access_token: token, expires_in: seconds } = await askJson(deps, SERVICE, url, {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: form.toString(),
  });
  if (typeof token !== "string" || typeof seconds !== "number") throw malformed(SERVICE);
  return { value: token, expiresAt: asked + seconds };
}
