import { ISSUER, NOW } from "../../support.ts";

/** A good token of one preset, as its issuer documents it, and the entry that believes it. */
export interface Sample {
  readonly settings: Readonly<Record<string, unknown>>;
  readonly audience: string;
  readonly claims: Readonly<Record<string, unknown>>;
  /** What is different in the token of somebody else. */
  readonly foreign: Readonly<Record<string, unknown>>;
}

const TIMES = { iat: NOW - 10, nbf: NOW - 10, exp: NOW + 290 };
const UUID = "0190a1b2-c3d4-4e5f-8a6b-7c8d9e0f1a2b";
const OTHER = "0190ffff-c3d4-4e5f-8a6b-7c8d9e0f1a2b";

function sample(
  settings: Sample["settings"],
  claims: Sample["claims"],
  foreign: Sample["foreign"],
  audience = ISSUER,
): Sample {
  return { settings, audience, claims: { ...TIMES, aud: audience, ...claims }, foreign };
}

function cluster(preset: string, issuer: string | undefined, other: string): Sample {
  const iss = issuer ?? "https://kubernetes.default.svc.cluster.local";
  const claims = {
    iss,
    sub: "system:serviceaccount:payments:api",
    jti: UUID,
    "kubernetes.io": {
      namespace: "payments",
      node: { name: "node-1", uid: "1c29ea29-3c5b-4c4f-b7d7-5b8b5d3fbbd1" },
      pod: { name: "api-7d9c-x2x1z", uid: "5e0bd49b-f040-43b0-99b7-22765a53f7f3" },
      serviceaccount: { name: "api", uid: "14ee3fa4-a7e2-420f-9f9a-dbc4507c3798" },
    },
  };
  const settings = { preset, ...(issuer !== undefined && { issuer }) };
  return sample(settings, claims, { iss: other });
}

const GKE = "https://container.googleapis.com/v1/projects";
const EKS = "https://oidc.eks.eu-central-1.amazonaws.com/id";
const AKS = "https://westeurope.oic.prod-aks.azure.com";

