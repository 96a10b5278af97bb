import { describe, expect, it } from "vitest";
import { azureMsi } from "../../../../src/attestors/azure/msi.ts";
import { accepted, expectRefused, JKT, judge } from "../../../conformance/attestor.ts";
import { tokenAttestorConformance } from "../../../conformance/token-attestor.ts";
import { FakeNetwork } from "../../../fakes/network.ts";
import { keySet, keySetUrl, tokenKey } from "../../../fakes/token-issuer.ts";
import { build, buildClean, complaints, NOW } from "../support.ts";

const TENANT = "6f0c1c92-0d5d-4c3f-9d1c-2a6f3f1f7b10";
const OTHER_TENANT = "72f988bf-86f1-41af-91ab-2d7cd011db47";
const AUDIENCE = "api://e5c0a9e1-7c0c-4d8e-8f5b-4f8f3c5f0a11/svidmint";
const KEYS = `https://login.microsoftonline.com/${TENANT}/discovery/v2.0/keys`;
const OID = "7ffb2574-9f6e-4520-8292-614fdefd9fe0";
const CLIENT = "c88229ce-c5e4-48bf-b649-c490c6e8f343";
const GROUP = "/subscriptions/ba45b233-e2ef-4169-8808-49eb0d8eba0d/resourcegroups/Payments";
const MACHINE = `${GROUP}/providers/Microsoft.Compute/virtualMachines/Api-1`;
const IDENTITY = `${GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/payments-id`;

const COMMON = {
  aud: AUDIENCE as unknown,
  iat: NOW - 300,
  nbf: NOW - 300,
  exp: NOW + 86_400,
  aio: "E2FgYFjXypBaFLjyaY9V6pkZK5ZdBAA=",
  idtyp: "app",
  oid: OID,
  sub: OID,
  rh: "0.ARoAv4j5cvGGr0GRqy180BHbR0ZIf3kAutdPukPawfj2MBMaAAA.",
  tid: TENANT,
  uti: "24UKQ6oZrkipJHqubOn_AA",
  xms_mirid: MACHINE,
  xms_tcdt: 1289241547,
};
const V1 = {
  ...COMMON,
  iss: `https://sts.windows.net/${TENANT}/`,
  ver: "1.0",
  appid: CLIENT,
  appidacr: "2",
};
const V2 = {
  ...COMMON,
  iss: `https://login.microsoftonline.com/${TENANT}/v2.0`,
  ver: "2.0",
  azp: CLIENT,
  azpacr: "2",
};

const key = await tokenKey("RS256", "entra-1");
const jwks = keySetUrl(key);
const settings = { tenants: [TENANT], audience: AUDIENCE, jwks };

describe.each([
  ["version 1", V1, `https://sts.windows.net/${OTHER_TENANT}/`],
  ["version 2", V2, `https://login.microsoftonline.com/${OTHER_TENANT}/v2.0`],
])("%s", (version, claims, otherIssuer) => {
  tokenAttestorConformance(`azure_msi, ${version}`, async () => {
    const network = new FakeNetwork();
    return {
      attestor: await buildClean(azureMsi, settings, { network }),
      elsewhere: await buildClean(azureMsi, settings, { trustDomain: "test.example" }),
      factor: azureMsi.factors(azureMsi.config.parse(settings))[0]!,
      now: NOW,
      key,
      network,
      audience: AUDIENCE,
      maxLifetimeSeconds: 87_000,
      claims: (aud) => ({ ...claims, aud }),
      members: { type: "azure_msi" },
      foreign: async () => ({
        type: "azure_msi",
        token: await key.sign({ ...claims, iss: otherIssuer, tid: OTHER_TENANT }),
      }),
      fetching: (served) =>
        buildClean(azureMsi, { ...settings, jwks: undefined }, { network: served }),
      keysUrl: KEYS,
    };
  });
});

async function judgeClaims(claims: object, header?: object, by: object = settings) {
  const { attestor } = await build(azureMsi, by);
  return judge(attestor, { type: "azure_msi", token: await key.sign(claims, header) }, NOW, JKT);
}

