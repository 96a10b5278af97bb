import { createHash } from "node:crypto";
import { decodeJwt } from "jose";
import { describe, expect, it } from "vitest";
import { simulateRegion } from "../../../fakes/aws-metadata.ts";
import { simulateSts, type SimulatedPrincipal } from "../../../fakes/aws-web-identity.ts";
import { simulateTenant } from "../../../fakes/azure-metadata.ts";
import { simulateGoogle } from "../../../fakes/gcp-metadata.ts";
import { evidence, place, places, refusal } from "./place.ts";

const { serve } = places();
const ISSUER = "https://id.example.org";
const S = `${ISSUER}/jkt/NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs`;
const NOW = Math.floor(Date.now() / 1000);
const ROLE = {
  role: "payments",
  session: "i-0a1b2c3d4e5f60718",
  roleId: "AROAEXAMPLEEXAMPLE123",
  accessKeyId: "ASIAEXAMPLEEXAMPLE12",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
  sessionToken: "a session token that nobody may see",
} satisfies SimulatedPrincipal;
const CREDENTIALS = {
  AWS_ACCESS_KEY_ID: ROLE.accessKeyId,
  AWS_SECRET_ACCESS_KEY: ROLE.secretAccessKey,
  AWS_SESSION_TOKEN: ROLE.sessionToken,
};

async function ec2(role?: typeof ROLE) {
  const region = await simulateRegion("eu-central-1");
  const vm = await region.launch({
    account: "111122223333",
    instanceId: "i-0a1b2c3d4e5f60718",
    pendingTime: NOW - 60,
    ...(role && { role }),
  });
  return { vm, url: await serve(vm.fetch) };
}

async function sts(principal: SimulatedPrincipal = ROLE) {
  const simulated = await simulateSts({
    region: "eu-central-1",
    account: "111122223333",
    principals: [principal],
  });
  return serve(simulated.fetch);
}

describe("svidmint evidence aws_iid", () => {
  it("prints the signed document of this instance", async () => {
    const { vm, url } = await ec2();
    place({ AWS_EC2_METADATA_SERVICE_ENDPOINT: `${url}/` });
    expect(await evidence(["aws_iid"])).toEqual({ type: "aws_iid", rsa2048: vm.rsa2048 });
  });

  it("says what to do where there is no metadata service", async () => {
    place();
    const { code, stderr } = await refusal(["aws_iid"]);
    expect(code).toBe(1);
    expect(stderr).toContain("refused the connection: this is not EC2");
    expect(stderr).toContain("--http-put-response-hop-limit 2");
    place({ AWS_EC2_METADATA_DISABLED: "true" });
    expect((await refusal(["aws_iid"])).stderr).toContain("AWS_EC2_METADATA_DISABLED is true");
  });

  it("waits for a second and not longer", async () => {
    place({ AWS_EC2_METADATA_SERVICE_ENDPOINT: await serve(() => new Promise(() => {})) });
    expect((await refusal(["aws_iid"])).stderr).toContain("did not answer within 1 s");
  });

  it("follows no redirect", async () => {
    const elsewhere = await serve(async () => new Response("token"));
    const url = await serve(async () => Response.redirect(elsewhere));
    place({ AWS_EC2_METADATA_SERVICE_ENDPOINT: url });
    expect((await refusal(["aws_iid"])).stderr).toContain("answered 302");
  });

  it("has nothing to bind", async () => {
    expect((await refusal(["aws_iid", "--csr", "svid.csr"])).stderr).toContain("unknown option");
  });
});

describe("svidmint evidence aws_web_identity", () => {
  it("has STS sign a token for S, with the function's own credentials", async () => {
    place({ ...CREDENTIALS, AWS_REGION: "eu-central-1", AWS_ENDPOINT_URL_STS: await sts() });
    const { type, token } = await evidence(["aws_web_identity", "--audience", S]);
    expect(type).toBe("aws_web_identity");
    const claims = decodeJwt(token);
    expect(claims).toMatchObject({ aud: S, sub: "arn:aws:iam::111122223333:role/payments" });
    expect(Number(claims.exp) - Number(claims.iat)).toBe(300);
  });

  it("finds region and credentials of an EC2 instance by itself", async () => {
    const { url } = await ec2(ROLE);
    place({ AWS_EC2_METADATA_SERVICE_ENDPOINT: url, AWS_ENDPOINT_URL_STS: await sts() });
    expect(decodeJwt((await evidence(["aws_web_identity", "--audience", S])).token).aud).toBe(S);
  });

  it.for<[string, string]>([
    ["OutboundWebIdentityFederationDisabledException", "enable-outbound-web-identity-federation"],
    ["OutboundWebIdentityFederationDisabled", "enable-outbound-web-identity-federation"],
    ["AccessDenied", "allow it sts:GetWebIdentityToken"],
    ["ExpiredToken", "have expired"],
  ])("says what mends %s", async ([denied, mends]) => {
    const endpoint = await sts({ ...ROLE, denied });
    place({ ...CREDENTIALS, AWS_REGION: "eu-central-1", AWS_ENDPOINT_URL_STS: endpoint });
    const { code, stderr } = await refusal(["aws_web_identity", "--audience", S]);
    expect(code).toBe(1);
    expect(stderr).toContain(mends);
    expect(stderr).not.toContain(ROLE.sessionToken);
    expect(stderr).not.toContain(ROLE.secretAccessKey);
  });

  it("says that there is no region, no credentials, or wrong ones", async () => {
    place({ ...CREDENTIALS });
    const args = ["aws_web_identity", "--audience", S];
    expect((await refusal(args)).stderr).toContain("give --region");
    place({ AWS_EC2_METADATA_DISABLED: "true", AWS_ENDPOINT_URL_STS: await sts() });
    expect((await refusal([...args, "--region", "eu-central-1"])).stderr).toContain(
      "no AWS credentials are to be had here",
    );
    place({ ...CREDENTIALS, AWS_SECRET_ACCESS_KEY: "wrong", AWS_ENDPOINT_URL_STS: await sts() });
    expect((await refusal([...args, "--region", "eu-central-1"])).stderr).toContain(
      "does not take these credentials",
    );
    expect((await refusal([...args, "--algorithm", "HS256"])).code).toBe(2);
  });
});

