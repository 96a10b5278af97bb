import { describe, expect, it } from "vitest";
import { oidc } from "../../../../../src/attestors/oidc/oidc.ts";
import { PRESETS } from "../../../../../src/attestors/oidc/presets.ts";
import { build, buildClean } from "../../support.ts";
import { SAMPLES } from "./samples.ts";
import { jwks, sampleOf } from "./support.ts";

/** What the schema says of an entry: paths and words. */
function said(entry: object): string {
  const parsed = oidc.config().safeParse({ ci: entry });
  if (parsed.success) return "nothing";
  return parsed.error.issues
    .map(({ path, message }) => `${path.slice(1).join(".")}: ${message}`)
    .join("; ");
}

const settingsOf = (name: string) => sampleOf(name).settings;

describe("an entry with a preset", () => {
  it.each(Object.keys(SAMPLES))("%s may stand as its page shows it", async (name) => {
    expect(said({ ...settingsOf(name), jwks })).toBe("nothing");
    await buildClean(oidc, { ci: { ...settingsOf(name), jwks } });
  });

  it.each(PRESETS.filter(({ name }) => name !== "kubernetes").map(({ name }) => name))(
    "%s finds its keys at its issuer without jwks",
    async (name) => {
      expect((await build(oidc, { ci: settingsOf(name) })).issues).toEqual([]);
    },
  );

  it.each<[string, RegExp]>([
    ["github_actions", /^repository_owner_id: required: .*name yours \(gh api users/],
    ["gitlab", /^namespace_id: required: .*not its path\)/],
    ["buildkite", /^organization_id: required: /],
    ["circleci", /^org_id: required: .*Organization Settings/],
    ["terraform_cloud", /^terraform_organization_id: required: .*org-/],
    ["vercel", /^owner_id: required: .*team_/],
    ["spacelift", /^issuer: required: https:\/\/<account>\.app\.spacelift\.io/],
    ["bitbucket", /^issuer: required: https:\/\/api\.bitbucket\.org/],
    ["azure_devops", /^issuer: required: https:\/\/vstoken\.dev\.azure\.com\/<organization id>/],
    ["fly", /^issuer: required: https:\/\/oidc\.fly\.io\/<organization slug>/],
    ["kubernetes", /^jwks: required: .*kubectl get --raw \/openid\/v1\/jwks/],
    ["eks", /^issuer: required: .*aws eks describe-cluster/],
    ["gke", /^issuer: required: https:\/\/container\.googleapis\.com/],
    ["aks", /^issuer: required: .*with the slash at its end/],
  ])("%s alone is told what it lacks", (preset, words) => {
    expect(said({ preset })).toMatch(words);
  });

  it.each<[string, string]>([
    ["github_actions", "https://token.actions.githubusercontent.com/"],
    ["github_actions", "https://token.actions.githubusercontent.com.evil.example"],
    ["github_actions", "https://token.actions.githubusercontent.com/a/b"],
    ["buildkite", "https://agent.buildkite.com/"],
    ["circleci", "https://oidc.circleci.com/org/acme"],
    ["circleci", "https://oidc.circleci.com/org/*"],
    ["spacelift", "https://spacelift.io"],
    ["spacelift", "https://app.spacelift.io"],
    ["bitbucket", "https://api.bitbucket.org/2.0/workspaces/*/pipelines-config/identity/oidc"],
    ["azure_devops", "https://vstoken.dev.azure.com/acme"],
    ["azure_devops", "https://dev.azure.com/acme"],
    ["fly", "https://oidc.fly.io"],
    ["vercel", "https://vercel.com/acme"],
    ["eks", "https://oidc.eks.eu-central-1.amazonaws.com/id/*"],
    ["eks", "https://oidc.eks.eu-central-1.amazonaws.com/id/0123456789abcdef0123456789abcdef"],
    [
      "eks",
      "https://oidc.eks.eu-central-1.amazonaws.com.evil.example/id/0123456789ABCDEF0123456789ABCDEF",
    ],
    ["gke", "https://container.googleapis.com"],
    ["gke", "https://container.googleapis.com/v1/projects/p/locations/l/clusters/c/"],
    ["gke", "https://container.googleapis.com/v1/projects/-/locations/l/clusters/c/nodes"],
    ["aks", "https://westeurope.oic.prod-aks.azure.com/"],
    [
      "aks",
      "https://westeurope.oic.prod-aks.azure.com/0190a1b2-c3d4-4e5f-8a6b-7c8d9e0f1a2b/0190a1b2-c3d4-4e5f-8a6b-7c8d9e0f1a2b",
    ],
  ])("%s does not take the issuer %s", (name, issuer) => {
    expect(said({ ...settingsOf(name), issuer })).toMatch(/^issuer: is no issuer of /);
  });

  const formed = PRESETS.flatMap(({ name, issuer, issuerForm }) => {
    const known = issuer ?? String(sampleOf(name).claims["iss"]);
    return issuerForm?.pattern === undefined ? [] : [[name, known] as const];
  });
  it.each(formed)(
    "%s takes nothing around its issuer, and no other sign for a dot of its host: %s",
    (name, issuer) => {
      expect(said({ ...settingsOf(name), issuer })).toBe("nothing");
      const { origin } = new URL(issuer);
      const dots = [...origin.matchAll(/\./g)].map(({ index }) => index);
      const wrong = [
        `https://evil.example/?${issuer}`,
        `${issuer}/x/y`,
        // Spacelift may be on a host of one's own.
        ...(name === "spacelift"
          ? []
          : dots.map((at) => `${issuer.slice(0, at)}x${issuer.slice(at + 1)}`)),
      ];
      for (const one of wrong)
        expect(said({ ...settingsOf(name), issuer: one })).toMatch(/^issuer: /);
    },
  );

  it.each([
    "https://oidc.eks.us-gov-west-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF",
    "https://oidc.eks.cn-north-1.amazonaws.com.cn/id/0123456789ABCDEF0123456789ABCDEF",
  ])("eks takes the issuer %s", (issuer) => {
    expect(said({ preset: "eks", issuer })).toBe("nothing");
  });

  it.each([
    "kubernetes.default.svc",
    "https://kubernetes.default.svc",
    "https://kubernetes.default.svc.cluster.local",
    "sts.amazonaws.com",
    "pods.eks.amazonaws.com",
    "api://AzureADTokenExchange",
    "api://AzureADTokenExchangeUSGov",
    "shop.svc.id.goog",
    "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q",
    "sigstore",
  ])("does not take the audience %s, whose tokens others get", (audience) => {
    for (const name of ["kubernetes", "eks", "gke", "aks", "github_actions", "gitlab"]) {
      expect(said({ ...settingsOf(name), jwks, audience })).toMatch(/^audience: is that of /);
    }
  });

  it.each([
    ["gke", sampleOf("gke").claims["iss"]],
    ["eks", sampleOf("eks").claims["iss"]],
    ["aks", "https://shop-dns-1a2b3c4d.hcp.westeurope.azmk8s.io"],
    ["aks", "shop-dns-1a2b3c4d.hcp.westeurope.azmk8s.io"],
    ["gitlab", "https://gitlab.com"],
  ])("%s does not take the audience of the cluster or service itself: %s", (name, audience) => {
    expect(said({ ...settingsOf(name), jwks, audience })).toMatch(/^audience: is that of /);
  });

  it("of azure_devops has the one audience that there is", () => {
    const fixed = "api://AzureADTokenExchange";
    expect(said({ ...settingsOf("azure_devops"), audience: fixed })).toBe("nothing");
    expect(said({ ...settingsOf("azure_devops"), audience: "https://id.prod.example" })).toMatch(
      /^audience: azure_devops gives all its tokens api:/,
    );
  });

  it("of bitbucket has a workspace's audience in its own spelling", () => {
    const { audience } = sampleOf("bitbucket");
    const braced = audience.replace(/workspace\/(.*)$/, "workspace/{$1}");
    expect(said({ ...settingsOf("bitbucket"), audience: braced })).toMatch(/^audience: expected /);
  });

  it("of circleci names the organization of its issuer", () => {
    const other = { ...settingsOf("circleci"), org_id: ["0190ffff-c3d4-4e5f-8a6b-7c8d9e0f1a2b"] };
    expect(said(other)).toMatch(/^org_id: the issuer is that of 0190a1b2-/);
  });

  it("has only the members of its own preset", () => {
    expect(said({ ...settingsOf("gitlab"), allow_events: "push" })).toBe(
      "allow_events: only an entry with preset: github_actions has it",
    );
    expect(said({ ...settingsOf("github_actions"), namespace_id: "1" })).toBe(
      "namespace_id: only an entry with preset: gitlab has it",
    );
    expect(said({ ...settingsOf("github_actions"), allow_event: "push" })).not.toBe("nothing");
  });

  it("serves on this machine under any issuer, where ours is on it too", async () => {
    const section = {
      ci: { ...settingsOf("github_actions"), issuer: "http://127.0.0.1:9000" },
    };
    await buildClean(oidc, section, { issuer: "http://127.0.0.1:8080" });
    expect((await build(oidc, section)).issues).not.toEqual([]);
  });

  it("that nobody knows is told which there are", () => {
    expect(said({ preset: "github" })).toMatch(
      /^preset: there is none of that name: github_actions, /,
    );
  });
});
