import { base64url, keySet, tokenKey, type TokenKey } from "./token-issuer.ts";

/** A simulated Entra tenant: the keys it publishes, and the identity endpoints of machines and app services in it. */
export interface SimulatedTenant {
  readonly id: string;
  readonly key: TokenKey;
  /** https://login.microsoftonline.com: key set and discovery document of this tenant, at any host. */
  readonly fetch: (request: Request) => Promise<Response>;
  /** The instance metadata service of a virtual machine. */
  machine(identity: ManagedIdentity): (request: Request) => Promise<Response>;
  /** The endpoint of App Service, Functions and Container Apps, behind a secret header. */
  appService(identity: ManagedIdentity, secret: string): (request: Request) => Promise<Response>;
}

interface ManagedIdentity {
  readonly clientId: string;
  readonly objectId: string;
  /** `xms_mirid`: of a system-assigned identity the resource itself. */
  readonly resourceId: string;
  /** `xms_az_rid`: the resource that uses a user-assigned identity. */
  readonly usedBy?: string;
  /** 1 unless told: decided in Entra by the application that the token is for. */
  readonly tokenVersion?: 1 | 2;
  /** The attested document of the machine it is on, in base64, for a nonce. */
  readonly attest?: (nonce: string) => Promise<string>;
}

/** @param now Unix seconds */
export async function simulateTenant(
  id: string,
  now: () => number = () => Math.floor(Date.now() / 1000),
): Promise<SimulatedTenant> {
  const key = await tokenKey("RS256", "simulated-entra-1");
  const grant = async (identity: ManagedIdentity, resource: string) => {
    const issuedAt = now();
    const token = await key.sign(claimsFor(id, identity, resource, issuedAt), { x5t: key.kid });
    return { token, issuedAt, expiresAt: issuedAt + LIFETIME_SECONDS };
  };
  return {
    id,
    key,
    fetch: async (request) => loginHost(id, key, request),
    machine: (identity) => async (request) => {
      const { pathname, searchParams } = new URL(request.url);
      if (request.headers.get("metadata") !== "true" || request.headers.has("x-forwarded-for"))
        return problem(400, "invalid_request", "Required metadata header not specified");
      if (pathname === "/metadata/instance/compute/azEnvironment")
        return new Response("AzurePublicCloud");
      if (pathname === "/metadata/attested/document" && identity.attest !== undefined)
        return Response.json({
          encoding: "pkcs7",
          signature: await identity.attest(searchParams.get("nonce") ?? ""),
        });
      // Azure's own library asks with a slash at the end.
      if (!/^\/metadata\/identity\/oauth2\/token\/?$/.test(pathname))
        return new Response(null, { status: 404 });
      if (searchParams.get("api-version") !== "2018-02-01")
        return problem(400, "invalid_request", "Required query variable 'api-version' is missing");
      const resource = searchParams.get("resource") ?? "";
      if (resource === "")
        return problem(400, "invalid_request", "Required audience parameter not specified");
      const { token, issuedAt, expiresAt } = await grant(identity, resource);
      return Response.json({
        access_token: token,
        client_id: identity.clientId,
        expires_in: String(LIFETIME_SECONDS),
        expires_on: String(expiresAt),
        ext_expires_in: String(LIFETIME_SECONDS),
        not_before: String(issuedAt),
        resource,
        token_type: "Bearer",
      });
    },
    appService: (identity, secret) => async (request) => {
      const { searchParams } = new URL(request.url);
      if (request.headers.get("x-identity-header") !== secret)
        return problem(401, "unauthorized", "X-IDENTITY-HEADER does not match");
      if (searchParams.get("api-version") !== "2019-08-01")
        return problem(400, "invalid_request", "unsupported api-version");
      const resource = searchParams.get("resource") ?? "";
      if (resource === "") return problem(400, "invalid_request", "resource is missing");
      const { token, expiresAt } = await grant(identity, resource);
      return Response.json({
        access_token: token,
        client_id: identity.clientId,
        expires_on: String(expiresAt),
        resource,
        token_type: "Bearer",
      });
    },
  };
}

/** Managed-identity tokens live for a day, and are dated five minutes back. */
const BACKDATED_SECONDS = 300;
const LIFETIME_SECONDS = 86_400;

/** @see https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference */
function claimsFor(tenant: string, identity: ManagedIdentity, resource: string, now: number) {
  const v2 = identity.tokenVersion === 2;
  const issuedAt = now - BACKDATED_SECONDS;
  return {
    // Version 2 names the application by its client id alone.
    aud: v2 ? resource.replace(/^api:\/\/([^/]+).*$/, "$1") : resource,
    iss: v2
      ? `https://login.microsoftonline.com/${tenant}/v2.0`
      : `https://sts.windows.net/${tenant}/`,
    iat: issuedAt,
    nbf: issuedAt,
    exp: now + LIFETIME_SECONDS,
    aio: random(24),
    ...(v2
      ? { azp: identity.clientId, azpacr: "2" }
      : { appid: identity.clientId, appidacr: "2", idp: `https://sts.windows.net/${tenant}/` }),
    idtyp: "app",
    oid: identity.objectId,
    rh: random(30),
    sub: identity.objectId,
    tid: tenant,
    uti: random(16),
    ver: v2 ? "2.0" : "1.0",
    xms_mirid: identity.resourceId,
    ...(identity.usedBy !== undefined && { xms_az_rid: identity.usedBy }),
  };
}

async function loginHost(tenant: string, key: TokenKey, request: Request): Promise<Response> {
  const { origin, pathname } = new URL(request.url);
  switch (pathname) {
    case `/${tenant}/discovery/v2.0/keys`:
    case `/${tenant}/discovery/keys`:
    case "/common/discovery/v2.0/keys":
    case "/common/discovery/keys":
      return Response.json(keySet(key));
    case `/${tenant}/v2.0/.well-known/openid-configuration`:
      return Response.json({
        issuer: `https://login.microsoftonline.com/${tenant}/v2.0`,
        jwks_uri: `${origin}/${tenant}/discovery/v2.0/keys`,
      });
    default:
      return new Response(null, { status: 404 });
  }
}

function problem(status: number, error: string, description: string): Response {
  return Response.json({ error, error_description: description }, { status });
}

/** Opaque to everybody but Entra. */
function random(bytes: number): string {
  return base64url(crypto.getRandomValues(new Uint8Array(bytes)));
}
