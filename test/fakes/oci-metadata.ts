/** What the metadata service of a simulated Oracle Cloud instance gives out, each as PEM. */
export interface OciIdentity {
  readonly instanceId: string;
  readonly certificate: string;
  readonly intermediate: string;
  /** The private key of the certificate, which is the instance's to use. */
  readonly key: string;
}

/** @see https://docs.oracle.com/en-us/iaas/Content/Compute/Tasks/gettingmetadata.htm */
export function ociMetadata(identity: OciIdentity): (request: Request) => Promise<Response> {
  const served: Readonly<Record<string, string>> = {
    "/opc/v2/instance/id": identity.instanceId,
    "/opc/v2/identity/cert.pem": identity.certificate,
    "/opc/v2/identity/intermediate.pem": identity.intermediate,
    "/opc/v2/identity/key.pem": identity.key,
  };
  return async (request) => {
    const { pathname } = new URL(request.url);
    if (request.headers.has("x-forwarded-for")) return new Response(null, { status: 403 });
    if (request.headers.get("authorization") !== "Bearer Oracle")
      return new Response(null, { status: 401 });
    const body = Object.hasOwn(served, pathname) ? served[pathname] : undefined;
    return body === undefined ? new Response(null, { status: 404 }) : new Response(body);
  };
}
