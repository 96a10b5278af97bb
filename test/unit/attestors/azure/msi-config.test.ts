import { describe, expect, it } from "vitest";
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
