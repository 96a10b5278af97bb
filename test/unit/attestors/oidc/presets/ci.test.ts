import { describe, expect, it } from "vitest";
import { oidc } from "../../../../../src/attestors/oidc/oidc.ts";
import type { Reason } from "../../../../../src/reasons.ts";
import { accepted, judge, outcome } from "../../../../conformance/attestor.ts";
import { FakeNetwork } from "../../../../fakes/network.ts";
import { keySet, tokenKey } from "../../../../fakes/token-issuer.ts";
import { buildClean, NOW } from "../../support.ts";
import { judgeChanged, key, sampleOf } from "./support.ts";

const OTHER = "0190ffff-c3d4-4e5f-8a6b-7c8d9e0f1a2b";

/** A preset, what is changed in its good token, why that is no good, and settings of the entry. */
type Trap = readonly [
  preset: string,
  trap: string,
  changes: object,
  expected: Reason | "accepted",
  settings?: object,
];

const TRAPS: readonly Trap[] = [
  ["gitlab", "no project", { project_id: undefined }, "not_a_workload"],
  ["gitlab", "no namespace", { namespace_id: undefined }, "not_a_workload"],
  ["gitlab", "no pipeline", { pipeline_id: null }, "not_a_workload"],
  ["gitlab", "no pipeline definition", { ci_config_ref_uri: "" }, "not_a_workload"],
  ["gitlab", "ids as numbers", { namespace_id: 72 }, "claim_type"],
  ["gitlab", "a protected flag that is a boolean", { ref_protected: true }, "claim_type"],
  ["gitlab", "a runner id as text", { runner_id: "1" }, "claim_type"],
  [
    "gitlab",
    "an instance of one's own",
    { iss: "https://git.example.com" },
    "issuer_not_configured",
  ],
  [
    "gitlab",
    "an instance that is configured",
    { iss: "https://git.example.com" },
    "accepted",
    { issuer: "https://git.example.com" },
  ],
  ["gitlab", "a job that runs for six hours", { exp: 1_800_021_590 }, "evidence_lifetime"],
  ["gitlab", "the same, as configured", { exp: 1_800_021_590 }, "accepted", { max_lifetime: "6h" }],

  ["buildkite", "no ids asked for", { organization_id: undefined }, "claim_missing"],
  ["buildkite", "no pipeline id asked for", { pipeline_id: undefined }, "claim_missing"],
  ["buildkite", "a slug for the id", { organization_id: "acme" }, "tenant_not_configured"],
  ["buildkite", "a build number as text", { build_number: "9" }, "claim_type"],

  ["circleci", "an SSH rerun", { "oidc.circleci.com/ssh-rerun": true }, "run_not_allowed"],
  [
    "circleci",
    "an SSH rerun in words",
    { "oidc.circleci.com/ssh-rerun": "true" },
    "run_not_allowed",
  ],
  ["circleci", "false in words", { "oidc.circleci.com/ssh-rerun": "false" }, "run_not_allowed"],
  [
    "circleci",
    "nothing said of SSH",
    { "oidc.circleci.com/ssh-rerun": undefined },
    "run_not_allowed",
  ],
  [
    "circleci",
    "another organization in the claim",
    { "oidc.circleci.com/org-id": OTHER },
    "claim_value",
  ],
  ["circleci", "no project", { "oidc.circleci.com/project-id": undefined }, "claim_missing"],
  [
    "circleci",
    "members that are nested instead",
    { "oidc.circleci.com/project-id": undefined, "oidc.circleci.com": { "project-id": "1" } },
    "claim_missing",
  ],
  ["circleci", "the root issuer", { iss: "https://oidc.circleci.com" }, "issuer_not_configured"],

  ["terraform_cloud", "a plan", { terraform_run_phase: "plan" }, "run_not_allowed"],
  ["terraform_cloud", "no phase", { terraform_run_phase: undefined }, "run_not_allowed"],
  [
    "terraform_cloud",
    "a plan, as the entry allows",
    { terraform_run_phase: "plan" },
    "accepted",
    { allow_run_phases: "plan" },
  ],
  [
    "terraform_cloud",
    "another organization of that name",
    { terraform_organization_id: "org-other" },
    "tenant_not_configured",
  ],
  ["terraform_cloud", "no workspace id", { terraform_workspace_id: undefined }, "claim_missing"],

  ["spacelift", "a task", { runType: "TASK" }, "accepted"],
  ["spacelift", "a run that destroys", { runType: "DESTROY" }, "accepted"],
  ["spacelift", "a proposed run", { runType: "PROPOSED" }, "run_not_allowed"],
  [
    "spacelift",
    "a test case of a module",
    { runType: "TESTING", callerType: "module" },
    "run_not_allowed",
  ],
  ["spacelift", "a module", { callerType: "module" }, "run_not_allowed"],
  ["spacelift", "no run type", { runType: undefined }, "run_not_allowed"],
  ["spacelift", "a run type in small letters", { runType: "tracked" }, "run_not_allowed"],
  [
    "spacelift",
    "a proposed run, as the entry allows",
    { runType: "PROPOSED" },
    "accepted",
    { allow_run_types: ["PROPOSED"] },
  ],
  [
    "spacelift",
    "another account",
    { iss: "https://acme.app.us.spacelift.io" },
    "issuer_not_configured",
  ],
  [
    "spacelift",
    "an audience that names a key's issuer",
    { aud: "https://id.prod.example" },
    "audience_mismatch",
  ],

  [
    "bitbucket",
    "another workspace's audience",
    { aud: `ari:cloud:bitbucket::workspace/${OTHER}` },
    "audience_mismatch",
  ],
  ["bitbucket", "no repository", { repositoryUuid: undefined }, "claim_missing"],
  [
    "bitbucket",
    "two audiences",
    { aud: ["https://id.prod.example", "https://b.example"] },
    "audience_mismatch",
  ],

  ["azure_devops", "a service connection", { sub: "sc://acme/infra/prod" }, "not_a_workload"],
  [
    "azure_devops",
    "a new subject of Entra's",
    { sub: "/eid1/c/pub/t/x/a/y/sc/z" },
    "not_a_workload",
  ],
  ["azure_devops", "no subject", { sub: undefined }, "not_a_workload"],
  [
    "azure_devops",
    "a service connection that talks of p://",
    { sub: "sc://p://acme" },
    "not_a_workload",
  ],
  [
    "azure_devops",
    "our audience, which it never gives",
    { aud: "https://id.prod.example" },
    "audience_mismatch",
  ],
  ["azure_devops", "no project", { prj_id: undefined }, "claim_missing"],

  ["fly", "no machine", { machine_id: undefined }, "claim_missing"],
  ["fly", "another organization", { iss: "https://oidc.fly.io/acme2" }, "issuer_not_configured"],

  ["vercel", "a developer's machine", { environment: "development" }, "run_not_allowed"],
  ["vercel", "a preview", { environment: "preview" }, "run_not_allowed"],
  ["vercel", "no environment", { environment: undefined }, "run_not_allowed"],
  [
    "vercel",
    "a preview, as the entry allows",
    { environment: "preview" },
    "accepted",
    { allow_environments: ["preview", "staging"] },
  ],
  ["vercel", "another team under that slug", { owner_id: "team_other" }, "tenant_not_configured"],
];

