import type { FactorInfo } from "../../../src/attestation.ts";
import { portableAttestors } from "../../../src/attestors/registry.ts";
import type { Attestor, AttestorDefinition } from "../../../src/attestors/attestor.ts";
import { encodeBase64url } from "../../../src/encoding/base64.ts";
import type { Bundle } from "../../../src/encoding/bundle.ts";
import { utf8Encode } from "../../../src/encoding/bytes.ts";
import { jwkOf } from "../../../src/encoding/public-key.ts";
import { createApp } from "../../../src/handlers/app.ts";
import { HeldBundles } from "../../../src/issuer/bundles.ts";
import { publicDocuments } from "../../../src/issuer/documents.ts";
import { createIssuer, type Issuer } from "../../../src/issuer/issuer.ts";
import { createMetrics } from "../../../src/issuer/metrics.ts";
import type { Snapshot } from "../../../src/issuer/snapshot.ts";
import type { Platform, PrivateKey } from "../../../src/platform/platform.ts";
import { thumbprint } from "../../../src/platform/thumbprint.ts";
import { webCryptoPlatform } from "../../../src/platform/webcrypto.ts";
import { compilePolicy } from "../../../src/policy/compile.ts";
import { memoryStore } from "../../../src/stores/memory.ts";
import type { ClaimStore } from "../../../src/stores/claim-store.ts";
import { simulateRegion, type SimulatedRegion } from "../../fakes/aws-metadata.ts";
import { simulateTenant, type SimulatedTenant } from "../../fakes/azure-metadata.ts";
import { csrPem } from "../../fakes/csr.ts";
import { factsOf, publishedPeers } from "../../fakes/peers.ts";
import { fakeKeySet, type FakeKeySet } from "../../fakes/key-set.ts";
import { FakeNetwork } from "../../fakes/network.ts";
import {
  dataUrl,
  keySetUrl,
  readDataUrl,
  tokenKey,
  type TokenKey,
} from "../../fakes/token-issuer.ts";
import { ACCOUNT, ENDPOINT, ISSUER, NOW, RULES, TENANT, TRUST_DOMAIN } from "./names.ts";

export { ACCOUNT, AUDIENCE, ENDPOINT, ISSUER, NOW, TENANT } from "./names.ts";

/** One trust domain with all four kinds of evidence, in a world whose clock and network belong to the test. */
export interface World {
  readonly platform: Platform;
  readonly network: FakeNetwork;
  readonly keys: FakeKeySet;
  readonly region: SimulatedRegion;
  readonly tenant: SimulatedTenant;
  /** Keys of the issuers `ci` (bound to a key) and `cron` (audience only). */
  readonly ci: TokenKey;
  readonly cron: TokenKey;
  readonly issuer: Issuer;
  readonly snapshot: Snapshot;
  /** Audit lines, parsed, and as they stood. */
  readonly audit: {
    readonly lines: string[];
    events(): Record<string, unknown>[];
    broken: boolean;
  };
  now: number;
  post(body: unknown, headers?: Record<string, string>): Promise<Response>;
  fetch(request: Request): Response | Promise<Response>;
}

export interface WorldOptions {
  readonly store?: ClaimStore | "none";
  readonly rules?: readonly object[];
  readonly deny?: readonly object[];
  /** WebCrypto unless told. */
  readonly platform?: typeof webCryptoPlatform;
  /** More entries under `oidc`. */
  readonly oidc?: Readonly<Record<string, object>>;
  /** Evidence types; those that run anywhere unless told. */
  readonly registry?: readonly AttestorDefinition[];
  /** Sections of `evidence:` beside the simulated ones. */
  readonly more?: Readonly<Record<string, unknown>>;
  /** Sections of `evidence:` in place of the simulated ones. */
  readonly evidence?: Readonly<Record<string, unknown>>;
  /** Bundles of other trust domains, by name. */
  readonly peers?: ReadonlyMap<string, Bundle | undefined>;
  /** Unix seconds at which the world begins. */
  readonly now?: number;
}

