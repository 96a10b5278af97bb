import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as z from "zod/mini";
import {
  type EvidenceIssuer,
  makeEvidenceIssuer,
  TRUST_DOMAIN,
} from "../../../scripts/interop/configuration.ts";
import { makeCorporateCa } from "../../../scripts/interop/corporate-ca.ts";
import { freePort } from "../../../scripts/free-port.ts";
import {
  type SpireAgent,
  type SpirePeer,
  startSpire,
  startSpireAgent,
} from "../../../scripts/interop/spire.ts";
import { startSvidmint, type Svidmint } from "../../../scripts/interop/svidmint.ts";
import { makeWebCertificate, startTlsFront } from "../../../scripts/interop/tls-front.ts";
import { bundleInSpire, until } from "./spire-bundles.ts";
import { fetchBundle } from "./svids.ts";

export interface SpireFederation extends AsyncDisposable {
  readonly evidence: EvidenceIssuer;
  readonly issuer: Svidmint;
  readonly spire: SpirePeer;
  readonly agent: SpireAgent;
}

interface Options {
  readonly server: string;
  readonly agent: string;
  /** Of both bundle endpoints. */
  readonly profile: "https_web" | "https_spiffe";
  /** `keys:` of ours, and the variables that it names. */
  readonly keys?: Record<string, unknown>;
  readonly env?: Readonly<Record<string, string>>;
}

/** What SPIRE says of its own bundle; svidmint heeds no shorter one. */
const HINT = "10s";
/** Whom our endpoint shows itself to be. */
const ENDPOINT = "/svidmint/bundle-endpoint";
/** The path of the workload that the agent knows: whatever runs as this user. */
const SPIRE_WORKLOAD = "/orders/api";
const OURS = `spiffe://${TRUST_DOMAIN}`;

/** svidmint and SPIRE, each fetching the other's bundle. */
export async function federate(options: Options): Promise<SpireFederation> {
  await using stack = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), "federation-"));
  stack.defer(() => rmSync(folder, { recursive: true, force: true }));
  const evidence = makeEvidenceIssuer();
  const start = options.profile === "https_web" ? byWeb : bySpiffe;
  const { issuer, spire } = await start(options, folder, stack, evidence);
  const agent = stack.use(await startSpireAgent(options.agent, spire));
  await admitWorkload(spire, agent);
  await until(async () => (await agent.command("fetch", "x509")).code === 0);
  const parts = stack.move();
  return { evidence, issuer, spire, agent, [Symbol.asyncDispose]: () => parts.disposeAsync() };
}

type Start = (
  options: Options,
  folder: string,
  stack: AsyncDisposableStack,
  evidence: EvidenceIssuer,
) => Promise<Pick<SpireFederation, "issuer" | "spire">>;

/** TLS by a CA that both trust for that. */
const byWeb: Start = async ({ server, keys, env }, folder, stack, evidence) => {
  const ca = await makeCorporateCa(folder);
  const web = await makeWebCertificate(folder, ca);
  const roots = join(folder, "root.pem");
  const profile = `"https_web" {
        serving_cert_file {
          cert_file_path = "${web.chain}"
          key_file_path = "${web.key}"
          file_sync_interval = "1h"
        }
      }`;
  const trust = { SSL_CERT_FILE: roots };
  const spire = stack.use(await startSpire(server, { profile, refreshHint: HINT, env: trust }));
  const peer = { url: spire.bundleUrl, profile: "https_web", allow_private_addresses: true };
  const issuer = stack.use(
    await startSvidmint({
      evidence,
      ...(keys && { keys }),
      env: { ...env, NODE_EXTRA_CA_CERTS: roots },
      edit: (made) => withPeer(made, spire.trustDomain, peer),
    }),
  );
  const front = stack.use(await startTlsFront(web, issuer.url));
  await relate(spire, `${front.url}/bundle`, ["-bundleEndpointProfile", "https_web"]);
  return { issuer, spire };
};

/** TLS by SVIDs: each begins with a bundle of the other that its operator was handed. */
const bySpiffe: Start = async ({ server, keys, env }, folder, stack, evidence) => {
  const spire = stack.use(await startSpire(server, { refreshHint: HINT }));
  const handed = await spire.command("bundle", "show", "-format", "spiffe");
  const peer = {
    url: spire.bundleUrl,
    profile: "https_spiffe",
    endpoint_spiffe_id: `spiffe://${spire.trustDomain}/spire/server`,
    bundle: `data:application/json;base64,${Buffer.from(handed).toString("base64")}`,
    allow_private_addresses: true,
  };
  const port = await freePort();
  const issuer = stack.use(
    await startSvidmint({
      evidence,
      ...(keys && { keys }),
      env: { ...env },
      arguments: ["--bundle-endpoint", `127.0.0.1:${port}`],
      edit: (made) => withPeer(made, spire.trustDomain, peer),
    }),
  );
  const path = join(folder, "bundle.json");
  writeFileSync(path, JSON.stringify(await fetchBundle(issuer.url)));
  await relate(spire, `https://127.0.0.1:${port}/bundle`, [
    "-bundleEndpointProfile",
    "https_spiffe",
    "-endpointSpiffeID",
    `${OURS}${ENDPOINT}`,
    "-trustDomainBundleFormat",
    "spiffe",
    "-trustDomainBundlePath",
    path,
  ]);
  return { issuer, spire };
};

function withPeer(
  configuration: Record<string, unknown>,
  name: string,
  peer: object,
): Record<string, unknown> {
  const { evidence, rules } = z
    .looseObject({ evidence: z.record(z.string(), z.unknown()), rules: z.array(z.unknown()) })
    .parse(configuration);
  const partner = {
    name: "partner",
    evidence: { spiffe: { trust_domain: name, path: SPIRE_WORKLOAD } },
    spiffe_id: "/partner/orders",
    x509: { ttl: "5m" },
  };
  return {
    ...configuration,
    bundle: { refresh_hint: "60s" },
    peers: { [name]: peer },
    evidence: { ...evidence, spiffe: { trust_domains: [name] } },
    rules: [...rules, partner],
  };
}

async function relate(spire: SpirePeer, url: string, profile: readonly string[]): Promise<void> {
  const whom = ["-trustDomain", TRUST_DOMAIN, "-bundleEndpointURL", url];
  await spire.command("federation", "create", ...whom, ...profile);
  await until(async () => (await bundleInSpire(spire)) !== undefined);
}

async function admitWorkload(spire: SpirePeer, agent: SpireAgent): Promise<void> {
  const entry = ["-parentID", agent.id, "-selector", `unix:uid:${process.getuid?.() ?? 0}`];
  const id = ["-spiffeID", `spiffe://${spire.trustDomain}${SPIRE_WORKLOAD}`];
  await spire.command("entry", "create", ...entry, ...id, "-federatesWith", OURS);
}
