import { describe, expect, it } from "vitest";
import { azureMsi } from "../../../src/attestors/azure/msi.ts";
import { boundAudience } from "../../../src/attestors/binding.ts";
import { gcpIit } from "../../../src/attestors/gcp/iit.ts";
import { accepted, expectRefused, JKT, judge, OTHER_JKT } from "../../conformance/attestor.ts";
import { simulateTenant } from "../../fakes/azure-metadata.ts";
import { simulateGoogle } from "../../fakes/gcp-metadata.ts";
import { FakeNetwork } from "../../fakes/network.ts";
import { buildClean, ISSUER, NOW } from "../attestors/support.ts";

const clock = () => NOW;

/** What a service answers at a URL, as the issuer would ask for it. */
function serve(
  network: FakeNetwork,
  url: string,
  handler: (request: Request) => Promise<Response>,
) {
  network.serve(url, () => handler(new Request(url)));
}

describe("the simulated Google", () => {
  const ACCOUNT = {
    email: "payments@payments-prod.iam.gserviceaccount.com",
    uniqueId: "106448564376038902066",
  };
  const MACHINE = {
    project: "payments-prod",
    projectNumber: 741_176_294_612,
    zone: "us-central1-a",
    name: "api-1",
    id: "8418160715288427941",
    createdAt: NOW - 3600,
  };
  const IDENTITY =
    "http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/identity";
  const headers = { "metadata-flavor": "Google" };

  async function attestor(google: Awaited<ReturnType<typeof simulateGoogle>>) {
    const network = new FakeNetwork();
    serve(network, "https://www.googleapis.com/oauth2/v3/certs", google.fetch);
    return buildClean(
      gcpIit,
      { projects: [MACHINE.project], service_accounts: [ACCOUNT.uniqueId] },
      { network },
    );
  }

  it("gives a machine a token that is bound to its key and believed", async () => {
    const google = await simulateGoogle(clock);
    const metadata = google.metadata({ serviceAccount: ACCOUNT, instance: MACHINE });
    const query = new URLSearchParams({ audience: boundAudience(ISSUER, JKT), format: "full" });
    const response = await metadata(new Request(`${IDENTITY}?${query}`, { headers }));
    expect(response.headers.get("metadata-flavor")).toBe("Google");
    const evidence = { type: "gcp_iit", token: await response.text() };
    const believer = await attestor(google);
    expect(accepted(await judge(believer, evidence, NOW, JKT))).toMatchObject({
      binding: { kind: "key", jkt: JKT },
      claims: { kind: "instance", project_id: MACHINE.project, instance_id: MACHINE.id },
    });
    expectRefused(await judge(believer, evidence, NOW, OTHER_JKT), "binding_mismatch");
  });

  it("gives a service a token without compute claims", async () => {
    const google = await simulateGoogle(clock);
    const metadata = google.metadata({ serviceAccount: ACCOUNT });
    const response = await metadata(
      new Request(`${IDENTITY}?audience=${ISSUER}&format=full`, { headers }),
    );
    const evidence = { type: "gcp_iit", token: await response.text() };
    expect(accepted(await judge(await attestor(google), evidence, NOW))).toMatchObject({
      binding: { kind: "audience" },
      claims: { kind: "service_account", sub: ACCOUNT.uniqueId },
    });
  });

  it("refuses requests that a server-side forgery would make", async () => {
    const metadata = (await simulateGoogle(clock)).metadata({ serviceAccount: ACCOUNT });
    const status = async (url: string, init?: RequestInit) =>
      (await metadata(new Request(url, init))).status;
    const url = `${IDENTITY}?audience=x`;
    expect(await status(url)).toBe(403);
    expect(await status(url, { headers: { ...headers, "x-forwarded-for": "10.0.0.1" } })).toBe(403);
    expect(await status(url, { headers, method: "POST" })).toBe(405);
    expect(await status(IDENTITY, { headers })).toBe(400);
    expect(await status(url.replace("default", "other"), { headers })).toBe(404);
  });
});

async function tokenFrom(response: Response): Promise<string> {
  const answer: unknown = await response.json();
  if (typeof answer === "object" && answer !== null && "access_token" in answer)
    return String(answer.access_token);
  throw new Error("no token");
}

