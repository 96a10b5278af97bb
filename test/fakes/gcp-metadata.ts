import { keySet, tokenKey, type TokenKey } from "./token-issuer.ts";

/** A simulated Google: the key set it publishes, and the metadata servers of machines and services. */
export interface SimulatedGoogle {
  readonly key: TokenKey;
  /** https://www.googleapis.com/oauth2/v3/certs, at any host. */
  readonly fetch: (request: Request) => Promise<Response>;
  /** A metadata server. Without `instance`, one of Cloud Run: its tokens have no compute claims. */
  metadata(options: GoogleMetadataOptions): (request: Request) => Promise<Response>;
}

interface GoogleMetadataOptions {
  readonly serviceAccount: { readonly email: string; readonly uniqueId: string };
  readonly instance?: {
    readonly project: string;
    readonly projectNumber: number;
    readonly zone: string;
    readonly name: string;
    readonly id: string;
    /** Unix seconds. */
    readonly createdAt: number;
  };
  readonly licenses?: readonly string[];
}

/** @param now Unix seconds */
export async function simulateGoogle(
  now: () => number = () => Math.floor(Date.now() / 1000),
): Promise<SimulatedGoogle> {
  const key = await tokenKey("RS256", "simulated-google-1");
  return {
    key,
    fetch: async (request) =>
      new URL(request.url).pathname === "/oauth2/v3/certs"
        ? Response.json(keySet(key), { headers: { "cache-control": "public, max-age=19800" } })
        : new Response(null, { status: 404 }),
    metadata: (options) => metadataServer(key, options, now),
  };
}

const FLAVOR = { "metadata-flavor": "Google", server: "Metadata Server for VM" };

function refuse(status: number, message: string): Response {
  return new Response(message, { status, headers: FLAVOR });
}

/** @see https://cloud.google.com/compute/docs/instances/verifying-instance-identity */
function metadataServer(
  key: TokenKey,
  options: GoogleMetadataOptions,
  now: () => number,
): (request: Request) => Promise<Response> {
  const { serviceAccount } = options;

  return async (request) => {
    const { pathname, searchParams } = new URL(request.url);
    if (
      request.headers.get("metadata-flavor") !== "Google" ||
      request.headers.has("x-forwarded-for")
    )
      return refuse(403, "Missing Metadata-Flavor:Google header.");
    if (request.method !== "GET") return refuse(405, "method not allowed");
    if (pathname === "/") return new Response("computeMetadata/\n", { headers: FLAVOR });
    const path = /^\/computeMetadata\/v1\/instance\/service-accounts\/([^/]+)\/identity$/.exec(
      pathname,
    );
    const account = path?.[1];
    if (account !== "default" && account !== serviceAccount.email) return refuse(404, "not found");
    const audience = searchParams.get("audience") ?? "";
    if (audience === "") return refuse(400, "non-empty audience parameter required");
    const full = searchParams.get("format") === "full";
    const licenses = full && searchParams.get("licenses")?.toUpperCase() === "TRUE";
    const token = await key.sign(claimsFor(options, audience, now(), full, licenses));
    return new Response(token, { headers: { ...FLAVOR, "content-type": "text/html" } });
  };
}

function claimsFor(
  { serviceAccount, instance, licenses }: GoogleMetadataOptions,
  audience: string,
  now: number,
  full: boolean,
  withLicenses: boolean,
) {
  const base = {
    aud: audience,
    azp: serviceAccount.uniqueId,
    exp: now + 3600,
    iat: now,
    iss: "https://accounts.google.com",
    sub: serviceAccount.uniqueId,
  };
  // Cloud Run puts the address in either format; Compute Engine only in the full one.
  if (!full && instance !== undefined) return base;
  const named = { ...base, email: serviceAccount.email, email_verified: true };
  if (instance === undefined) return named;
  const compute = {
    instance_creation_timestamp: instance.createdAt,
    instance_id: instance.id,
    instance_name: instance.name,
    project_id: instance.project,
    project_number: instance.projectNumber,
    zone: instance.zone,
    ...(withLicenses && { license_id: licenses ?? [] }),
  };
  return { ...named, google: { compute_engine: compute } };
}
