import {
  askJson,
  keptCredentials,
  malformed,
  variable,
  type CredentialDeps,
  type CredentialSource,
} from "./credentials.ts";

const HOST = "metadata.google.internal";

/**
 * Access tokens of the service account that a VM, Cloud Run or GKE gives a workload, by its metadata server.
 * `GCE_METADATA_HOST` names another host: the server's address, or this machine.
 * @see https://cloud.google.com/compute/docs/access/authenticate-workloads
 */
export function googleCredentials(deps: CredentialDeps): CredentialSource<string> {
  const host = variable(deps, "GCE_METADATA_HOST") ?? HOST;
  const url = `http://${host}/computeMetadata/v1/instance/service-accounts/default/token`;
  const service = "the Google metadata server";
  return keptCredentials(deps.platform, async () => {
    const asked = deps.platform.now();
    const { access_token: token, expires_in: seconds } = await askJson(deps, service, url, {
      headers: { "metadata-flavor": "Google" },
      plainHosts: [HOST, "169.254.169.254"],
    });
    if (typeof token !== "string" || typeof seconds !== "number") throw malformed(service);
    return { value: token, expiresAt: asked + seconds };
  });
}
