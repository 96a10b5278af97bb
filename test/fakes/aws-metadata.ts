import { signAsEc2, type Generation } from "./cms-signer.ts";
import { base64, publicKeyPem, rsaKeyPair, signPkcs1, wrap } from "./keys.ts";

/**
 * A simulated EC2: regions with keys of their own, and the instance metadata service (version 2 only, as hardened
 * machines have it) of instances in them. An issuer trusts a simulated region by `aws_iid: { regions: … }`.
 */
export interface SimulatedRegion {
  readonly name: string;
  /** PEM public keys for `regions:` of the configuration. */
  readonly rsa2048: string;
  readonly rsa1024: string;
  /** Private keys, for tests that forge. */
  readonly keys: { readonly rsa2048: CryptoKey; readonly rsa1024: CryptoKey };
  launch(instance: LaunchOptions): Promise<SimulatedInstance>;
}

export interface LaunchOptions {
  readonly account: string;
  readonly instanceId: string;
  /** Unix seconds. */
  readonly pendingTime: number;
  readonly generation?: Generation;
  /** The role of its instance profile, with what the metadata service gives out of it. */
  readonly role?: {
    readonly role: string;
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken: string;
  };
  /** Replaces or adds members of the document; undefined leaves one out. */
  readonly document?: Readonly<Record<string, unknown>>;
}

interface SimulatedInstance {
  /** The three things the metadata service serves, as it serves them. */
  readonly document: string;
  readonly signature: string;
  readonly rsa2048: string;
  /** http://169.254.169.254, whatever the host of the request. */
  readonly fetch: (request: Request) => Promise<Response>;
}

export async function simulateRegion(name: string): Promise<SimulatedRegion> {
  const [large, small] = await Promise.all([rsaKeyPair(2048), rsaKeyPair(1024)]);
  const keys = { rsa2048: large.privateKey, rsa1024: small.privateKey };
  return {
    name,
    rsa2048: await publicKeyPem(large.publicKey),
    rsa1024: await publicKeyPem(small.publicKey),
    keys,
    launch: (options) => launch(name, keys, options),
  };
}

async function launch(
  region: string,
  keys: SimulatedRegion["keys"],
  options: LaunchOptions,
): Promise<SimulatedInstance> {
  const document = documentText(region, options);
  const content = new TextEncoder().encode(document);
  // EC2 signs a few seconds after the instance is pending, once.
  const cms = await signAsEc2(keys.rsa2048, content, options.pendingTime + 3, options.generation);
  const served = {
    document,
    signature: wrap(base64(await signPkcs1(keys.rsa1024, content)), 76),
    rsa2048: wrap(base64(cms), 76),
  };
  return { ...served, fetch: metadataService(served, region, options.role) };
}

export function documentText(region: string, options: LaunchOptions): string {
  const members = {
    accountId: options.account,
    architecture: "x86_64",
    availabilityZone: `${region}a`,
    billingProducts: null,
    devpayProductCodes: null,
    marketplaceProductCodes: null,
    imageId: "ami-0123456789abcdef0",
    instanceId: options.instanceId,
    instanceType: "t3.micro",
    kernelId: null,
    pendingTime: `${new Date(options.pendingTime * 1000).toISOString().slice(0, 19)}Z`,
    privateIp: "10.0.0.17",
    ramdiskId: null,
    region,
    version: "2017-09-30",
    ...options.document,
  };
  const present = Object.entries(members).filter(([, value]) => value !== undefined);
  const lines = present.map(([name, value]) => `  "${name}" : ${JSON.stringify(value)}`);
  return `{\n${lines.join(",\n")}\n}`;
}

const TOKEN_TTL = "x-aws-ec2-metadata-token-ttl-seconds";
const TOKEN = "x-aws-ec2-metadata-token";
const IDENTITY = "/latest/dynamic/instance-identity/";

const CREDENTIALS = "/latest/meta-data/iam/security-credentials/";

function credentials(role: NonNullable<LaunchOptions["role"]>): Response {
  return Response.json({
    Code: "Success",
    LastUpdated: new Date(Date.now() - 60_000).toISOString(),
    Type: "AWS-HMAC",
    AccessKeyId: role.accessKeyId,
    SecretAccessKey: role.secretAccessKey,
    Token: role.sessionToken,
    Expiration: new Date(Date.now() + 3_600_000).toISOString(),
  });
}

function text(body: string, headers: Record<string, string> = {}): Response {
  return new Response(body, { headers: { "content-type": "text/plain", ...headers } });
}

/** @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html */
function metadataService(
  served: Readonly<Record<"document" | "signature" | "rsa2048", string>>,
  region: string,
  role: LaunchOptions["role"],
): (request: Request) => Promise<Response> {
  const tokens = new Map<string, number>();

  return async (request) => {
    const { pathname } = new URL(request.url);
    // A request that came through a proxy is somebody else's.
    if (request.headers.has("x-forwarded-for")) return new Response(null, { status: 403 });
    if (pathname === "/latest/api/token") {
      if (request.method !== "PUT") return new Response(null, { status: 405 });
      const seconds = Number(request.headers.get(TOKEN_TTL) ?? Number.NaN);
      if (!(Number.isInteger(seconds) && seconds >= 1 && seconds <= 21_600))
        return new Response(null, { status: 400 });
      const token = base64(crypto.getRandomValues(new Uint8Array(40)));
      tokens.set(token, Date.now() + seconds * 1000);
      return text(token, { [TOKEN_TTL]: String(seconds) });
    }
    if (request.method !== "GET") return new Response(null, { status: 405 });
    const expiry = tokens.get(request.headers.get(TOKEN) ?? "");
    if (expiry === undefined || expiry < Date.now()) return new Response(null, { status: 401 });
    switch (pathname) {
      case `${IDENTITY}document`:
        return text(served.document);
      case `${IDENTITY}signature`:
        return text(served.signature);
      case `${IDENTITY}rsa2048`:
        return text(served.rsa2048);
      case "/latest/meta-data/placement/region":
        return text(region);
      case CREDENTIALS:
        return role === undefined ? new Response(null, { status: 404 }) : text(role.role);
      case `${CREDENTIALS}${role?.role}`:
        return role === undefined ? new Response(null, { status: 404 }) : credentials(role);
      default:
        return new Response(null, { status: 404 });
    }
  };
}
