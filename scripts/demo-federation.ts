/**
 * `npm run demo:federation`: two issuers of ours in two simulated clouds and a SPIRE server, three trust domains that
 * believe one another's bundles, and workloads that talk across them. With `--keep` everything is left running.
 */
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import {
  computeCloud,
  lambdaCloud,
  newDomain,
  startDomain,
  webPeer,
  type Cloud,
  type Domain,
  type PeerEntry,
} from "./demo/federation/domains.ts";
import { edgesOf, picture, type Edge } from "./demo/federation/picture.ts";
import { startSpireDomain } from "./demo/federation/spire.ts";
import { converse, peerOf } from "./demo/mutual-tls.ts";
import { stopped } from "./demo/stopped.ts";
import { must, transcript } from "./demo/transcript.ts";
import { newWorkload, requestSvids, type Svids, type Workload } from "./demo/workload.ts";

const COMMAND = fileURLToPath(new URL("../bin/svidmint.js", import.meta.url));
const PATIENCE_MS = 90_000;
const keep = process.argv.includes("--keep");
const log = transcript();
/** What is to be ended, the latest first, however the demo ends. */
const ending: (() => Promise<void>)[] = [];
const folder = await mkdtemp(join(tmpdir(), "svidmint-federation-"));
ending.push(() => rm(folder, { recursive: true, force: true }));

try {
  await show();
  if (!keep) process.stdout.write("\nDone. npm run demo:federation -- --keep leaves it running.\n");
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  for (const end of ending) await end();
}

async function show(): Promise<void> {
  log.step("Three trust domains: one in each of two simulated clouds, and one of SPIRE");
  const [aws, gcp] = await Promise.all(
    ["aws.example.org", "gcp.example.org"].map((name) => newDomain(name, folder)),
  );
  must(aws !== undefined && gcp !== undefined, "two domains");
  const [lambda, compute] = await Promise.all([lambdaCloud(), computeCloud()]);
  ending.unshift(
    () => lambda.close(),
    () => compute.close(),
  );
  const spire = await startSpireDomain();
  if (spire === undefined)
    log.say("spire-server is not installed: node scripts/interop/install.ts --only spire-server");
  else ending.unshift(() => spire.stop());
  const other: Readonly<Record<string, PeerEntry>> =
    spire === undefined ? {} : { [spire.name]: await spire.entry() };
  const peersOf: Readonly<Record<string, Readonly<Record<string, PeerEntry>>>> = {
    [aws.name]: { [gcp.name]: webPeer(gcp), ...other },
    [gcp.name]: { [aws.name]: webPeer(aws), ...other },
  };
  for (const [domain, cloud, path] of [
    [aws, lambda, "/checkout"],
    [gcp, compute, "/ledger"],
  ] as const) {
    const issuer = await startDomain(domain, cloud, path, peersOf[domain.name] ?? {});
    ending.unshift(() => issuer.stop());
    log.say(
      `${domain.name.padEnd(16)} ${domain.url}/bundle, https_spiffe at ${domain.spiffeEndpoint}`,
    );
  }
  if (spire !== undefined) {
    log.say(`${spire.name.padEnd(16)} SPIRE, https_spiffe`);
    await spire.federateWith(aws);
    await spire.federateWith(gcp);
  }

  log.step("Who trusts whom, and how old each bundle is");
  const edges = await waitFor("every bundle", async () => {
    const ours = await Promise.all([aws, gcp].map((domain) => heldBy(domain, peersOf)));
    const all = [...ours.flat(), ...(await edgesOfSpire(spire, [aws, gcp]))];
    return all.every(({ usable }) => usable) ? all : undefined;
  });
  process.stdout.write(`\n${picture(edges)}\n\n`);
  log.proved("each was fetched from its own endpoint, none is merged with another");

  log.step("Workloads get their SVIDs, and with them the bundles that their rule names");
  const checkout = await workloadOf("checkout", aws, lambda);
  const ledger = await workloadOf("ledger", gcp, compute);

  log.step("The Lambda function calls the ledger on Compute Engine by mutual TLS");
  await call(
    peerOf(ledger.workload, ledger.svids, bundleOf(ledger, aws.name)),
    peerOf(checkout.workload, checkout.svids, bundleOf(checkout, gcp.name)),
    { server: ledger.svids.spiffe_id, client: checkout.svids.spiffe_id },
  );
  log.proved(`${checkout.svids.spiffe_id} and ${ledger.svids.spiffe_id} verified each other`);
  const own = await call(
    peerOf(ledger.workload, ledger.svids),
    peerOf(checkout.workload, checkout.svids, bundleOf(checkout, gcp.name)),
    { server: ledger.svids.spiffe_id, client: checkout.svids.spiffe_id },
  ).then(() => undefined, String);
  must(own !== undefined, "the ledger's own bundle vouches for nobody else");
  log.refused("the same call where the ledger holds its own domain's bundle alone");

  if (spire !== undefined) {
    log.step("A workload of SPIRE calls the ledger, each verified by the other's federated bundle");
    const id = `spiffe://${spire.name}/orders`;
    await call(
      peerOf(ledger.workload, ledger.svids, bundleOf(ledger, spire.name)),
      await spire.workload("/orders", gcp.name),
      { server: ledger.svids.spiffe_id, client: id },
    );
    log.proved(`${id} and ${ledger.svids.spiffe_id} verified each other`);
  }
  if (keep) await untilStopped();
}

