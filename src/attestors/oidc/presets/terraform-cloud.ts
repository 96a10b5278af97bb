import type { OidcPreset } from "../preset.ts";

/**
 * HCP Terraform and Terraform Enterprise. A plan runs whatever code a pull request brings, in speculative plans before
 * anybody has seen it, and no claim tells those apart: only the apply phase is believed unless the entry says otherwise. The audience is a
 * variable of the workspace.
 */
export const terraformCloud: OidcPreset = {
  name: "terraform_cloud",
  issuer: "https://app.terraform.io",
  issuerForm: { text: "https://app.terraform.io, or the URL of your Terraform Enterprise" },
  algorithms: ["RS256"],
  pin: "terraform_organization_id",
  pinFrom: "org-…, in the settings of the organization",
  defaultBinding: "audience",
  demands: [
    {
      path: ["terraform_run_phase"],
      reason: "run_not_allowed",
      oneOf: ["apply"],
      optIn: "allow_run_phases",
    },
  ],
  claims: {
    terraform_organization_id: { kind: "string", required: true },
    terraform_project_id: { kind: "string" },
    terraform_workspace_id: { kind: "string", required: true },
    terraform_run_id: { kind: "string", required: true },
    terraform_run_phase: { kind: "string", required: true },
    terraform_organization_name: { kind: "string" },
    terraform_project_name: { kind: "string" },
    terraform_workspace_name: { kind: "string" },
    terraform_full_workspace: { kind: "string" },
  },
  joinable: [
    "terraform_organization_id",
    "terraform_project_id",
    "terraform_workspace_id",
    "terraform_run_id",
  ],
};