export async function createWorld(options: WorldOptions = {}): Promise<World> {
  const network = new FakeNetwork();
  const { rules = RULES, deny = [], now = NOW } = options;
  const world = { now };
  const platform = (options.platform ?? webCryptoPlatform)({
    fetch: network.fetch,
    now: () => world.now,
  });
  const [region, tenant, ci, cron, keys] = await Promise.all([
    simulateRegion("xx-test-1"),
    simulateTenant(TENANT, () => world.now),
    tokenKey("RS256", "ci-1"),
    tokenKey("ES256", "cron-1"),
    fakeKeySet(platform, TRUST_DOMAIN),
  ]);
  const sections: Readonly<Record<string, unknown>> = options.evidence ?? {
    aws_iid: {
      accounts: [ACCOUNT],
      regions: { "xx-test-1": { partition: "aws", rsa2048: dataUrl(region.rsa2048) } },
    },
    azure_msi: { tenants: [TENANT], audience: "api://svidmint", jwks: keySetUrl(tenant.key) },
    oidc: {
      ci: { issuer: "https://ci.example", jwks: keySetUrl(ci), pin: "issuer" },
      cron: { issuer: "https://cron.example", jwks: keySetUrl(cron), pin: "issuer" },
      ...options.oidc,
    },
    ...options.more,
  };
  const peers = publishedPeers(options.peers, TRUST_DOMAIN, platform);
  const bundles = new HeldBundles(TRUST_DOMAIN, peers);
  bundles.bindOwn(keys);
  const attestors = new Map<string, Attestor>();
  const factors: FactorInfo[] = [];
  for (const definition of options.registry ?? portableAttestors) {
    const section = sections[definition.type];
    if (section === undefined) continue;
    const config = definition.config().parse(section);
    factors.push(...definition.factors(config));
    const report = ({ message, severity }: { message: string; severity: string }): void => {
      if (severity === "error") throw new Error(message);
    };
    attestors.set(
      definition.type,
      await definition.create(config, {
        platform,
        trustDomain: TRUST_DOMAIN,
        issuer: ISSUER,
        bundles,
        read: readDataUrl,
        report,
      }),
    );
  }
  const store = options.store === "none" ? undefined : (options.store ?? memoryStore());
  const { policy, issues } = compilePolicy({ rules, deny }, factors, {
    trustDomain: TRUST_DOMAIN,
    issuer: ISSUER,
    claimStore: true,
    peers: factsOf(options.peers),
  });
  if (policy === undefined) throw new Error(JSON.stringify(issues));
  const snapshot: Snapshot = {
    platform,
    trustDomain: TRUST_DOMAIN,
    issuer: ISSUER,
    endpoint: ENDPOINT,
    attestors,
    policy,
    keys,
    peers,
    documents: publicDocuments(platform, ISSUER, keys),
    ...(store && { store }),
  };
  const audit = {
    lines: [] as string[],
    broken: false,
    events: (): Record<string, unknown>[] => audit.lines.map((line) => JSON.parse(line)),
  };
  const issuer = createIssuer(() => snapshot, {
    metrics: createMetrics(),
    audit: {
      write(line) {
        if (audit.broken) throw new Error("disk full");
        audit.lines.push(line);
      },
    },
  });
  const app = createApp(issuer, { openapi: "{}" });
  return Object.assign(world, {
    platform,
    network,
    keys,
    region,
    tenant,
    ci,
    cron,
    issuer,
    snapshot,
    audit,
    fetch: (request: Request) => app.fetch(request),
    post: async (body: unknown, headers: Record<string, string> = {}) =>
      app.fetch(
        new Request(ENDPOINT, {
          method: "POST",
          body: typeof body === "string" ? body : JSON.stringify(body),
          headers: { "content-type": "application/json", ...headers },
        }),
      ),
  });
}

/** A workload's key, with what it proves itself by. */
export interface Workload {
  readonly key: PrivateKey;
  readonly jkt: string;
  /** Audience that binds evidence to this key. */
  readonly bound: string;
  readonly csr: string;
  /** A DPoP proof for exactly this body. */
  dpop(body: string, claims?: object, header?: object): Promise<string>;
}

export async function workload(world: Pick<World, "platform" | "now">): Promise<Workload> {
  const { platform } = world;
  const key = await platform.generateKey("P-256");
  const jkt = await thumbprint(platform, key.publicKey.info);
  return {
    key,
    jkt,
    bound: `${ISSUER}/jkt/${jkt}`,
    csr: await csrPem(platform, key),
    async dpop(body, claims, header) {
      const hash = encodeBase64url(await platform.digest("SHA-256", utf8Encode(body)));
      const jti = encodeBase64url(platform.random(12));
      const head = { typ: "dpop+jwt", alg: "ES256", jwk: jwkOf(key.publicKey.info), ...header };
      const payload = {
        htm: "POST",
        htu: ENDPOINT,
        iat: world.now,
        jti,
        body_sha256: hash,
        ...claims,
      };
      const input = [head, payload]
        .map((part) => encodeBase64url(utf8Encode(JSON.stringify(part))))
        .join(".");
      return `${input}.${encodeBase64url(await platform.sign({ name: "ECDSA", hash: "SHA-256" }, key, utf8Encode(input)))}`;
    },
  };
}

export async function ciToken(
  world: World,
  audience: string,
  claims: object = {},
): Promise<{ type: "oidc"; token: string }> {
  return {
    type: "oidc",
    token: await world.ci.sign({
      iss: "https://ci.example",
      sub: "build",
      aud: audience,
      iat: world.now - 10,
      exp: world.now + 600,
      job: "deploy",
      ...claims,
    }),
  };
}

export async function cronToken(
  world: World,
  audience: string = ISSUER,
  claims: object = {},
): Promise<{ type: "oidc"; token: string }> {
  return {
    type: "oidc",
    token: await world.cron.sign({
      iss: "https://cron.example",
      sub: "cron",
      aud: audience,
      iat: world.now - 10,
      exp: world.now + 600,
      job: "nightly",
      ...claims,
    }),
  };
}

export async function bootedVm(
  world: World,
  instanceId = "i-0123456789abcdef0",
  pendingTime = world.now - 60,
): Promise<{ type: "aws_iid"; rsa2048: string }> {
  const { rsa2048 } = await world.region.launch({ account: ACCOUNT, instanceId, pendingTime });
  return { type: "aws_iid", rsa2048 };
}

export async function msiToken(world: World): Promise<{ type: "azure_msi"; token: string }> {
  const machine = world.tenant.machine({
    clientId: "11110000-0000-4000-8000-000000000001",
    objectId: "22220000-0000-4000-8000-000000000002",
    resourceId:
      "/subscriptions/33330000-0000-4000-8000-000000000003/resourcegroups/rg/providers/Microsoft.Compute/virtualMachines/web",
  });
  const answer = await machine(
    new Request(
      "http://169.254.169.254/metadata/identity/oauth2/token?resource=api://svidmint&api-version=2018-02-01",
      { headers: { metadata: "true" } },
    ),
  );
  const { access_token: token } = (await answer.json()) as { access_token: string };
  return { type: "azure_msi", token };
}

/** The stable code of a refusal; fails where the answer is none. */
export async function codeOf(answer: Response): Promise<string> {
  if (answer.headers.get("content-type") !== "application/problem+json")
    return `${answer.status} ${await answer.text()}`;
  return ((await answer.json()) as { code: string }).code;
}
