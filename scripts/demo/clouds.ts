import { simulateRegion } from "../../test/fakes/aws-metadata.ts";
import { simulateTenant } from "../../test/fakes/azure-metadata.ts";
import { simulateGoogle } from "../../test/fakes/gcp-metadata.ts";
import { listen, type Listening } from "../../test/fakes/node/listen.ts";

const ACCOUNT = "111122223333";
const PROJECT = "payments-prod";
const TENANT = "6f0c2d1e-7a3b-4c5d-8e9f-0a1b2c3d4e5f";
const SUBSCRIPTION = "0d2f4b6a-8c1e-4f3a-9b5d-7e6c5a4b3c2d";
export const AZURE_AUDIENCE = `api://${TENANT}/svidmint`;

/** Three simulated clouds on loopback, each with keys of its own, and one machine in each. URLs have no slash at the end. */
export interface Clouds {
  readonly aws: {
    readonly metadata: string;
    readonly account: string;
    readonly region: string;
    readonly regionKey: string;
  };
  readonly google: { readonly metadata: string; readonly keys: string; readonly project: string };
  readonly azure: { readonly metadata: string; readonly keys: string; readonly tenant: string };
  /** The metadata service of a machine in an AWS account that nobody configured. */
  readonly strangerAws: string;
  close(): Promise<void>;
}

export async function startClouds(): Promise<Clouds> {
  const now = Math.floor(Date.now() / 1000);
  const [region, google, tenant] = await Promise.all([
    simulateRegion("sim-demo-1"),
    simulateGoogle(),
    simulateTenant(TENANT),
  ]);
  const launch = (account: string, instanceId: string) =>
    region.launch({ account, instanceId, pendingTime: now - 45 });
  const [vm, strangersVm] = await Promise.all([
    launch(ACCOUNT, "i-0a1b2c3d4e5f60718"),
    launch("999988887777", "i-0ffffffffffffffff"),
  ]);
  const machine = google.metadata({
    serviceAccount: {
      email: "payments@payments-prod.iam.gserviceaccount.com",
      uniqueId: "103456789012345678901",
    },
    instance: {
      project: PROJECT,
      projectNumber: 424242424242,
      zone: "europe-west3-a",
      name: "payments-1",
      id: "5512345678901234567",
      createdAt: now - 90,
    },
  });
  const identity = tenant.machine({
    clientId: "1c2b3a49-5867-4a5b-9c8d-7e6f5a4b3c2d",
    objectId: "2d3c4b5a-6978-4b6c-8d9e-8f7a6b5c4d3e",
    resourceId: `/subscriptions/${SUBSCRIPTION}/resourcegroups/reports/providers/Microsoft.Compute/virtualMachines/reports-1`,
  });
  const started: Listening[] = [];
  const start = async (handler: (request: Request) => Promise<Response>) => {
    const listening = await listen(handler);
    started.push(listening);
    return listening.url;
  };
  return {
    aws: {
      metadata: await start(vm.fetch),
      account: ACCOUNT,
      region: region.name,
      regionKey: region.rsa2048,
    },
    google: {
      metadata: await start(machine),
      keys: `${await start(google.fetch)}/oauth2/v3/certs`,
      project: PROJECT,
    },
    azure: {
      metadata: await start(identity),
      keys: `${await start(tenant.fetch)}/${TENANT}/discovery/v2.0/keys`,
      tenant: TENANT,
    },
    strangerAws: await start(strangersVm.fetch),
    async close() {
      await Promise.all(started.map((listening) => listening.close()));
    },
  };
}
