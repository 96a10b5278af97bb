import type { OidcPreset } from "../preset.ts";

/** Buildkite. Slugs can be changed and given away; the ids come only where the job asks for them with `--claim`. */
export const buildkite: OidcPreset = {
  name: "buildkite",
  issuer: "https://agent.buildkite.com",
  issuerForm: {
    pattern: /^https:\/\/agent\.buildkite\.com$/,
    text: "https://agent.buildkite.com",
  },
  algorithms: ["RS256"],
  pin: "organization_id",
  pinFrom: "a UUID: the id in the answer of the REST API to GET /v2/organizations/<slug>",
  defaultBinding: "key",
  claims: {
    organization_id: { kind: "string", required: true },
    pipeline_id: { kind: "string", required: true },
    organization_slug: { kind: "string" },
    pipeline_slug: { kind: "string" },
    build_number: { kind: "number" },
    build_branch: { kind: "string" },
    build_tag: { kind: "string" },
    build_commit: { kind: "string" },
    build_source: { kind: "string" },
    build_id: { kind: "string" },
    step_key: { kind: "string" },
    job_id: { kind: "string", required: true },
    agent_id: { kind: "string" },
    cluster_id: { kind: "string" },
    queue_id: { kind: "string" },
    runner_environment: { kind: "string" },
  },
  // Not build_commit: it may say HEAD.
  joinable: ["organization_id", "pipeline_id", "job_id", "agent_id"],
};
