import type { OidcPreset } from "../preset.ts";

/**
 * Events that only people with write access to the repository can cause, and that run code of a branch or tag of it. Not
 * among them: pull requests, whose code nobody has reviewed, and what strangers start under the identity of the base
 * repository (`pull_request_target`, `workflow_run`, `issue_comment`, `issues`, `discussion`, `fork`, `watch` …).
 */
const EVENTS = [
  "create",
  "delete",
  "deployment",
  "deployment_status",
  "merge_group",
  "push",
  "release",
  "repository_dispatch",
  "schedule",
  "workflow_dispatch",
];

/**
 * GitHub Actions. Of `sub` and of the names of owner and actor nothing is passed on: `sub` can be customised and has two
 * forms, and names are given away again.
 */
export const githubActions: OidcPreset = {
  name: "github_actions",
  issuer: "https://token.actions.githubusercontent.com",
  issuerForm: {
    pattern:
      /^https:\/\/(?:token\.actions\.githubusercontent\.com(?:\/[A-Za-z0-9_-]+)?|token\.actions\.[a-z0-9-]+\.ghe\.com|[A-Za-z0-9.-]+(?::\d+)?\/_services\/token)$/,
    text: "https://token.actions.githubusercontent.com, the same with /<enterprise slug>, or https://<host>/_services/token of an Enterprise Server",
  },
  algorithms: ["RS256"],
  pin: "repository_owner_id",
  pinFrom: "gh api users/<owner> --jq .id",
  defaultBinding: "key",
  demands: [
    { path: ["event_name"], reason: "run_not_allowed", oneOf: EVENTS, optIn: "allow_events" },
  ],
  claims: {
    repository_owner_id: { kind: "string", required: true },
    repository_id: { kind: "string", required: true },
    job_workflow_ref: { kind: "string", required: true },
    job_workflow_sha: { kind: "string" },
    workflow_ref: { kind: "string" },
    workflow_sha: { kind: "string" },
    repository: { kind: "string" },
    repository_visibility: { kind: "string" },
    ref: { kind: "string" },
    ref_type: { kind: "string" },
    ref_protected: { kind: "string" },
    base_ref: { kind: "string" },
    head_ref: { kind: "string" },
    sha: { kind: "string" },
    event_name: { kind: "string" },
    environment: { kind: "string" },
    environment_node_id: { kind: "string" },
    runner_environment: { kind: "string" },
    actor_id: { kind: "string" },
    enterprise_id: { kind: "string" },
    run_id: { kind: "string" },
    run_attempt: { kind: "string" },
    check_run_id: { kind: "string" },
  },
  joinable: [
    "repository_owner_id",
    "repository_id",
    "sha",
    "workflow_sha",
    "job_workflow_sha",
    "run_id",
  ],
};