describe("azure_msi", () => {
  it.each([
    ["version 1", V1],
    ["version 2", V2],
  ])("attests a machine by its own identity, %s", async (_, claims) => {
    expect(accepted(await judgeClaims(claims))).toEqual({
      type: "azure_msi",
      name: "azure_msi",
      claims: {
        kind: "system_assigned",
        tenant: TENANT,
        principal_id: OID,
        client_id: CLIENT,
        identity: MACHINE.toLowerCase(),
        resource: MACHINE.toLowerCase(),
        subscription: "ba45b233-e2ef-4169-8808-49eb0d8eba0d",
        resource_group: "payments",
        resource_type: "microsoft.compute/virtualmachines",
        resource_name: "api-1",
        uti: COMMON.uti,
      },
      binding: { kind: "none" },
      notBefore: NOW - 300,
      notAfter: NOW + 86_400,
      claimKey: expect.stringMatching(/^[0-9a-f]{64}$/),
      generation: 0,
    });
  });

  it("attests an app by an identity that was assigned to it", async () => {
    const resource = `${GROUP}/providers/Microsoft.Web/sites/shop`;
    const { claims } = accepted(
      await judgeClaims({ ...V1, xms_mirid: IDENTITY, xms_az_rid: resource }),
    );
    expect(claims).toMatchObject({
      kind: "user_assigned",
      identity: IDENTITY.toLowerCase(),
      resource: resource.toLowerCase(),
      resource_type: "microsoft.web/sites",
      resource_name: "shop",
    });
  });

  it("attests an assigned identity without saying where, if the token does not say", async () => {
    const { claims } = accepted(await judgeClaims({ ...V1, xms_mirid: IDENTITY }));
    expect(claims).toMatchObject({ kind: "user_assigned", identity: IDENTITY.toLowerCase() });
    expect(claims).not.toHaveProperty("resource");
    expect(claims).not.toHaveProperty("resource_name");
  });

  it("never reads a key from the audience", async () => {
    const audience = [AUDIENCE, `${AUDIENCE}/2`];
    const { binding } = accepted(
      await judgeClaims({ ...V1, aud: `${AUDIENCE}/2` }, {}, { ...settings, audience }),
    );
    expect(binding).toEqual({ kind: "none" });
  });

  describe("claim key", () => {
    it("is one for one token of Entra, however it is signed and dated", async () => {
      const first = accepted(await judgeClaims(V1)).claimKey;
      expect(
        accepted(await judgeClaims({ ...V1, iat: NOW - 200 }, { x5t: "other" })).claimKey,
      ).toBe(first);
      expect(accepted(await judgeClaims(V2)).claimKey).toBe(first);
      expect(
        accepted(await judgeClaims({ ...V1, uti: "N6oowlsRwUSaz5uhonQkAA" })).claimKey,
      ).not.toBe(first);
    });
    it.each([undefined, "", 1, null])("needs a uti: refuses %j", async (uti) => {
      expectRefused(await judgeClaims({ ...V1, uti }), "claim_missing");
    });
  });

  describe("tenant (AT-10)", () => {
    it("refuses a version that is not its issuer's", async () => {
      expectRefused(await judgeClaims({ ...V1, ver: "2.0" }), "claim_value");
      expectRefused(await judgeClaims({ ...V2, ver: "1.0" }), "claim_value");
      expectRefused(await judgeClaims({ ...V1, ver: undefined }), "claim_value");
      expectRefused(await judgeClaims({ ...V1, iss: V2.iss }), "claim_value");
      expectRefused(await judgeClaims({ ...V2, iss: V1.iss }), "claim_value");
    });
    it.each([OTHER_TENANT, TENANT.toUpperCase(), "", undefined, null, [TENANT], "common"])(
      "refuses tid %j under a configured issuer",
      async (tid) => {
        expectRefused(await judgeClaims({ ...V1, tid }), "tenant_not_configured");
      },
    );
    it.each([
      `https://sts.windows.net/${TENANT}`,
      `https://sts.windows.net/${TENANT.toUpperCase()}/`,
      `https://login.microsoftonline.com/${TENANT}/`,
      `https://login.microsoftonline.com/${TENANT}/v2.0/`,
      `https://login.microsoftonline.com/common/v2.0`,
      `https://login.microsoftonline.com/{tenantid}/v2.0`,
      `https://sts.windows.net/${OTHER_TENANT}/`,
    ])("refuses issuer %s", async (iss) => {
      expectRefused(await judgeClaims({ ...V1, iss }), "issuer_not_configured");
    });
    it("asks only the tenant's own keys, and those of no other configured one", async () => {
      const theirs = await tokenKey("RS256", "entra-2");
      const network = new FakeNetwork()
        .serveJson(KEYS, keySet(key))
        .serveJson(
          `https://login.microsoftonline.com/${OTHER_TENANT}/discovery/v2.0/keys`,
          keySet(theirs),
        );
      const both = { tenants: [TENANT, OTHER_TENANT], audience: AUDIENCE };
      const attestor = await buildClean(azureMsi, both, { network });
      const token = await theirs.sign(V1);
      expectRefused(await judge(attestor, { type: "azure_msi", token }, NOW), "key_unknown");
      expect(network.calls).toEqual([KEYS]);
    });
  });

  describe("what is not a managed identity", () => {
    it.each(["user", "device", "", "App", 1, null, ["app"]])("refuses idtyp %j", async (idtyp) => {
      expectRefused(await judgeClaims({ ...V1, idtyp }), "not_a_workload");
    });
    it("takes an old token without idtyp only if its client holds a certificate", async () => {
      accepted(await judgeClaims({ ...V1, idtyp: undefined }));
      expectRefused(
        await judgeClaims({ ...V1, idtyp: undefined, appidacr: undefined }),
        "claim_missing",
      );
      for (const appidacr of ["0", "1", 2, null, "3"]) {
        // oxlint-disable-next-line no-await-in-loop -- few
        expectRefused(await judgeClaims({ ...V1, idtyp: undefined, appidacr }), "not_a_workload");
        // oxlint-disable-next-line no-await-in-loop -- few
        expectRefused(await judgeClaims({ ...V1, appidacr }), "not_a_workload");
      }
      expectRefused(
        await judgeClaims({ ...V2, idtyp: undefined, azpacr: undefined, appidacr: "2" }),
        "claim_missing",
      );
    });
    it.each([
      "scp",
      "upn",
      "unique_name",
      "preferred_username",
      "name",
      "given_name",
      "family_name",
      "email",
      "amr",
    ])("refuses a person's token, known by %s", async (member) => {
      for (const idtyp of ["app", undefined]) {
        // oxlint-disable-next-line no-await-in-loop -- two
        expectRefused(await judgeClaims({ ...V1, idtyp, [member]: "x" }), "not_a_workload");
      }
    });
    it("refuses a Graph token: a nonce in the header", async () => {
      for (const nonce of ["x", "", null, 1]) {
        // oxlint-disable-next-line no-await-in-loop -- few
        expectRefused(await judgeClaims(V1, { nonce }), "jws_header_forbidden");
      }
    });
    it("refuses an application that is no managed identity", async () => {
      expectRefused(await judgeClaims({ ...V1, xms_mirid: undefined }), "not_a_workload");
    });
    it.each([
      ["oid", undefined, "claim_missing"],
      ["oid", OID.toUpperCase(), "claim_value"],
      ["oid", "7ffb2574-9f6e-4520-8292-614fdefd9fe1", "claim_value"],
      ["sub", undefined, "claim_missing"],
      ["sub", "x", "claim_value"],
      ["appid", undefined, "claim_missing"],
      ["appid", "x", "claim_value"],
      ["appid", 1, "claim_missing"],
    ] as const)("refuses %s %j", async (member, value, reason) => {
      expectRefused(await judgeClaims({ ...V1, [member]: value }), reason);
    });
    it("reads no client of the other version", async () => {
      expectRefused(await judgeClaims({ ...V1, appid: undefined, azp: CLIENT }), "claim_missing");
    });
  });

  describe("resource ids", () => {
    const vm = "providers/Microsoft.Compute/virtualMachines/web";
    it.each<string>([
      `${GROUP}/${vm}`,
      `${GROUP.toUpperCase()}/${vm.toUpperCase()}`,
      `${GROUP}/providers/microsoft.compute/virtualMachineScaleSets/pool`,
      `${GROUP}/providers/Microsoft.Compute/virtualMachineScaleSets/pool/virtualMachines/3`,
      `${GROUP}/providers/Microsoft.Web/sites/shop/slots/staging`,
      `${GROUP}/providers/Microsoft.App/containerApps/api`,
      `${GROUP}/providers/Microsoft.ContainerInstance/containerGroups/batch_(1)`,
    ])("takes %s", async (id) => {
      expect(accepted(await judgeClaims({ ...V1, xms_mirid: id })).claims["resource"]).toBe(
        id.toLowerCase(),
      );
    });
    it("keeps a slot apart from its site", async () => {
      const id = `${GROUP}/providers/Microsoft.Web/sites/shop/slots/staging`;
      expect(accepted(await judgeClaims({ ...V1, xms_mirid: id })).claims).toMatchObject({
        resource_type: "microsoft.web/sites/slots",
        resource_name: "shop/staging",
      });
    });
    it.each<unknown>([
      "",
      "/",
      1,
      null,
      [MACHINE],
      GROUP,
      `${GROUP}/${vm}/`,
      `${GROUP}//${vm}`,
      `${GROUP}/${vm}/extensions/evil`,
      `${GROUP}/${vm}/a/b/c/d`,
      `x${GROUP}/${vm}`,
      `${GROUP.slice(1)}/${vm}`,
      `https://management.azure.com${GROUP}/${vm}`,
      `${GROUP}/providers/Microsoft.Compute/virtualMachines/`,
      `${GROUP}/providers/Microsoft.Compute/virtualMachines/..`,
      `${GROUP}/providers/Microsoft.Compute/virtualMachines/a b`,
      `${GROUP}/providers/Microsoft.Compute/virtualMachines/a%2fb`,
      `${GROUP}/providers/Microsoft.Compute/virtualMachines/a\n`,
      `${GROUP}/providers/Microsoft.Compute/virtualMachines/\u212aube`,
      `${GROUP}/providers/Microsoft.Compute/disks/web`,
      `${GROUP}/providers/Microsoft.KeyVault/vaults/web`,
      `${GROUP}/providers/Microsoft.Evil/virtualMachines/web`,
      `${GROUP}/providers/Microsoft.Web/sites/x/virtualMachines/web`,
      `${GROUP}/providers/Microsoft.Web/sites`,
      `/subscriptions/x/resourcegroups/g/${vm}`,
      `/subscriptions/ba45b233-e2ef-4169-8808-49eb0d8eba0d/resourcegroups/${vm}`,
      `/subscriptions/ba45b233-e2ef-4169-8808-49eb0d8eba0d/resourcegroups/../${vm}`,
      `/subscriptions/ba45b233-e2ef-4169-8808-49eb0d8eba0d/${vm}`,
      `${GROUP}/providers/Microsoft.Compute/virtualMachines/${"a".repeat(1024)}`,
    ])("refuses %j, as identity and as resource", async (id) => {
      expectRefused(
        await judgeClaims({ ...V1, xms_mirid: id }),
        "claim_value",
        "claim_type",
        "not_a_workload",
      );
      const assigned = { ...V1, xms_mirid: IDENTITY, xms_az_rid: id };
      expectRefused(await judgeClaims(assigned), "claim_value", "claim_type", "not_a_workload");
    });
    it("refuses an identity as the resource that it is assigned to", async () => {
      expectRefused(
        await judgeClaims({ ...V1, xms_mirid: IDENTITY, xms_az_rid: IDENTITY }),
        "claim_value",
      );
    });
  });

  describe("configuration", () => {
    it.each([
      "https://management.azure.com",
      "https://management.azure.com/",
      "https://management.core.windows.net/",
      "https://graph.microsoft.com",
      "https://storage.azure.com/",
      "https://acme.blob.core.windows.net",
      "https://vault.azure.net",
      "https://vault.azure.cn",
      "https://management.usgovcloudapi.net/",
      "00000003-0000-0000-c000-000000000000",
      "797F4846-BA00-4FD7-BA43-DAC1F8F63013",
      "api://AzureADTokenExchange",
      "HTTPS://Management.Azure.com/",
    ])("warns of Microsoft's own audience %s, and takes it", async (audience) => {
      const { issues } = await build(azureMsi, { ...settings, audience });
      expect(issues).toMatchObject([{ path: ["audience"], severity: "warning" }]);
      accepted(await judgeClaims({ ...V1, aud: audience }, {}, { ...settings, audience }));
      expectRefused(await judgeClaims({ ...V1, aud: audience }), "audience_mismatch");
    });
    it.each([
      AUDIENCE,
      "https://id.prod.example",
      "e5c0a9e1-7c0c-4d8e-8f5b-4f8f3c5f0a11",
      "https://vm.westeurope.cloudapp.azure.com",
      "https://notazure.com",
    ])("does not warn of %s", async (audience) => {
      expect((await build(azureMsi, { ...settings, audience })).issues).toEqual([]);
    });
    it("tells the ARM audience with a slash from that without", async () => {
      const audience = "https://management.azure.com";
      expectRefused(
        await judgeClaims({ ...V1, aud: `${audience}/` }, {}, { ...settings, audience }),
        "audience_mismatch",
      );
    });
    it("needs keys_per_token of each rule", () => {
      const [factor] = azureMsi.factors(azureMsi.config.parse(settings));
      expect(factor).toMatchObject({
        pins: [{ claim: "tenant", values: [TENANT] }],
        bindings: ["none"],
        defaultBinding: "none",
        settings: ["keys_per_token"],
        required: ["keys_per_token"],
      });
      expect(factor?.instanceClaims).toBeUndefined();
    });
    it.each<[object, string]>([
      [{}, "tenants,audience"],
      [{ tenants: [], audience: AUDIENCE }, "tenants"],
      [{ tenants: [TENANT.toUpperCase()], audience: AUDIENCE }, "tenants.0"],
      [{ tenants: ["contoso.onmicrosoft.com"], audience: AUDIENCE }, "tenants.0"],
      [{ tenants: ["common"], audience: AUDIENCE }, "tenants.0"],
      [{ tenants: [TENANT] }, "audience"],
      [{ tenants: [TENANT], audience: [] }, "audience"],
      [{ tenants: [TENANT], audience: AUDIENCE, max_lifetime: "1h" }, ""],
    ])("refuses %j", (section, paths) => {
      expect(complaints(azureMsi, section).join(",")).toBe(paths);
    });
  });
});