describe("the presets of CI systems and platforms", () => {
  for (const [preset, trap, changes, expected, settings] of TRAPS) {
    it(`${preset}, ${trap}: ${expected}`, async () => {
      expect(outcome(await judgeChanged(preset, changes, settings))).toBe(expected);
    });
  }

  it("gitlab refuses the token that a person logged in with: same issuer, same keys", async () => {
    const { claims } = sampleOf("gitlab");
    const gone = Object.fromEntries(Object.keys(claims).map((name) => [name, undefined]));
    const { iss, aud, iat, exp } = claims;
    const person = { iss, aud, iat, exp, sub: "1", auth_time: iat, email: "a@example.com" };
    expect(outcome(await judgeChanged("gitlab", { ...gone, ...person }))).toBe("not_a_workload");
    const grouped = { ...gone, ...person, groups_direct: ["acme"], namespace_id: "72" };
    expect(outcome(await judgeChanged("gitlab", grouped))).toBe("not_a_workload");
  });

  it("circleci reads the organization from either issuer", async () => {
    const uuid = String(sampleOf("circleci").settings["org_id"]);
    const fromIssuer = accepted(await judgeChanged("circleci", {}));
    expect(fromIssuer.claims).toMatchObject({
      org_id: uuid,
      project_id: "11111111-2222-4333-8444-555555555555",
      vcs_origin: "github.com/acme/deploy",
      context_ids: ["77777777-2222-4333-8444-555555555555"],
    });
    const root = { issuer: "https://oidc.circleci.com" };
    const shared = { iss: root.issuer, "oidc.circleci.com/org-id": uuid };
    expect(accepted(await judgeChanged("circleci", shared, root)).claims["org_id"]).toBe(uuid);
    const other = { ...shared, "oidc.circleci.com/org-id": OTHER };
    expect(outcome(await judgeChanged("circleci", other, root))).toBe("tenant_not_configured");
    const none = { ...shared, "oidc.circleci.com/org-id": undefined };
    expect(outcome(await judgeChanged("circleci", none, root))).toBe("claim_missing");
  });

  it("circleci without an issuer has both of its organizations', and their keys apart", async () => {
    const network = new FakeNetwork();
    const mine = await tokenKey("RS256", "one");
    const root = "https://oidc.circleci.com";
    const uuid = String(sampleOf("circleci").settings["org_id"]);
    const own = `${root}/org/${uuid}`;
    for (const [issuer, signer] of [
      [root, key],
      [own, mine],
    ] as const) {
      network
        .serveJson(`${issuer}/.well-known/openid-configuration`, {
          issuer,
          jwks_uri: `${issuer}/keys`,
        })
        .serveJson(`${issuer}/keys`, keySet(signer));
    }
    const ci = { preset: "circleci", org_id: [uuid] };
    const attestor = await buildClean(oidc, { ci }, { network });
    const { claims } = sampleOf("circleci");
    const at = async (signer: typeof key, changes: object) => {
      const token = await signer.sign({ ...claims, ...changes });
      return outcome(await judge(attestor, { type: "oidc", token }, NOW));
    };
    const shared = { iss: root, "oidc.circleci.com/org-id": uuid };
    expect(await at(mine, { iss: own })).toBe("accepted");
    expect(await at(key, shared)).toBe("accepted");
    expect(await at(key, { iss: own })).toBe("signature_invalid");
    expect(await at(mine, shared)).toBe("signature_invalid");
    expect(await at(key, { iss: `${root}/org/${OTHER}` })).toBe("issuer_not_configured");
    expect(await at(key, { ...shared, "oidc.circleci.com/org-id": OTHER })).toBe(
      "tenant_not_configured",
    );
    expect(network.calls).toHaveLength(4);
  });

  it("bitbucket keeps braces as they are signed", async () => {
    const { claims } = accepted(await judgeChanged("bitbucket", {}));
    expect(claims["repositoryUuid"]).toBe(`{${OTHER}}`);
  });
});
