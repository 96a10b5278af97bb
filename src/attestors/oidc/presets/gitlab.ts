import type { OidcPreset } from "../preset.ts";

/**
 * GitLab CI/CD, gitlab.com or self-managed. The same issuer and keys sign the tokens that people log in with: those have none
 * of the members that name a pipeline. The audience stands in the pipeline's own YAML.
 */
export const gitlab: OidcPreset = {
  name: "gitlab",
  issuer: "https://gitlab.com",
  issuerForm: { text: "https://gitlab.com or the URL of your instance" },
  algorithms: ["RS256"],
  pin: "namespace_id",
  pinFrom: "the id of the group or user, not its path",
  defaultBinding: "audience",
  demands: [
    { path: ["project_id"], reason: "not_a_workload" },
    { path: ["namespace_id"], reason: "not_a_workload" },
    { path: ["pipeline_id"], reason: "not_a_workload" },
    { path: ["ci_config_ref_uri"], reason: "not_a_workload" },
  ],
  claims: {
    namespace_id: { kind: "string", required: true },
    project_id: { kind: "string", required: true },
    pipeline_id: { kind: "string", required: true },
    ci_config_ref_uri: { kind: "string", required: true },
    ci_config_sha: { kind: "string" },
    job_id: { kind: "string" },
    project_path: { kind: "string" },
    namespace_path: { kind: "string" },
    project_visibility: { kind: "string" },
    pipeline_source: { kind: "string" },
    ref: { kind: "string" },
    ref_type: { kind: "string" },
    ref_path: { kind: "string" },
    ref_protected: { kind: "string" },
    sha: { kind: "string" },
    environment: { kind: "string" },
    environment_protected: { kind: "string" },
    deployment_tier: { kind: "string" },
    runner_id: { kind: "number" },
    runner_environment: { kind: "string" },
    user_id: { kind: "string" },
  },
  joinable: ["namespace_id", "project_id", "pipeline_id", "job_id", "sha", "ci_config_sha"],
};
