/**
 * `npm run demo`: the whole of svidmint on one machine, with simulated clouds. With `--keep` everything is left
 * running, and what can be tried by hand is printed.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { attack } from "./demo/attacks.ts";
import { startClouds } from "./demo/clouds.ts";
import { configuration, ORDERS, REGION_KEY_FILE } from "./demo/configuration.ts";
import { curlLines } from "./demo/curl-lines.ts";
import { verifyByDiscovery } from "./demo/jwt.ts";
import { converse, peerOf } from "./demo/mutual-tls.ts";
import { freePort } from "./free-port.ts";
import { startIssuer } from "./demo/server.ts";
import { stopped } from "./demo/stopped.ts";
import { must, transcript } from "./demo/transcript.ts";
import {
  azureEvidence,
  ec2Evidence,
  googleEvidence,
  newWorkload,
  requestSvids,
  type Svids,
} from "./demo/workload.ts";

const keep = process.argv.includes("--keep");
const log = transcript();
/** What is to be ended, the latest first, however the demo ends. */
const ending: (() => Promise<void>)[] = [];
const folder = await mkdtemp(join(tmpdir(), "svidmint-demo-"));
ending.push(() => rm(folder, { recursive: true, force: true }));

try {
  await show();
  if (keep) await stopped;
  else process.stdout.write("\nDone. npm run demo -- --keep leaves it running for you to try.\n");
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  for (const end of ending) await end();
}

async function show(): Promise<void> {
  log.step("Three simulated clouds, each with signing keys of its own, and one machine in each");
  const clouds = await startClouds();
  ending.push(() => clouds.close());
  log.say(`EC2 metadata             ${clouds.aws.metadata} (region ${clouds.aws.region})`);
  log.say(`Google metadata server   ${clouds.google.metadata}`);
  log.say(`Azure metadata service   ${clouds.azure.metadata}`);

  log.step("The real issuer, configured with those accounts, projects and tenants");
  const url = `http://127.0.0.1:${await freePort()}`;
  await writeFile(join(folder, REGION_KEY_FILE), clouds.aws.regionKey);
  await writeFile(join(folder, "svidmint.yaml"), configuration(url, clouds));
  const issuer = await startIssuer(folder, url);
  ending.unshift(() => issuer.stop());
  log.say(`svidmint serve --config ${join(folder, "svidmint.yaml")}`);
  log.proved(`${url}/readyz: its keys and its bundle agree`);

  log.step("Three workloads exchange what their cloud says of them for SVIDs, over HTTP");
  const [orders, payments, reports] = await Promise.all(
    ["orders", "payments", "reports"].map((name) => newWorkload(name, url)),
  );
  must(orders !== undefined && payments !== undefined && reports !== undefined, "three workloads");
  const ordersSvids = await granted(
    "orders, on EC2: instance identity document, owned by the first key that uses it",
    {
      evidence: [await ec2Evidence(clouds.aws.metadata)],
      x509: { csr: orders.csr },
    },
  );
  const paymentsSvids = await granted(
    "payments, on Compute Engine: identity token whose audience names the workload's key",
    {
      evidence: [await googleEvidence(clouds.google.metadata, payments.s)],
      x509: { csr: payments.csr },
      jwt: { audience: [ORDERS] },
    },
    payments.key,
  );
  await granted("reports, on Azure: managed-identity token, owned by the first key that uses it", {
    evidence: [await azureEvidence(clouds.azure.metadata)],
    x509: { csr: reports.csr },
  });

  log.step("Mutual TLS between payments and orders, on nothing but their SVIDs and the bundle");
  const server = peerOf(orders, ordersSvids);
  const client = peerOf(payments, paymentsSvids);
  const expected = { server: ordersSvids.spiffe_id, client: paymentsSvids.spiffe_id };
  const talk = await converse(server, client, expected);
  must(
    talk.clientId === expected.client && talk.heard === `hello ${expected.client}`,
    "a conversation",
  );
  log.proved(`orders verified    ${talk.clientId}`);
  log.proved(`payments verified  ${talk.serverId}`);
  const wrong = { ...expected, server: `${expected.server}0` };
  const mistaken = await converse(server, client, wrong).then(() => undefined, String);
  must(mistaken?.includes("the server is") === true, "another SPIFFE ID is not taken");
  log.refused("payments hangs up on the same server when it expects another SPIFFE ID");

  log.step("A JWT-SVID at a relying party that knows only the issuer's URL and OpenID Connect");
  const token = paymentsSvids.jwt?.token ?? "";
  const subject = await verifyByDiscovery(token, url, ORDERS);
  must(subject === paymentsSvids.spiffe_id, "the subject of the JWT-SVID");
  log.proved(`through ${url}/.well-known/openid-configuration: sub is ${subject}`);
  const elsewhere = await verifyByDiscovery(token, url, "https://elsewhere.example.org").then(
    () => undefined,
    String,
  );
  must(elsewhere?.includes('"aud"') === true, "another audience refuses the token");
  log.refused("a relying party with another audience does not take it");

  await attack({ issuer, clouds, log }, payments, orders);

  if (keep) {
    log.step("Everything is left running; try it in another terminal, and end it here with Ctrl-C");
    await Promise.all(
      [orders, payments].map(({ name, csr }) => writeFile(join(folder, `${name}.csr`), csr)),
    );
    process.stdout.write(`\n${curlLines({ folder, url, clouds, payments })}\n`);
  }

  async function granted(
    title: string,
    body: object,
    prover?: Parameters<typeof requestSvids>[2],
  ): Promise<Svids> {
    log.say(title);
    const { status, svids, problem } = await requestSvids(url, body, prover);
    const why =
      problem === undefined
        ? ""
        : JSON.stringify(await issuer.event(problem.request_id, "refused"));
    must(svids !== undefined, `SVIDs, not ${status} ${problem?.code ?? ""} ${why}`);
    const kinds = [svids.x509 && "X.509-SVID", svids.jwt && "JWT-SVID"]
      .filter(Boolean)
      .join(" and ");
    log.proved(`${svids.spiffe_id}: ${kinds}`);
    return svids;
  }
}
