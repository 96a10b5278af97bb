import { portableAttestors } from "../../../src/attestors/registry.ts";
import { ConfigError } from "../../../src/config-issue.ts";
import { federation } from "../../../src/federation/open-peers.ts";
import { webEndpoint } from "../../../src/federation/web-endpoint.ts";
import { createApp } from "../../../src/handlers/app.ts";
import { loadConfig, type Config } from "../../../src/issuer/config.ts";
import { openReloadable, type Reloadable } from "../../../src/issuer/reload.ts";
import { Kept, type Keep } from "../../../src/kept.ts";
import { webCryptoPlatform } from "../../../src/platform/webcrypto.ts";
import { readReference } from "../../../src/runtimes/references.ts";
import { allModes } from "../../../src/signer/modes.ts";
import { memoryStore } from "../../../src/stores/memory.ts";
import { FakeNetwork } from "../../fakes/network.ts";
import { keySet, tokenKey, type TokenKey } from "../../fakes/token-issuer.ts";
import { KeyRing } from "./key-ring.ts";
import { AUDIENCE, ENDPOINT, ISSUER, NOW, TRUST_DOMAIN } from "./names.ts";
import type { Workload } from "./world.ts";

export const DAY = 86_400;
export const JWKS = "https://ci.example/jwks";
export const PEER = "https://partner.example/bundle";
const openPeers = federation({ https_web: webEndpoint });

/** What instances of one trust domain share: keys, and whose evidence they believe. */
interface Fleet {
  readonly ring: KeyRing;
  readonly ci: TokenKey;
}

/** One issuer with a root in a key service, whose configuration the test replaces. */
export async function createReloading(fleet?: Fleet, first: object = {}) {
  const network = new FakeNetwork();
  const world = { now: NOW, auditBroken: false, lines: [] as string[] };
  const platform = webCryptoPlatform({ fetch: network.fetch, now: () => world.now });
  const { ring, ci } = fleet ?? {
    ring: new KeyRing(platform),
    ci: await tokenKey("ES256", "ci-1"),
  };
  network.serveJson(JWKS, keySet(ci));
  const [jwk] = keySet(ci).keys;
  network.serveJson(PEER, { keys: [{ ...jwk, use: "jwt-svid" }], spiffe_sequence: 7 });
  const read = (reference: string) => readReference(reference, ring.env);
  const entries = {
    x509: [
      await ring.entry("x509", { id: "root", publishedAt: NOW - DAY }),
      await ring.entry("x509", { id: "spare", publishedAt: NOW - DAY, activeFrom: "standby" }),
    ],
    jwt: [await ring.entry("jwt", { id: "jwt", publishedAt: NOW - DAY })],
  };
  const document = (name: string, more: object = {}) => ({
    trust_domain: TRUST_DOMAIN,
    issuer: ISSUER,
    evidence: { oidc: { ci: { issuer: "https://ci.example", jwks: JWKS, pin: "issuer" } } },
    peers: { "partner.example": { url: PEER, profile: "https_web" } },
    claims: { store: "dynamodb", table: "svidmint", region: "eu-central-1" },
    keys: entries,
    rules: [
      {
        name,
        evidence: { "oidc.ci": {} },
        spiffe_id: `/${name}/{oidc.ci.job}`,
        x509: { ttl: "20m" },
        jwt: { ttl: name === "a" ? "5m" : "10m", audiences: [AUDIENCE] },
      },
    ],
    ...more,
  });
  const load = async (text: unknown, keep: Keep): Promise<Config> => {
    const { config, issues } = await loadConfig(text, {
      platform,
      registry: portableAttestors,
      read,
      keep,
      openPeers,
    });
    if (config === undefined)
      throw new ConfigError(issues.filter(({ severity }) => severity === "error"));
    return config;
  };
  const kept = new Kept();
  let opened = 0;
  let inForce: Config | undefined;
  const reloadable: Reloadable = await openReloadable(
    await load(document("a", first), kept.keep),
    {
      platform,
      registry: portableAttestors,
      read,
      env: ring.env,
      backends: ring.backends,
      modes: allModes,
      inForce: ({ config }) => (inForce = config),
      stores: { dynamodb: async () => (opened++, memoryStore()) },
      audit: {
        write(line) {
          if (world.auditBroken) throw new Error("disk full");
          world.lines.push(line);
        },
      },
    },
    kept,
  );
  const app = createApp(reloadable.issuer, { openapi: "{}" });
  return Object.assign(world, {
    platform,
    ring,
    ci,
    network,
    document,
    entries,
    stores: () => opened,
    peer: async () => inForce?.heldPeers.find("partner.example", world.now),
    fetch: (path: string) => app.fetch(new Request(`${ISSUER}${path}`)),
    metrics: () => reloadable.issuer.metrics.render(),
    /** @param text the document, or a promise of it: then reading it takes as long */
    reload: (text: unknown) => reloadable.reload(async (keep) => load(await text, keep)),
    app,
    /** @param url where it is served, if not here */
    async ask(client: Workload, { url, wit = false }: { url?: string; wit?: boolean } = {}) {
      const claims = {
        iss: "https://ci.example",
        sub: "build",
        aud: client.bound,
        iat: world.now - 10,
        exp: world.now + 600,
        job: "deploy",
      };
      const evidence = [{ type: "oidc", token: await ci.sign(claims) }];
      const body = JSON.stringify({
        evidence,
        x509: { csr: client.csr },
        jwt: { audience: [AUDIENCE] },
        ...(wit && { wit: {} }),
      });
      const headers = { "content-type": "application/json", dpop: await client.dpop(body) };
      const request = new Request(url ?? ENDPOINT, { method: "POST", body, headers });
      return url === undefined ? app.fetch(request) : fetch(request);
    },
  });
}

export type ReloadWorld = Awaited<ReturnType<typeof createReloading>>;
