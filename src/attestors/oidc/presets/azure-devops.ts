import type { OidcPreset } from "../preset.ts";

/**
 * Azure Pipelines: an issuer for each organization, and one audience for all of its tokens, Entra's own. Tokens of service
 * connections (`sc://…`) are what Entra federation is fed with, and say nothing of a pipeline.
 */
export const azureDevops: OidcPreset = {
  name: "azure_devops",
  issuerForm: {
    pattern: /^https:\/\/vstoken\.dev\.azure\.com\/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
    text: "https://vstoken.dev.azure.com/<organization id>, in lower case",
  },
  algorithms: ["RS256"],
  audience: "api://AzureADTokenExchange",
  defaultBinding: "audience",
  demands: [{ path: ["sub"], reason: "not_a_workload", prefix: "p://" }],
  claims: {
    org_id: { kind: "string", required: true },
    prj_id: { kind: "string", required: true },
    def_id: { kind: "string", required: true },
    rpo_id: { kind: "string" },
    rpo_uri: { kind: "string" },
    rpo_ver: { kind: "string" },
    rpo_ref: { kind: "string" },
    run_id: { kind: "string", required: true },
  },
  joinable: ["org_id", "prj_id", "def_id", "rpo_ver", "run_id"],
};
