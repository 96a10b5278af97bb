import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { simulateSts } from "../fakes/aws-web-identity.ts";
import { simulateGoogle } from "../fakes/gcp-metadata.ts";
import { simulateGitHub } from "../fakes/github-actions.ts";
import { apiToken, simulateCluster, type SimulatedPod } from "../fakes/kubernetes.ts";
import { listen, type Listening } from "../fakes/node/listen.ts";

const CLUSTER =
  "https://container.googleapis.com/v1/projects/payments-prod/locations/europe-west3/clusters/main";
const CREDENTIALS = {
  accessKeyId: "ASIAEXAMPLEEXAMPLE12",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
  sessionToken: "IQoJb3JpZ2luX2VjEXAMPLE",
};

/** What a process finds where its workload runs. */
export interface Place {
  readonly env: Readonly<Record<string, string>>;
  /** Behind `svidmint evidence`. */
  readonly source: readonly string[];
}

export interface Clouds {
  readonly places: Readonly<Record<"job" | "fork" | "lambda" | "pod" | "vm", Place>>;
  /** Where each issuer publishes its keys, in place of the real one. */
  readonly keys: Readonly<Record<"github" | "cluster" | "sts" | "google", string>>;
  readonly stsIssuer: string;
  close(): Promise<void>;
}

/** GitHub, AWS, Google and a cluster of theirs, each with keys of its own, and one workload in each. */
export async function startClouds(): Promise<Clouds> {
  const [github, google, cluster, sts] = await Promise.all([
    simulateGitHub(),
    simulateGoogle(),
    simulateCluster(CLUSTER),
    simulateSts({
      region: "eu-central-1",
      account: "111122223333",
      principals: [
        {
          ...CREDENTIALS,
          role: "payments",
          session: "payments-settle",
          roleId: "AROAEXAMPLEEXAMPLE123",
          claims: {
            lambda_source_function_arn:
              "arn:aws:lambda:eu-central-1:111122223333:function:payments-settle",
          },
        },
      ],
    }),
  ]);
  const started: Listening[] = [];
  const start = async (handler: (request: Request) => Promise<Response>) => {
    const listening = await listen(handler);
    started.push(listening);
    return listening.url;
  };
  const repository = {
    repository: "acme/payments",
    repositoryId: "456789",
    ownerId: "123456",
    ref: "refs/heads/main",
  };
  const job = async (ref: string, secret: string): Promise<Place> => ({
    env: {
      GITHUB_ACTIONS: "true",
      ACTIONS_ID_TOKEN_REQUEST_URL: `${await start(github.job({ ...repository, ref }, secret))}/token?api-version=2.0`,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: secret,
    },
    source: ["github_actions"],
  });
  const machine = google.metadata({
    serviceAccount: {
      email: "payments@payments-prod.iam.gserviceaccount.com",
      uniqueId: "104070955682298736149",
    },
    instance: {
      project: "payments-prod",
      projectNumber: 424_242_424_242,
      zone: "europe-west3-a",
      name: "payments-1",
      id: "5512345678901234567",
      createdAt: Math.floor(Date.now() / 1000) - 90,
    },
  });
  const pod: SimulatedPod = {
    namespace: "payments",
    serviceAccount: "api",
    name: "api-7d9c5b6f4-x2x7k",
    uid: "5a7e1b0c-9f7c-4d0a-8d2b-6f1f1f0c7e55",
    mayRequest: true,
  };
  const mount = await mkdtemp(join(tmpdir(), "svidmint-serviceaccount-"));
  await writeFile(join(mount, "token"), await apiToken(cluster, pod));
  return {
    stsIssuer: sts.issuer,
    keys: {
      github: `${await start(github.fetch)}/.well-known/jwks`,
      cluster: `${await start(cluster.fetch)}/jwks`,
      sts: `${await start(sts.published)}/.well-known/jwks.json`,
      google: `${await start(google.fetch)}/oauth2/v3/certs`,
    },
    places: {
      job: await job(repository.ref, "secret-of-the-job"),
      fork: await job("refs/heads/feature", "secret-of-another-job"),
      lambda: {
        env: {
          AWS_LAMBDA_FUNCTION_NAME: "payments-settle",
          AWS_REGION: "eu-central-1",
          AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
          AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
          AWS_SESSION_TOKEN: CREDENTIALS.sessionToken,
          AWS_ENDPOINT_URL_STS: await start(sts.fetch),
        },
        source: ["aws_web_identity"],
      },
      pod: {
        env: { KUBERNETES_SERVICE_HOST: "10.0.0.1" },
        source: ["kubernetes", "--request", "--mount", mount, "--server", await start(cluster.api)],
      },
      vm: {
        env: { GCE_METADATA_HOST: new URL(await start(machine)).host },
        source: ["gcp_iit"],
      },
    },
    async close() {
      await Promise.all(started.map((listening) => listening.close()));
      await rm(mount, { recursive: true, force: true });
    },
  };
}
