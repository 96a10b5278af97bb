import type { OidcPreset } from "../preset.ts";

const ORGANISATIONS = "https://oidc.circleci.com/org/";

/**
 * CircleCI, with an issuer for each organization or the one root issuer. A person who reruns a job with SSH is inside it and
 * has its token.
 */
export const circleci: OidcPreset = {
  name: "circleci",
  issuer: "https://oidc.circleci.com",
  customerIssuers: ORGANISATIONS,
  issuerForm: {
    pattern:
      /^https:\/\/oidc\.circleci\.com(?:\/org\/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})?$/,
    text: "https://oidc.circleci.com/org/<organization id>, or https://oidc.circleci.com for tokens got with --root-issuer",
  },
  algorithms: ["RS256"],
  pin: "org_id",
  pinFrom: "the UUID under Organization Settings, Overview",
  defaultBinding: "key",
  demands: [{ path: ["oidc.circleci.com/ssh-rerun"], reason: "run_not_allowed", oneOf: [false] }],
  claims: {
    org_id: {
      kind: "string",
      path: ["oidc.circleci.com/org-id"],
      issuerPrefix: ORGANISATIONS,
      required: true,
    },
    project_id: { kind: "string", path: ["oidc.circleci.com/project-id"], required: true },
    pipeline_definition_id: { kind: "string", path: ["oidc.circleci.com/pipeline-definition-id"] },
    pipeline_id: { kind: "string", path: ["oidc.circleci.com/pipeline-id"] },
    workflow_id: { kind: "string", path: ["oidc.circleci.com/workflow-id"] },
    job_id: { kind: "string", path: ["oidc.circleci.com/job-id"] },
    context_ids: { kind: "strings", path: ["oidc.circleci.com/context-ids"] },
    vcs_origin: { kind: "string", path: ["oidc.circleci.com/vcs-origin"] },
    vcs_ref: { kind: "string", path: ["oidc.circleci.com/vcs-ref"] },
  },
  joinable: ["org_id", "project_id", "pipeline_id", "workflow_id", "job_id"],
  check({ issuer, customers }) {
    const named = issuer?.startsWith(ORGANISATIONS)
      ? issuer.slice(ORGANISATIONS.length)
      : undefined;
    return named === undefined || customers.length === 0 || customers.includes(named)
      ? []
      : [["org_id", `the issuer is that of ${named}, so no other organization can be believed`]];
  },
};
