import { describe, expect, it } from "vitest";
import { accepted, outcome } from "../../../../conformance/attestor.ts";
import { judgeChanged } from "./support.ts";

const judged = async (changes: object, settings?: object) =>
  outcome(await judgeChanged("github_actions", changes, settings));

describe("the preset github_actions", () => {
  it("attests ids, and nothing that can be given away or customised", async () => {
    const { claims } = accepted(
      await judgeChanged("github_actions", { environment: "production" }),
    );
    expect(claims).toMatchObject({
      repository_owner_id: "4163707",
      repository_id: "1171605621",
      job_workflow_ref: "acme/deploy/.github/workflows/deploy.yml@refs/heads/main",
      ref_protected: "false",
      environment: "production",
    });
    for (const name of ["sub", "repository_owner", "actor", "iss", "base_ref", "head_ref"])
      expect(claims).not.toHaveProperty(name);
  });

  it.each([
    "push",
    "workflow_dispatch",
    "schedule",
    "release",
    "merge_group",
    "repository_dispatch",
    "create",
    "delete",
    "deployment",
    "deployment_status",
  ])("believes a job that %s started", async (event_name) => {
    expect(await judged({ event_name })).toBe("accepted");
  });

  it.each([
    "pull_request_target",
    "workflow_run",
    "issue_comment",
    "issues",
    "discussion",
    "discussion_comment",
    "pull_request",
    "pull_request_review",
    "pull_request_review_comment",
    "pull_request_comment",
    "fork",
    "watch",
    "gollum",
    "check_run",
    "dynamic",
    "an_event_to_come",
    "PUSH",
    "push ",
    "",
    null,
    undefined,
    ["push"],
    true,
  ])("refuses a job that %j started", async (event_name) => {
    expect(await judged({ event_name })).toBe("run_not_allowed");
  });

  it("believes an event that the entry lists, and only that one more", async () => {
    const settings = { allow_events: ["pull_request_target"] };
    expect(await judged({ event_name: "pull_request_target" }, settings)).toBe("accepted");
    expect(await judged({ event_name: "push" }, settings)).toBe("accepted");
    expect(await judged({ event_name: "workflow_run" }, settings)).toBe("run_not_allowed");
  });

  it("is not moved by a name that somebody took over: only the id counts", async () => {
    expect(
      await judged({
        repository_owner: "acme",
        repository_owner_id: "999",
        sub: "repo:acme/deploy",
      }),
    ).toBe("tenant_not_configured");
    const renamed = { repository_owner: "emca", repository: "emca/deploy", sub: "custom" };
    expect(await judged(renamed)).toBe("accepted");
  });

  it.each(["repository_owner_id", "repository_id", "job_workflow_ref"])(
    "refuses a token without %s, or with another type of it",
    async (name) => {
      expect(await judged({ [name]: undefined })).toBe("claim_missing");
      expect(await judged({ [name]: "" })).toBe("claim_missing");
      expect(await judged({ [name]: 4_163_707 })).toBe("claim_type");
    },
  );

  it("takes an enterprise's own issuer where the entry names it, and then no other", async () => {
    const own = "https://token.actions.githubusercontent.com/acme-corp";
    expect(await judged({ iss: own })).toBe("issuer_not_configured");
    expect(await judged({ iss: own }, { issuer: own })).toBe("accepted");
    expect(await judged({}, { issuer: own })).toBe("issuer_not_configured");
    const server = "https://ghes.example.com/_services/token";
    expect(await judged({ iss: server }, { issuer: server })).toBe("accepted");
  });
});
