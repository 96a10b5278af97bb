import { describe, expect, it } from "vitest";
import { accepted, judge } from "../../../conformance/attestor.ts";
import { DIGEST, GITHUB, provenance, SAN, SOURCE } from "../../../fakes/node/sigstore.ts";
import { evidenceOf, IDENTITY, NOW, open, verdict, world } from "./support.ts";

const good = await world.attest(provenance());

describe("provenance of a build", () => {
  it("is attested with what the certificate and the statement say, and nothing more", async () => {
    const { attestor, issues } = await open();
    const attestation = accepted(await judge(attestor, evidenceOf(good), NOW + 10));
    expect(issues).toEqual([]);
    expect(attestation).toMatchObject({
      type: "sigstore",
      name: "sigstore",
      binding: { kind: "none" },
      notBefore: NOW,
      generation: 0,
    });
    expect(attestation.claims).toEqual({
      digest: `sha256:${DIGEST}`,
      san: SAN,
      issuer: GITHUB,
      builder_id: SAN,
      build_type: "https://actions.github.io/buildtypes/workflow/v1",
      source_repository: SOURCE,
      source_repository_id: "456789",
      source_owner_id: "123456",
      source_ref: "refs/heads/main",
      source_commit: "c".repeat(40),
      workflow: SAN,
      build_trigger: "push",
      runner_environment: "github-hosted",
    });
  });

  it("may be as old as it likes: an image does not change", async () => {
    expect(await verdict(good, { now: NOW + 400 * 86_400 })).toBe("accepted");
  });

  it("may carry an authority's time-stamp beside the log's", async () => {
    expect(await verdict(await world.attest(provenance(), { stamped: true }))).toBe("accepted");
  });

  it("takes the time from the stamp where the log promised nothing", async () => {
    const bundle = await world.attest(provenance(), { stamped: true });
    const [entry] = entriesOf(bundle);
    delete entry!["inclusionPromise"];
    expect(await verdict(bundle)).toBe("accepted");
    const { attestor } = await open();
    const timesOf = async () =>
      accepted(await judge(attestor, evidenceOf(bundle), NOW + 10)).notBefore;
    expect(await timesOf()).toBe(NOW);
    entry!["integratedTime"] = "1";
    expect(await timesOf()).toBe(NOW);
    expect(await verdict(bundle, { now: NOW - 61 })).toBe("evidence_not_yet_valid");
    delete entry!["integratedTime"];
    expect(await timesOf()).toBe(NOW);
  });
});

describe("whose builds are believed", () => {
  const others = [
    ["another workflow", { san: `${SOURCE}/.github/workflows/test.yml@refs/heads/main` }],
    ["another branch", { san: `${SOURCE}/.github/workflows/release.yml@refs/heads/dev` }],
    ["a name that has the configured one in it", { san: `https://evil.example/?${SAN}` }],
    ["a longer name", { san: `${SAN}x` }],
    ["other letters", { san: SAN.toUpperCase().replace("HTTPS", "https") }],
  ] as const;
  it.each(others)("not %s", async (_, options) => {
    expect(await verdict(await world.attest(provenance(), options))).toBe("tenant_not_configured");
  });

  it("not the same name from another issuer", async () => {
    const bundle = await world.attest(provenance(), { issuer: "https://evil.example" });
    expect(await verdict(bundle)).toBe("issuer_not_configured");
    const both = [IDENTITY, { san: "https://evil.example/x", issuer: "https://evil.example" }];
    expect(await verdict(bundle, { section: { identities: both } })).toBe("tenant_not_configured");
  });

  it("any of several names from one issuer", async () => {
    const other = { ...IDENTITY, san: `${SOURCE}/.github/workflows/test.yml@refs/heads/main` };
    for (const identities of [
      [IDENTITY, other],
      [other, IDENTITY],
    ])
      expect(await verdict(good, { section: { identities } })).toBe("accepted"); // oxlint-disable-line no-await-in-loop -- two
    expect(await verdict(good, { section: { identities: [other] } })).toBe("tenant_not_configured");
  });

  it("one that builds no repository by its name alone, and no listed repository for it", async () => {
    const identity = { san: "https://ci.example/job", issuer: "https://ci.example" };
    const bundle = await world.attest(provenance(), { ...identity, build: {} });
    const believing = (one: object) => ({ section: { identities: [one] } });
    expect(await verdict(bundle, believing(identity))).toBe("accepted");
    const listed = { ...identity, source_repositories: [SOURCE] };
    expect(await verdict(bundle, believing(listed))).toBe("tenant_not_configured");
  });

  it("a dot of the configured name is a dot", async () => {
    const bundle = await world.attest(provenance(), {
      san: SAN.replace("github.com", "githubxcom"),
    });
    expect(await verdict(bundle)).toBe("tenant_not_configured");
  });

  it("a workflow that strangers may call signs for its own repository, or for those that are listed", async () => {
    const build = { 12: "https://github.com/mallory/evil" };
    const bundle = await world.attest(provenance(), { build });
    expect(await verdict(bundle)).toBe("tenant_not_configured");
    const listed = (...source_repositories: string[]) => ({
      section: { identities: [{ ...IDENTITY, source_repositories }] },
    });
    expect(await verdict(bundle, listed("https://github.com/acme/other"))).toBe(
      "tenant_not_configured",
    );
    expect(await verdict(bundle, listed(build[12]))).toBe("accepted");
    expect(await verdict(good, listed(build[12]))).toBe("tenant_not_configured");
    const near = await world.attest(provenance(), { build: { 12: "https://github.com/acme/ap" } });
    expect(await verdict(near)).toBe("tenant_not_configured");
  });
});

describe("a trusted root that cannot be used", () => {
  const text = new TextDecoder().decode(world.trustedRoot());
  const without = (name: string) => JSON.stringify({ ...JSON.parse(text), [name]: [] });
  it.each([
    ["is no JSON", "x"],
    ["is another document", "{}"],
    ["is a bundle", JSON.stringify(good)],
    ["has no certificate authority", without("certificateAuthorities")],
    ["has no log", without("tlogs")],
    ["has no certificate log", without("ctlogs")],
    ["has a broken key", text.replace(/"rawBytes":"[^"]+"/g, '"rawBytes":"AAAA"')],
  ])("%s: told at start, and nothing is believed", async (_, root) => {
    const { attestor, issues } = await open({}, new TextEncoder().encode(root));
    expect(issues).toMatchObject([{ path: ["trusted_root"], severity: "error" }]);
    const result = await judge(attestor, evidenceOf(good), NOW + 10);
    expect(result).toMatchObject({ ok: false, error: { reason: "key_unknown" } });
  });

  it("has ended: a warning, since what was signed before stays signed", async () => {
    const { issues } = await open({}, world.trustedRoot(NOW - 1));
    expect(issues).toMatchObject([{ path: ["trusted_root"], severity: "warning" }]);
    expect(await verdict(good, { root: world.trustedRoot(NOW - 1) })).toBe(
      "certificate_chain_invalid",
    );
  });
});

function entriesOf(bundle: Record<string, unknown>): Record<string, unknown>[] {
  return (bundle as { verificationMaterial: { tlogEntries: Record<string, unknown>[] } })
    .verificationMaterial.tlogEntries;
}