describe("the simulated Azure", () => {
  const TENANT = "6f0c1c92-0d5d-4c3f-9d1c-2a6f3f1f7b10";
  const AUDIENCE = "api://e5c0a9e1-7c0c-4d8e-8f5b-4f8f3c5f0a11";
  const IDENTITY = {
    clientId: "c88229ce-c5e4-48bf-b649-c490c6e8f343",
    objectId: "7ffb2574-9f6e-4520-8292-614fdefd9fe0",
    resourceId:
      "/subscriptions/ba45b233-e2ef-4169-8808-49eb0d8eba0d/resourcegroups/payments/providers/Microsoft.Compute/virtualMachines/api-1",
  };
  const MACHINE = `http://169.254.169.254/metadata/identity/oauth2/token?resource=${AUDIENCE}&api-version=2018-02-01`;
  const SERVICE = `http://127.0.0.1:41741/msi/token?resource=${AUDIENCE}&api-version=2019-08-01`;

  async function believe(
    audience: string,
    token: string,
    tenant: Awaited<ReturnType<typeof simulateTenant>>,
  ) {
    const network = new FakeNetwork();
    serve(network, `https://login.microsoftonline.com/${TENANT}/discovery/v2.0/keys`, tenant.fetch);
    const attestor = await buildClean(azureMsi, { tenants: [TENANT], audience }, { network });
    return judge(attestor, { type: "azure_msi", token }, NOW, JKT);
  }

  it("gives machine and app service tokens that are believed, and bound to nothing", async () => {
    const tenant = await simulateTenant(TENANT, clock);
    const machine = tenant.machine(IDENTITY);
    const service = tenant.appService(IDENTITY, "secret");
    const answers = [
      await machine(new Request(MACHINE, { headers: { metadata: "true" } })),
      await service(new Request(SERVICE, { headers: { "x-identity-header": "secret" } })),
    ];
    const tokens = await Promise.all(answers.map(tokenFrom));
    for (const token of tokens)
      expect(accepted(await believe(AUDIENCE, token, tenant))).toMatchObject({
        binding: { kind: "none" },
        claims: { tenant: TENANT },
      });
    expect(new Set(tokens).size).toBe(2);
  });

  it("names the application alone in tokens of version 2", async () => {
    const tenant = await simulateTenant(TENANT, clock);
    const machine = tenant.machine({ ...IDENTITY, tokenVersion: 2 });
    const token = await tokenFrom(
      await machine(new Request(MACHINE, { headers: { metadata: "true" } })),
    );
    expect(accepted(await believe(AUDIENCE.slice("api://".length), token, tenant)).binding).toEqual(
      { kind: "none" },
    );
    expectRefused(await believe(AUDIENCE, token, tenant), "audience_mismatch");
  });

  it("refuses requests without their header or version", async () => {
    const tenant = await simulateTenant(TENANT, clock);
    const machine = tenant.machine(IDENTITY);
    const service = tenant.appService(IDENTITY, "secret");
    const metadata = { metadata: "true" };
    const secret = { "x-identity-header": "secret" };
    const asked = await Promise.all([
      machine(new Request(MACHINE)),
      machine(new Request(MACHINE, { headers: { ...metadata, "x-forwarded-for": "10.0.0.1" } })),
      machine(new Request(MACHINE.replace("2018-02-01", ""), { headers: metadata })),
      machine(new Request(MACHINE.replace(AUDIENCE, ""), { headers: metadata })),
      machine(new Request(SERVICE, { headers: metadata })),
      service(new Request(SERVICE)),
      service(new Request(SERVICE, { headers: { "x-identity-header": "other" } })),
      service(new Request(SERVICE.replace("2019-08-01", "2017-09-01"), { headers: secret })),
      service(new Request(SERVICE.replace(AUDIENCE, ""), { headers: secret })),
    ]);
    expect(asked.map(({ status }) => status)).toEqual([
      400, 400, 400, 400, 404, 401, 401, 400, 400,
    ]);
  });

  it("publishes its keys where Entra does", async () => {
    const tenant = await simulateTenant(TENANT, clock);
    const host = "https://login.microsoftonline.com";
    const discovery = await tenant.fetch(
      new Request(`${host}/${TENANT}/v2.0/.well-known/openid-configuration`),
    );
    expect(await discovery.json()).toMatchObject({
      jwks_uri: `${host}/${TENANT}/discovery/v2.0/keys`,
    });
    const keys = await tenant.fetch(new Request(`${host}/common/discovery/v2.0/keys`));
    expect(await keys.json()).toMatchObject({
      keys: [{ kid: tenant.key.kid, kty: "RSA", use: "sig" }],
    });
    expect((await tenant.fetch(new Request(`${host}/other/discovery/v2.0/keys`))).status).toBe(404);
  });
});
