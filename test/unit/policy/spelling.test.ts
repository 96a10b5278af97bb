import { describe, expect, it } from "vitest";
import { azureMsi } from "../../../src/attestors/azure/msi.ts";
import { x509Pop } from "../../../src/attestors/x509/pop.ts";
import { compile, errorsOf, FACTORS, type Json } from "./fixtures.ts";

const TENANT = "6f0c0000-0000-4000-8000-000000000000";
const factors = [
  ...azureMsi.factors({ tenants: [TENANT], audience: "api://x" }),
  ...x509Pop.factors({ fleet: { ca: "data:," } }),
  ...FACTORS.filter(({ name }) => name === "oidc.dev"),
];
const errors = (rules: readonly Json[], deny: readonly Json[]) =>
  errorsOf(compile(rules, deny, { claimStore: true }, factors).issues);

/** As the portal of Azure and `openssl x509` write what evidence gives in lower case. */
const MISSPELT: readonly [factor: string, claim: string, value: unknown, at?: string][] = [
  ["azure_msi", "resource_name", "Web"],
  ["azure_msi", "resource_group", ["reports", "Payments"], ".1"],
  ["azure_msi", "resource_group", "Pay*"],
  ["azure_msi", "resource_type", "Microsoft.Compute/virtualMachines"],
  ["azure_msi", "resource", `/subscriptions/${TENANT}/resourceGroups/rg/*/*/*/*`],
  ["azure_msi", "principal_id", TENANT.toUpperCase()],
  ["x509_pop.fleet", "serial", "7A3F"],
  ["x509_pop.fleet", "serial", "7a:3f"],
  ["x509_pop.fleet", "serial", "a3f"],
  ["x509_pop.fleet", "serial", "0x7a3f"],
  ["x509_pop.fleet", "fingerprint", Array.from({ length: 32 }, () => "AB").join(":")],
  ["x509_pop.fleet", "ca_fingerprint", "sha256*"],
];

describe("a claim that is always given in one spelling", () => {
  it.each(MISSPELT)("%s.%s is not denied in another: %j", (evidence, claim, value, at = "") => {
    const refused = [expect.stringMatching(RegExp(`^deny\\.0\\.${claim}${at}: is always given`))];
    expect(errors([], [{ evidence, [claim]: value }])).toEqual(refused);
    expect(errors([], [{ [claim]: value }])).toEqual(refused);
  });

  it.each(MISSPELT)("%s.%s is not matched in another: %j", (name, claim, value, at = "") => {
    const rule = { name: "r", evidence: { [name]: { [claim]: value } }, spiffe_id: "/r", x509: {} };
    const settings = name === "azure_msi" ? { keys_per_token: 1 } : {};
    const place = `rules.0.evidence.${name}.${claim}${at}: is always given`;
    expect(errors([{ ...rule, ...settings }], [])).toEqual([expect.stringContaining(place)]);
  });

  it("a tenant is not denied in capitals either", () => {
    const refused = [expect.stringMatching(/^deny\.0\.tenant: is always given/)];
    expect(errors([], [{ tenant: "6F0C0000-0000-4000-8000-000000000000" }])).toEqual(refused);
  });

  it.each<Json>([
    { tenant: TENANT },
    { resource_name: "web-1" },
    { resource_group: "pay*" },
    { serial: "0a3f" },
    { serial: ["00*", "ff", "a*", "*f", "7*3*f"] },
    { common_name: "Web" },
    { evidence: "oidc.dev", serial: "7A3F" },
    { evidence: "oidc.dev", resource_name: "Web" },
  ])("is denied in its own, and others in any: %j", (entry) => {
    expect(errors([], [entry])).toEqual([]);
  });
});
