import { describe, expect, it } from "vitest";
import { oidc } from "../../../../../src/attestors/oidc/oidc.ts";
import { PRESETS } from "../../../../../src/attestors/oidc/presets.ts";
import type { Reason } from "../../../../../src/reasons.ts";
import { judge, outcome } from "../../../../conformance/attestor.ts";
import { keySetUrl, tokenKey } from "../../../../fakes/token-issuer.ts";
import { buildClean, NOW } from "../../support.ts";
import { judgeChanged, sampleOf } from "./support.ts";

/** What a token must say lest it be refused, and why: without it nobody could tell whose it is, or what runs there. */
const DEMANDED: Readonly<Record<string, readonly (readonly [Reason, ...string[]])[]>> = {
  github_actions: [
    ["claim_missing", "repository_owner_id", "repository_id", "job_workflow_ref"],
    ["run_not_allowed", "event_name"],
  ],
  gitlab: [["not_a_workload", "namespace_id", "project_id", "pipeline_id", "ci_config_ref_uri"]],
  buildkite: [["claim_missing", "organization_id", "pipeline_id", "job_id"]],
  circleci: [
    ["claim_missing", "oidc.circleci.com/project-id"],
    ["run_not_allowed", "oidc.circleci.com/ssh-rerun"],
  ],
  terraform_cloud: [
    ["claim_missing", "terraform_organization_id", "terraform_workspace_id", "terraform_run_id"],
    ["run_not_allowed", "terraform_run_phase"],
  ],
  spacelift: [
    ["claim_missing", "spaceId", "callerId", "runId"],
    ["run_not_allowed", "callerType", "runType"],
  ],
  bitbucket: [["claim_missing", "workspaceUuid", "repositoryUuid", "stepUuid"]],
  azure_devops: [
    ["claim_missing", "org_id", "prj_id", "def_id", "run_id"],
    ["not_a_workload", "sub"],
  ],
  fly: [["claim_missing", "org_id", "app_id", "machine_id"]],
  vercel: [
    ["claim_missing", "owner_id", "project_id"],
    ["run_not_allowed", "environment"],
  ],
};
const CASES = Object.entries(DEMANDED).flatMap(([preset, all]) =>
  all.flatMap(([reason, ...members]) => members.map((member) => [preset, member, reason] as const)),
);

describe("the presets of oidc", async () => {
  it.each(CASES)("%s refuses a token without %s: %s", async (preset, member, reason) => {
    expect(outcome(await judgeChanged(preset, { [member]: undefined }))).toBe(reason);
    expect(outcome(await judgeChanged(preset, { [member]: "" }))).toBe(reason);
  });

  const strange = await tokenKey("ES256", "one");
  const services = PRESETS.filter(({ name }) => name in DEMANDED).map(({ name }) => name);
  it.each(services)("%s takes RS256 alone, whatever its key set comes to hold", async (preset) => {
    const { settings, claims } = sampleOf(preset);
    const attestor = await buildClean(oidc, { ci: { ...settings, jwks: keySetUrl(strange) } });
    const token = await strange.sign(claims);
    expect(outcome(await judge(attestor, { type: "oidc", token }, NOW))).toBe(
      "algorithm_not_allowed",
    );
  });
});
