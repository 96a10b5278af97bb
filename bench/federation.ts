import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { EvidenceIssuer } from "../scripts/interop/configuration.ts";
import { startSvidmint, type Svidmint } from "../scripts/interop/svidmint.ts";
import { tokenKey } from "../test/fakes/token-issuer.ts";
import { listen } from "../test/fakes/node/listen.ts";
import { kmsWorld } from "./kms/keys.ts";
import { type Latencies, SERVER_CORE, withRaw } from "./measure.ts";
import { cpuSeconds, median } from "./process-cpu.ts";
import type { Figure } from "./report.ts";

const DOCUMENTS = ["/bundle", "/.well-known/openid-configuration", "/.well-known/jwks.json"];
const WARMUP = 2_000;
const REQUESTS = 8_000;
const INSTANCES = 4;
const PEERS = 1_000;
const PATIENCE_MS = 60_000;

interface FederationBench {
  readonly evidence: EvidenceIssuer;
  readonly rounds: number;
  readonly progress: (text: string) => void;
}

/** The published documents while a key service is gone, and what peers cost. */
export async function federationFigures(options: FederationBench): Promise<Figure[]> {
  const { progress } = options;
  progress("documents");
  const documents = await documentFigures(options);
  progress(`${PEERS} peers`);
  return [...documents, await memoryFigure(options)];
}

async function documentFigures({ evidence, rounds }: FederationBench): Promise<Figure[]> {
  await using world = await kmsWorld();
  const server = { evidence, core: SERVER_CORE, audit: { sink: "file:audit.jsonl" } };
  await using files = await startSvidmint(server);
  await using dead = await startSvidmint({ ...server, keys: world.direct, env: world.kms.env });
  const replicas = await Promise.all(
    Array.from({ length: INSTANCES }, () =>
      startSvidmint({ ...server, keys: world.direct, env: world.kms.env }),
    ),
  );
  const differing = await differingDocuments(replicas);
  await Promise.all(replicas.map((one) => one[Symbol.asyncDispose]()));
  await world.kms.turn("down");
  const measured = { files: [] as Measured[], dead: [] as Measured[] };
  for (let round = 0; round < rounds; round++) {
    measured.files.push(await documentCost(files));
    measured.dead.push(await documentCost(dead));
  }
  const cpu = (of: "files" | "dead"): number => median(measured[of].map(({ micros }) => micros));
  const p99 = (of: "files" | "dead"): number => median(measured[of].map((one) => one.p99));
  const perCore = (of: "files" | "dead"): string => (1e6 / cpu(of)).toFixed(0);
  return [
    {
      what: "requests for documents per core-second, key service gone",
      measured: `${perCore("dead")} (keys in files: ${perCore("files")})`,
    },
    {
      what: "p99 of such a request, key service gone",
      measured: `${p99("dead").toFixed(2)} ms (keys in files: ${p99("files").toFixed(2)} ms)`,
    },
    {
      what: `documents that differ in a byte between ${INSTANCES} instances of one configuration`,
      measured: String(differing),
      budget: "0",
      met: differing === 0,
    },
  ];
}

type Measured = Latencies & { readonly micros: number };

function documentCost(issuer: Svidmint): Promise<Measured> {
  const { host } = new URL(issuer.url);
  const requests = DOCUMENTS.map((path) => `GET ${path} HTTP/1.1\r\nhost: ${host}\r\n\r\n`);
  return withRaw(issuer, requests, 200, async (drive) => {
    await drive(WARMUP);
    const before = cpuSeconds(issuer.server.pid);
    const latencies = await drive(REQUESTS);
    const micros = ((cpuSeconds(issuer.server.pid) - before) / REQUESTS) * 1e6;
    return { ...latencies, micros };
  });
}

/** Issuer URLs differ from instance to instance here, where each has a port of its own: they are left out. */
async function differingDocuments(instances: readonly Svidmint[]): Promise<number> {
  const seen = await Promise.all(
    DOCUMENTS.map(async (path) => {
      const bodies = instances.map(async ({ url }) =>
        (await (await fetch(url + path)).text()).replaceAll(url, ""),
      );
      return new Set(await Promise.all(bodies)).size;
    }),
  );
  return seen.filter((distinct) => distinct !== 1).length;
}

async function memoryFigure({ evidence }: FederationBench): Promise<Figure> {
  const keys = await Promise.all(
    (["RS256", "ES256", "ES384"] as const).map((alg) => tokenKey(alg, `peer-${alg}`)),
  );
  const entries = keys.map(({ jwk }) => ({ ...jwk, use: "jwt-svid" }));
  const bundle = JSON.stringify({ keys: entries, spiffe_refresh_hint: 3600 });
  const asked = new Set<string>();
  const endpoint = await listen((request) => {
    asked.add(new URL(request.url).pathname);
    return Promise.resolve(new Response(bundle));
  });
  const peers = Object.fromEntries(
    Array.from({ length: PEERS }, (_, n) => [
      `peer-${n}.example`,
      { url: `${endpoint.url}/${n}`, profile: "https_web", allow_private_addresses: true },
    ]),
  );
  try {
    await using none = await startSvidmint({ evidence });
    await using all = await startSvidmint({ evidence, peers });
    const end = performance.now() + PATIENCE_MS;
    while (asked.size < PEERS) {
      if (performance.now() > end) throw new Error(`only ${asked.size} peers were asked`);
      await sleep(200); // oxlint-disable-line no-await-in-loop -- waits
    }
    await sleep(2_000); // the last answers are read
    const [without, withAll] = [residentMib(none), residentMib(all)];
    return {
      what: `memory of ${PEERS} federated peers`,
      measured: `${(withAll - without).toFixed(0)} MiB (${withAll.toFixed(0)} MiB, ${without.toFixed(0)} MiB without)`,
    };
  } finally {
    await endpoint.close();
  }
}

function residentMib({ server }: Svidmint): number {
  const status = readFileSync(`/proc/${server.pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+) kB/u.exec(status)?.[1]) / 1024;
}
