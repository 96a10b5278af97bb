import { describe, expect, it } from "vitest";
import { isFirstParty } from "../../../../src/attestors/azure/first-party.ts";
import { azureMsi } from "../../../../src/attestors/azure/msi.ts";
import { outcome } from "../../../conformance/attestor.ts";
import { build, complaints } from "../support.ts";
import { TENANT, AUDIENCE, settings, judgeClaims, V1 } from "./msi-support.ts";

describe("azure_msi", () => {
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
      expect(
        outcome(await judgeClaims({ ...V1, aud: audience }, {}, { ...settings, audience })),
      ).toBe("accepted");
      expect(outcome(await judgeClaims({ ...V1, aud: audience }))).toBe("audience_mismatch");
    });
    it.each([
      "https://attest.azure.net",
      "https://attest.azure.us",
      "https://management.core.chinacloudapi.cn/",
      "https://login.microsoftonline.com",
      "https://login.microsoftonline.us",
      "https://dev.azuresynapse.net",
      "https://azconfig.io",
      "https://acme.azconfig.io",
      "https://api.loganalytics.io",
      "https://app.vssps.visualstudio.com",
      "https://acme.crm.dynamics.com",
      "https://manage.office.com",
      "https://outlook.office365.com",
      "https://acme.sharepoint.com",
      "graph.microsoft.com",
      "00000002-0000-0000-c000-000000000000",
      "e406a681-f3d4-42a8-90b6-c2b029497af1",
      "cfa8b339-82a2-471a-a3c9-0fc0be7a4093",
      "022907d3-0f1b-48f7-badc-1ba6abab6d66",
      "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d",
      "fb60f99c-7a34-4190-8149-302f77469936",
      "api://fb60f99c-7a34-4190-8149-302f77469936",
      "spn:00000003-0000-0000-c000-000000000000",
    ])("knows Microsoft's own %s", (audience) => {
      expect(isFirstParty(audience)).toBe(true);
    });
    it("warns of Microsoft's own among others", async () => {
      const audience = [AUDIENCE, "https://graph.microsoft.com"];
      const { issues } = await build(azureMsi, { ...settings, audience });
      expect(issues).toMatchObject([{ path: ["audience"], severity: "warning" }]);
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
      expect(
        outcome(await judgeClaims({ ...V1, aud: `${audience}/` }, {}, { ...settings, audience })),
      ).toBe("audience_mismatch");
    });
    it("needs keys_per_token of each rule", () => {
      const [factor] = azureMsi.factors(azureMsi.config().parse(settings));
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
      [{ tenants: [`0${TENANT}`], audience: AUDIENCE }, "tenants.0"],
      [{ tenants: [`${TENANT}0`], audience: AUDIENCE }, "tenants.0"],
      [{ tenants: [TENANT] }, "audience"],
      [{ tenants: [TENANT], audience: [] }, "audience"],
      [{ tenants: [TENANT], audience: AUDIENCE, max_lifetime: "1h" }, ""],
    ])("refuses %j", (section, paths) => {
      expect(complaints(azureMsi, section).join(",")).toBe(paths);
    });
  });
});
