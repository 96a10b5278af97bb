import { describe, expect, it } from "vitest";
import { accepted, outcome } from "../../../conformance/attestor.ts";
import { GROUP, MACHINE, IDENTITY, judgeClaims, V1 } from "./msi-support.ts";

describe("azure_msi", () => {
  describe("resource ids", () => {
    const vm = "providers/Microsoft.Compute/virtualMachines/web";
    it.each<string>([
      `${GROUP}/${vm}`,
      `${GROUP.toUpperCase()}/${vm.toUpperCase()}`,
      `${GROUP}/providers/microsoft.compute/virtualMachineScaleSets/pool`,
      `${GROUP}/providers/Microsoft.Compute/virtualMachineScaleSets/pool/virtualMachines/3`,
      `${GROUP}/providers/Microsoft.Web/sites/shop/slots/staging`,
      `${GROUP}/providers/Microsoft.Web/sites/shop`,
      `${GROUP}/providers/Microsoft.App/containerApps/api`,
      `${GROUP}/providers/Microsoft.App/jobs/nightly`,
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
      `${GROUP}/providers/Microsoft.Web/sites/x/slots/..`,
      `${GROUP}/providers/Microsoft.Web/sites/x/slots/`,
      `${GROUP}/providers/Microsoft.Web/sites/x/slots/a b`,
      `${GROUP.replace("/subscriptions/", "/tenants/")}/${vm}`,
      `${GROUP.replace(/\/resourcegroups\//i, "/groups/")}/${vm}`,
      `${GROUP}/${vm.replace("providers", "extensions")}`,
      `${GROUP.replace("/subscriptions/", "/subscriptions/0")}/${vm}`,
      `${GROUP.replace(/\/resourcegroups\//i, "0$&")}/${vm}`,
      `/subscriptions/x/resourcegroups/g/${vm}`,
      `/subscriptions/ba45b233-e2ef-4169-8808-49eb0d8eba0d/resourcegroups/${vm}`,
      `/subscriptions/ba45b233-e2ef-4169-8808-49eb0d8eba0d/resourcegroups/../${vm}`,
      `/subscriptions/ba45b233-e2ef-4169-8808-49eb0d8eba0d/${vm}`,
      `${GROUP}/providers/Microsoft.Compute/virtualMachines/${"a".repeat(1024)}`,
    ])("refuses %j, as identity and as resource", async (id) => {
      expect(["claim_value", "claim_type", "not_a_workload"]).toContain(
        outcome(await judgeClaims({ ...V1, xms_mirid: id })),
      );
      const assigned = { ...V1, xms_mirid: IDENTITY, xms_az_rid: id };
      expect(["claim_value", "claim_type", "not_a_workload"]).toContain(
        outcome(await judgeClaims(assigned)),
      );
    });
    it("refuses an identity as the resource that it is assigned to", async () => {
      expect(outcome(await judgeClaims({ ...V1, xms_mirid: IDENTITY, xms_az_rid: IDENTITY }))).toBe(
        "claim_value",
      );
    });
  });
});