export const SAMPLES: Readonly<Record<string, Sample>> = {
  github_actions: sample(
    { preset: "github_actions", repository_owner_id: ["4163707"] },
    {
      iss: "https://token.actions.githubusercontent.com",
      sub: "repo:acme@4163707/deploy@1171605621:ref:refs/heads/main",
      repository_owner: "acme",
      repository_owner_id: "4163707",
      repository: "acme/deploy",
      repository_id: "1171605621",
      repository_visibility: "private",
      job_workflow_ref: "acme/deploy/.github/workflows/deploy.yml@refs/heads/main",
      job_workflow_sha: "ec022c5d3b2b83dee1fd044aeff40586c373eabe",
      workflow_sha: "ec022c5d3b2b83dee1fd044aeff40586c373eabe",
      sha: "ec022c5d3b2b83dee1fd044aeff40586c373eabe",
      ref: "refs/heads/main",
      ref_type: "branch",
      ref_protected: "false",
      base_ref: "",
      head_ref: "",
      event_name: "push",
      runner_environment: "github-hosted",
      actor: "octocat",
      actor_id: "583231",
      run_id: "22623552844",
      run_attempt: "1",
    },
    { repository_owner_id: "4163708" },
  ),
  gitlab: sample(
    { preset: "gitlab", namespace_id: ["72"] },
    {
      iss: "https://gitlab.com",
      sub: "project_path:acme/deploy:ref_type:branch:ref:main",
      namespace_id: "72",
      namespace_path: "acme",
      project_id: "20",
      project_path: "acme/deploy",
      pipeline_id: "574",
      pipeline_source: "push",
      job_id: "302",
      ref: "main",
      ref_type: "branch",
      ref_path: "refs/heads/main",
      ref_protected: "true",
      environment_protected: "false",
      runner_id: 1,
      runner_environment: "gitlab-hosted",
      sha: "714a629c0b401fdce83e847fc9589983fc6f46bc",
      ci_config_ref_uri: "gitlab.com/acme/deploy//.gitlab-ci.yml@refs/heads/main",
      ci_config_sha: "714a629c0b401fdce83e847fc9589983fc6f46bc",
      user_id: "1",
      user_login: "somebody",
    },
    { namespace_id: "73" },
  ),
  buildkite: sample(
    { preset: "buildkite", organization_id: UUID },
    {
      iss: "https://agent.buildkite.com",
      sub: "organization:acme:pipeline:deploy:ref:refs/heads/main:commit:HEAD:step:deploy",
      organization_slug: "acme",
      organization_id: UUID,
      pipeline_slug: "deploy",
      pipeline_id: "0184990a-477b-4fa8-9968-496074483k77",
      build_number: 9,
      build_branch: "main",
      build_commit: "HEAD",
      step_key: "deploy",
      job_id: "0184990a-4782-42b5-afc1-16715b10b1d0",
      agent_id: "0184990a-4782-42b5-afc1-16715b10b8ff",
      runner_environment: "self-hosted",
    },
    { organization_id: OTHER },
  ),
  circleci: sample(
    { preset: "circleci", issuer: `https://oidc.circleci.com/org/${UUID}`, org_id: UUID },
    {
      iss: `https://oidc.circleci.com/org/${UUID}`,
      sub: `org/${UUID}/project/11111111-2222-4333-8444-555555555555/user/66666666-2222-4333-8444-555555555555`,
      "oidc.circleci.com/project-id": "11111111-2222-4333-8444-555555555555",
      "oidc.circleci.com/context-ids": ["77777777-2222-4333-8444-555555555555"],
      "oidc.circleci.com/vcs-origin": "github.com/acme/deploy",
      "oidc.circleci.com/vcs-ref": "refs/heads/main",
      "oidc.circleci.com/ssh-rerun": false,
    },
    { iss: `https://oidc.circleci.com/org/${OTHER}` },
  ),
  terraform_cloud: sample(
    { preset: "terraform_cloud", terraform_organization_id: "org-GRNbCjYNpBB6NEBJ" },
    {
      iss: "https://app.terraform.io",
      sub: "organization:acme:project:infra:workspace:prod:run_phase:apply",
      terraform_organization_id: "org-GRNbCjYNpBB6NEBJ",
      terraform_organization_name: "acme",
      terraform_project_id: "prj-vegSA59s1XPwMr2t",
      terraform_project_name: "infra",
      terraform_workspace_id: "ws-mbsd5E3Ktt5Rg2Xm",
      terraform_workspace_name: "prod",
      terraform_full_workspace: "organization:acme:project:infra:workspace:prod",
      terraform_run_id: "run-X3n1AUXNGWbfECsJ",
      terraform_run_phase: "apply",
    },
    { terraform_organization_id: "org-AAAAAAAAAAAAAAAA" },
  ),
  spacelift: sample(
    {
      preset: "spacelift",
      issuer: "https://acme.app.spacelift.io",
      audience: "acme.app.spacelift.io",
    },
    {
      iss: "https://acme.app.spacelift.io",
      sub: "space:root:stack:infra:run_type:TRACKED:scope:write",
      spaceId: "root",
      callerType: "stack",
      callerId: "infra",
      runType: "TRACKED",
      runId: "01HZJXGTQ084DX0G0V92QH3XW4",
      scope: "write",
    },
    { iss: "https://other.app.spacelift.io" },
    "acme.app.spacelift.io",
  ),
  bitbucket: sample(
    {
      preset: "bitbucket",
      issuer: "https://api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc",
      audience: `ari:cloud:bitbucket::workspace/${UUID}`,
    },
    {
      iss: "https://api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc",
      sub: `{${OTHER}}:{11111111-2222-4333-8444-555555555555}`,
      workspaceUuid: `{${UUID}}`,
      repositoryUuid: `{${OTHER}}`,
      pipelineUuid: "{22222222-2222-4333-8444-555555555555}",
      stepUuid: "{11111111-2222-4333-8444-555555555555}",
      branchName: "main",
    },
    { iss: "https://api.bitbucket.org/2.0/workspaces/other/pipelines-config/identity/oidc" },
    `ari:cloud:bitbucket::workspace/${UUID}`,
  ),
  azure_devops: sample(
    { preset: "azure_devops", issuer: `https://vstoken.dev.azure.com/${UUID}` },
    {
      iss: `https://vstoken.dev.azure.com/${UUID}`,
      sub: "p://acme/infra/deploy",
      org_id: UUID,
      prj_id: OTHER,
      def_id: "12",
      rpo_id: "11111111-2222-4333-8444-555555555555",
      rpo_uri: "https://dev.azure.com/acme/infra/_git/deploy",
      rpo_ver: "714a629c0b401fdce83e847fc9589983fc6f46bc",
      rpo_ref: "refs/heads/main",
      run_id: "345",
    },
    { iss: `https://vstoken.dev.azure.com/${OTHER}` },
    "api://AzureADTokenExchange",
  ),
  fly: sample(
    { preset: "fly", issuer: "https://oidc.fly.io/acme" },
    {
      iss: "https://oidc.fly.io/acme",
      sub: "acme:api:ancient-snow-4824",
      org_id: "29873298",
      org_name: "acme",
      app_id: "3671581",
      app_name: "api",
      machine_id: "3d8d377ce9e398",
      machine_name: "ancient-snow-4824",
      machine_version: "01HZJXGTQ084DX0G0V92QH3XW4",
      image: "acme/api:1.2",
      image_digest: "sha256:9e1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f708192a3b4c5d6e7f8",
      region: "ams",
    },
    { iss: "https://oidc.fly.io/other" },
  ),
  vercel: sample(
    { preset: "vercel", issuer: "https://oidc.vercel.com/acme", owner_id: "team_7Gw5ZMBpQA8h90F8" },
    {
      iss: "https://oidc.vercel.com/acme",
      sub: "owner:acme:project:site:environment:production",
      owner: "acme",
      owner_id: "team_7Gw5ZMBpQA8h90F8",
      project: "site",
      project_id: "prj_7Gw5ZMBvQA8h9wP8",
      environment: "production",
    },
    { owner_id: "team_AAAAAAAAAAAAAAAA" },
  ),
  kubernetes: cluster("kubernetes", undefined, "https://kubernetes.default.svc"),
  eks: cluster(
    "eks",
    `${EKS}/0123456789ABCDEF0123456789ABCDEF`,
    `${EKS}/FEDCBA9876543210FEDCBA9876543210`,
  ),
  gke: cluster(
    "gke",
    `${GKE}/example.com:shop/locations/europe-west3/clusters/prod`,
    `${GKE}/shop/locations/europe-west3/clusters/prod`,
  ),
  aks: cluster("aks", `${AKS}/${UUID}/${OTHER}/`, `${AKS}/${UUID}/${OTHER}`),
};
