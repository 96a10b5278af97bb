import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod/mini";
import {
  type EvidenceIssuer,
  makeEvidenceIssuer,
  TRUST_DOMAIN,
} from "../../../scripts/interop/configuration.ts";
import { makeCorporateCa } from "../../../scripts/interop/corporate-ca.ts";
import {
  type SpireAgent,
  type SpirePeer,
  startSpire,
  startSpireAgent,
} from "../../../scripts/interop/spire.ts";
import { startSvidmint, type Svidmint } from "../../../scripts/interop/svidmint.ts";
import { makeWebCertificate, startTlsFront } from "../../../scripts/interop/tls-front.ts";
import type { BundleDocument } from "./svids.ts";

export interface SpireFederation extends AsyncDisposable {
  readonly evidence: EvidenceIssuer;
  readonly issuer: Svidmint;
  readonly spire: SpirePeer;
  readonly agent: SpireAgent;
}

interface Options {
  readonly server: string;
  readonly agent: string;
  /** `keys:` of ours, and the variables that it names. */
  readonly keys?: Record<string, unknown>;
  readonly env?: Readonly<Record<string, string>>;
}

/** The path of the workload that the agent knows: whatever runs as this user. */
const SPIRE_WORKLOAD = "/orders/api";
const OURS = `spiffe://${TRUST_DOMAIN}`;

/** svidmint and SPIRE, each fetching the other's bundle by `https_web`: TLS by a CA that both trust for that. */
export async function federateByWeb(options: Options): Promise<SpireFederation> {
  const stack = new AsyncDisposableStack();
  try {
    const folder = mkdtempSync(join(tmpdir(), "federation-"));
    stack.defer(() => rmSync(folder, { recursive: true, force: true }));
    const ca = await makeCorporateCa(folder);
    const web = await makeWebCertificate(folder, ca);
    const roots = join(folder, "root.pem");
    const spire = stack.use(
      await startSpire(options.server, {
        profile: `"https_web" {
        serving_cert_file {
          cert_file_path = "${web.chain}"
          key_file_path = "${web.key}"
          file_sync_interval = "1h"
        }
      }`,
        refreshHint: "10s",
        env: { SSL_CERT_FILE: roots },
      }),
    );
    const evidence = makeEvidenceIssuer();
    const peer = { url: spire.bundleUrl, profile: "https_web", allow_private_addresses: true };
    const issuer = stack.use(
      await startSvidmint({
        evidence,
        ...(options.keys && { keys: options.keys }),
        env: { ...options.env, NODE_EXTRA_CA_CERTS: roots },
        edit: (made) => withPeer(made, spire.trustDomain, peer),
      }),
    );
    const front = stack.use(await startTlsFront(web, issuer.url));
    const profile = ["-bundleEndpointProfile", "https_web"];
    await relate(spire, `${front.url}/bundle`, profile);
    const agent = stack.use(await startSpireAgent(options.agent, spire));
    await admitWorkload(spire, agent);
    await until(async () => (await agent.command("fetch", "x509")).code === 0);
    const parts = stack.move();
    return {
      evidence,
      issuer,
      spire,
      agent,
      [Symbol.asyncDispose]: () => parts.disposeAsync(),
    };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

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

/** Our bundle as SPIRE holds it. */
export async function bundleInSpire(spire: SpirePeer): Promise<BundleDocument | undefined> {
  const words = ["bundle", "list", "-id", OURS, "-format", "spiffe"];
  const printed = await spire.command(...words).catch(() => "");
  return printed === "" ? undefined : JSON.parse(printed);
}

/** Looks until it holds. @throws when that takes longer than the refresh hints do */
export async function until(holds: () => Promise<boolean>, seconds = 40): Promise<void> {
  const end = Date.now() + seconds * 1000;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`not within ${seconds} s: ${holds.toString()}`);
    await sleep(250);
  }
}
