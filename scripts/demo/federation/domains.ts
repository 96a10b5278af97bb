import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { simulateSts } from "../../../test/fakes/aws-web-identity.ts";
import { simulateGoogle } from "../../../test/fakes/gcp-metadata.ts";
import { listen, type Listening } from "../../../test/fakes/node/listen.ts";
import { freePort } from "../../free-port.ts";
import { startIssuer, type RunningIssuer } from "../server.ts";

const ACCOUNT = "111122223333";
const PROJECT = "ledger-prod";
const LAMBDA = {
  accessKeyId: "ASIAEXAMPLEEXAMPLE12",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
  sessionToken: "IQoJb3JpZ2luX2VjEXAMPLE",
};
/** Seconds: the shortest that a configuration may say. */
const REFRESH_HINT = 60;

/** A trust domain of the demo, before its issuer runs: what others have to know of it to federate with it. */
export interface Domain {
  readonly name: string;
  /** Issuer URL; the bundle is at `/bundle` below it. */
  readonly url: string;
  /** Where the same bundle is served by profile `https_spiffe`. */
  readonly spiffeEndpoint: string;
  readonly metrics: string;
  readonly folder: string;
}

export async function newDomain(name: string, folder: string): Promise<Domain> {
  const own = join(folder, name);
  await mkdir(own);
  const [port, endpoint, metrics] = [await freePort(), await freePort(), await freePort()];
  return {
    name,
    url: `http://127.0.0.1:${port}`,
    spiffeEndpoint: `127.0.0.1:${endpoint}`,
    metrics: `127.0.0.1:${metrics}`,
    folder: own,
  };
}

/** An entry of `peers:`, JSON being YAML. */
export type PeerEntry = Readonly<Record<string, unknown>>;

/** Another trust domain of this machine, fetched as from anywhere. */
export function webPeer({ url }: Domain): PeerEntry {
  return { url: `${url}/bundle`, profile: "https_web", allow_private_addresses: true };
}

/** One cloud with one workload in it. */
export interface Cloud {
  /** The sections `evidence:` and the rule's own, as an operator would write them. */
  readonly evidence: Readonly<Record<string, unknown>>;
  readonly rule: Readonly<Record<string, unknown>>;
  /** Variables of the workload's process. */
  readonly env: Readonly<Record<string, string>>;
  /** Behind `svidmint evidence`. */
  readonly source: string;
  close(): Promise<void>;
}

export async function lambdaCloud(): Promise<Cloud> {
  const sts = await simulateSts({
    region: "eu-central-1",
    account: ACCOUNT,
    principals: [
      {
        ...LAMBDA,
        role: "checkout",
        session: "checkout",
        roleId: "AROAEXAMPLEEXAMPLE123",
        claims: {
          lambda_source_function_arn: `arn:aws:lambda:eu-central-1:${ACCOUNT}:function:checkout`,
        },
      },
    ],
  });
  const [asked, published] = [await listen(sts.fetch), await listen(sts.published)];
  const jwks = { [ACCOUNT]: `${published.url}/.well-known/jwks.json` };
  return {
    evidence: { aws_web_identity: { accounts: { [ACCOUNT]: sts.issuer }, jwks } },
    rule: { aws_web_identity: { account: ACCOUNT, lambda_function: "checkout" } },
    env: {
      AWS_LAMBDA_FUNCTION_NAME: "checkout",
      AWS_REGION: "eu-central-1",
      AWS_ACCESS_KEY_ID: LAMBDA.accessKeyId,
      AWS_SECRET_ACCESS_KEY: LAMBDA.secretAccessKey,
      AWS_SESSION_TOKEN: LAMBDA.sessionToken,
      AWS_ENDPOINT_URL_STS: asked.url,
    },
    source: "aws_web_identity",
    close: () => closeAll([asked, published]),
  };
}

export async function computeCloud(): Promise<Cloud> {
  const google = await simulateGoogle();
  const machine = google.metadata({
    serviceAccount: {
      email: `ledger@${PROJECT}.iam.gserviceaccount.com`,
      uniqueId: "104070955682298736149",
    },
    instance: {
      project: PROJECT,
      projectNumber: 424_242_424_242,
      zone: "europe-west3-a",
      name: "ledger-1",
      id: "5512345678901234567",
      createdAt: Math.floor(Date.now() / 1000) - 90,
    },
  });
  const [metadata, published] = [await listen(machine), await listen(google.fetch)];
  return {
    evidence: { gcp_iit: { projects: [PROJECT], jwks: `${published.url}/oauth2/v3/certs` } },
    rule: { gcp_iit: { kind: "instance", project_id: PROJECT, instance_name: "ledger-*" } },
    env: { GCE_METADATA_HOST: new URL(metadata.url).host },
    source: "gcp_iit",
    close: () => closeAll([metadata, published]),
  };
}

/** The real issuer of a domain, which believes one cloud and federates with `peers`. */
export async function startDomain(
  { name, url, folder, spiffeEndpoint, metrics }: Domain,
  { evidence, rule }: Cloud,
  path: string,
  peers: Readonly<Record<string, PeerEntry>>,
): Promise<RunningIssuer> {
  const configuration = {
    trust_domain: name,
    issuer: url,
    single_instance: true,
    evidence,
    bundle: { refresh_hint: `${REFRESH_HINT}s` },
    peers,
    rules: [
      {
        name: "workload",
        evidence: rule,
        spiffe_id: path,
        x509: { ttl: "1h" },
        federates_with: Object.keys(peers),
      },
    ],
  };
  await writeFile(join(folder, "svidmint.yaml"), JSON.stringify(configuration, undefined, 2));
  return startIssuer(folder, url, undefined, [
    "--bundle-endpoint",
    spiffeEndpoint,
    "--metrics",
    metrics,
  ]);
}

async function closeAll(all: readonly Listening[]): Promise<void> {
  await Promise.all(all.map((one) => one.close()));
}