function heldBy(
  domain: Domain,
  peers: Readonly<Record<string, Readonly<Record<string, PeerEntry>>>>,
): Promise<readonly Edge[]> {
  const profiles = Object.fromEntries(
    Object.entries(peers[domain.name] ?? {}).map(([to, { profile }]) => [to, String(profile)]),
  );
  return edgesOf(domain.name, domain.metrics, profiles);
}

async function edgesOfSpire(
  spire: Awaited<ReturnType<typeof startSpireDomain>>,
  domains: readonly Domain[],
): Promise<readonly Edge[]> {
  if (spire === undefined) return [];
  return Promise.all(
    domains.map(async ({ name }) => {
      const held = await spire.authoritiesOf(name);
      const usable = held.includes("BEGIN CERTIFICATE");
      return { from: spire.name, to: name, profile: "https_spiffe", usable };
    }),
  );
}

async function workloadOf(
  name: string,
  { url }: Domain,
  cloud: Cloud,
): Promise<{ readonly workload: Workload; readonly svids: Svids }> {
  const workload = await newWorkload(name, url);
  const csr = join(folder, `${name}.csr`);
  await writeFile(csr, workload.csr);
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [COMMAND, "evidence", cloud.source, "--csr", csr, "--issuer", url],
    { env: { PATH: process.env["PATH"] ?? "", ...cloud.env }, timeout: PATIENCE_MS },
  );
  const evidence: unknown = JSON.parse(stdout);
  const answer = await requestSvids(url, { evidence: [evidence], x509: { csr: workload.csr } });
  const { svids } = answer;
  must(svids !== undefined, `SVIDs for ${name}, not ${answer.status}`);
  must(svids.missing_bundles === undefined, "every bundle that the rule names");
  const bundles = Object.keys(svids.federated_bundles ?? {}).join(", ");
  log.proved(`${svids.spiffe_id}, with the bundles of ${bundles}`);
  return { workload, svids };
}

function bundleOf({ svids }: { readonly svids: Svids }, name: string) {
  const bundle = svids.federated_bundles?.[name];
  must(bundle !== undefined, `the bundle of ${name}`);
  return bundle;
}

async function call(...talk: Parameters<typeof converse>): Promise<void> {
  const { heard, clientId } = await converse(...talk);
  must(clientId === talk[2].client && heard === `hello ${clientId}`, "a conversation");
}

async function waitFor<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  const end = Date.now() + PATIENCE_MS;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    must(Date.now() < end, `${what} in time`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

async function untilStopped(): Promise<void> {
  log.step("Everything is left running; end it here with Ctrl-C");
  await stopped;
}