describe("svidmint evidence gcp_iit", () => {
  const serviceAccount = {
    email: "payments@payments-prod.iam.gserviceaccount.com",
    uniqueId: "104070955682298736149",
  };
  const instance = {
    project: "payments-prod",
    projectNumber: 424242424242,
    zone: "europe-west3-a",
    name: "payments-1",
    id: "5512345678901234567",
    createdAt: NOW - 90,
  };

  it("asks the metadata server for a token in full, for S", async () => {
    const google = await simulateGoogle();
    const url = await serve(google.metadata({ serviceAccount, instance, licenses: ["42"] }));
    place({ GCE_METADATA_HOST: new URL(url).host });
    const { type, token } = await evidence(["gcp_iit", "--audience", S]);
    expect(type).toBe("gcp_iit");
    expect(decodeJwt(token)).toMatchObject({
      aud: S,
      google: { compute_engine: { instance_id: instance.id } },
    });
    const args = [
      "gcp_iit",
      "--licenses",
      "--account",
      serviceAccount.email,
      "--audience",
      "a&b=c",
    ];
    const other = decodeJwt((await evidence(args)).token);
    expect(other.aud).toBe("a&b=c");
    expect(JSON.stringify(other)).toContain('"license_id":["42"]');
  });

  it("tells a missing account from a missing cloud", async () => {
    const google = await simulateGoogle();
    const url = await serve(google.metadata({ serviceAccount, instance }));
    place({ GCE_METADATA_HOST: new URL(url).host });
    const args = ["gcp_iit", "--audience", S];
    expect((await refusal([...args, "--account", "nobody@x"])).stderr).toContain(
      "no such service account",
    );
    place();
    expect((await refusal(args)).stderr).toContain("run this on Google Cloud");
    place({ GCE_METADATA_HOST: new URL(await serve(async () => new Response("<html>"))).host });
    expect((await refusal(args)).stderr).toContain("is not a signed token");
  });
});

describe("svidmint evidence azure_msi and azure_imds", () => {
  const TENANT = "6f0c2d1e-7a3b-4c5d-8e9f-0a1b2c3d4e5f";
  const APPLICATION = `api://${TENANT}/svidmint`;
  const identity = {
    clientId: "1c2b3a49-5867-4a5b-9c8d-7e6f5a4b3c2d",
    objectId: "2d3c4b5a-6978-4b6c-8d9e-8f7a6b5c4d3e",
    resourceId: `/subscriptions/0d2f4b6a-8c1e-4f3a-9b5d-7e6c5a4b3c2d/resourcegroups/reports/providers/Microsoft.Compute/virtualMachines/reports-1`,
  };

  it("takes the token of a virtual machine, for the very audience", async () => {
    const tenant = await simulateTenant(TENANT);
    place({ AZURE_POD_IDENTITY_AUTHORITY_HOST: await serve(tenant.machine(identity)) });
    const { type, token } = await evidence(["azure_msi", "--audience", `${APPLICATION}/`], {
      apart: true,
    });
    expect(type).toBe("azure_msi");
    expect(decodeJwt(token)).toMatchObject({ aud: `${APPLICATION}/`, tid: TENANT });
  });

  it("takes the token of an App Service, behind its secret", async () => {
    const tenant = await simulateTenant(TENANT);
    const url = await serve(tenant.appService(identity, "a secret of the sandbox"));
    place({ IDENTITY_ENDPOINT: url, IDENTITY_HEADER: "a secret of the sandbox" });
    const { token } = await evidence(["azure_msi", "--audience", APPLICATION], { apart: true });
    expect(decodeJwt(token)).toMatchObject({ aud: APPLICATION, oid: identity.objectId });
    place({ IDENTITY_ENDPOINT: url, IDENTITY_HEADER: "another secret" });
    const { stderr } = await refusal(["azure_msi", "--audience", APPLICATION], { apart: true });
    expect(stderr).toContain("Azure gave no token");
    expect(stderr).not.toContain("another secret");
  });

  it("needs the registered application, and a cloud", async () => {
    place();
    expect(await refusal(["azure_msi"])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("say --audience"),
    });
    const { stderr } = await refusal(["azure_msi", "--audience", APPLICATION]);
    expect(stderr).toContain("this is not an Azure virtual machine");
  });

  it("has the document attested with half the hash of S as its nonce", async () => {
    const tenant = await simulateTenant(TENANT);
    const nonces: string[] = [];
    const attest = async (nonce: string) => {
      nonces.push(nonce);
      return "MIIC";
    };
    const url = await serve(tenant.machine({ ...identity, attest }));
    place({ AZURE_POD_IDENTITY_AUTHORITY_HOST: url });
    expect(await evidence(["azure_imds", "--audience", S])).toEqual({
      type: "azure_imds",
      signature: "MIIC",
    });
    expect(nonces).toEqual([createHash("sha256").update(S).digest("hex").slice(0, 32)]);
  });
});
