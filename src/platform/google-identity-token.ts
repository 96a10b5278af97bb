import { askText, variable, type CredentialDeps } from "./credentials.ts";

const HOST = "metadata.google.internal";

/**
 * A JWT of the service account that a VM, Cloud Run or GKE gives a workload, for one audience.
 * @throws CredentialError
 * @see https://cloud.google.com/compute/docs/instances/verifying-instance-identity
 */
export async function googleIdentityToken(deps: CredentialDeps, audience: string): Promise<string> {
  const host = variable(deps, "GCE_METADATA_HOST") ?? HOST;
  const query = new URLSearchParams({ audience, format: "full" });
  const path = "computeMetadata/v1/instance/service-accounts/default/identity";
  const url = `http://${host}/${path}?${query.toString()}`;
  const token = await askText(deps, "the Google metadata server", url, {
    headers: { "metadata-flavor": "Google" },
    plainHosts: [HOST, "169.254.169.254"],
  });
  return token.trim();
}
