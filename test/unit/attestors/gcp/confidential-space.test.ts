import { describe, expect, it } from "vitest";
import { boundAudience } from "../../../../src/attestors/binding.ts";
import { gcpConfidentialSpace } from "../../../../src/attestors/gcp/confidential-space.ts";
import { accepted, JKT, judge, outcome } from "../../../conformance/attestor.ts";
import { tokenAttestorConformance } from "../../../conformance/token-attestor.ts";
import {
  DIGEST,
  simulateConfidentialSpace,
  spaceClaims,
  type SpaceMembers,
} from "../../../fakes/confidential-space.ts";
import { FakeNetwork } from "../../../fakes/network.ts";
import { dataUrl, keySetUrl } from "../../../fakes/token-issuer.ts";
import { compile, errorsOf, rule } from "../../policy/fixtures.ts";
import { buildClean, complaints, ISSUER, NOW } from "../support.ts";

const KEYS =
  "https://www.googleapis.com/service_accounts/v1/metadata/jwk/signer@confidentialspace-sign.iam.gserviceaccount.com";
const ACCOUNT = "signer@payments-prod.iam.gserviceaccount.com";

const cloud = await simulateConfidentialSpace(NOW);
const { key } = cloud;
const root = dataUrl(cloud.root);
const settings = { projects: ["payments-prod"], jwks: keySetUrl(key), root };

tokenAttestorConformance("gcp_confidential_space", async () => {
  const network = new FakeNetwork();
  const elsewhere = spaceClaims(NOW, ISSUER, { gce: { project_id: "other-project" } });
  return {
    attestor: await buildClean(gcpConfidentialSpace, settings, { network }),
    elsewhere: await buildClean(gcpConfidentialSpace, settings, { trustDomain: "test.example" }),
    factor: factorOf(settings),
    now: NOW,
    key,
    network,
    audience: ISSUER,
    maxLifetimeSeconds: 3660,
    certified: true,
    claims: (aud) => spaceClaims(NOW, aud),
    members: { type: "gcp_confidential_space" },
    foreign: async () => ({ type: "gcp_confidential_space", token: await key.sign(elsewhere) }),
    fetching: (served) =>
      buildClean(gcpConfidentialSpace, { projects: ["payments-prod"] }, { network: served }),
    keysUrl: KEYS,
  };
});

function factorOf(section: object) {
  return gcpConfidentialSpace.factors(gcpConfidentialSpace.config().parse(section))[0]!;
}

async function judgeMembers(members: SpaceMembers, by: object = settings) {
  const token = await key.sign(spaceClaims(NOW, boundAudience(ISSUER, JKT), members));
  return judgeToken(token, by);
}

async function judgeToken(token: string, by: object = settings, now = NOW) {
  const attestor = await buildClean(gcpConfidentialSpace, by);
  return judge(attestor, { type: "gcp_confidential_space", token }, now, JKT);
}

describe("gcp_confidential_space", () => {
  it("attests a workload", async () => {
    const { claims, binding } = accepted(
      await judgeMembers({
        container: { image_signatures: [{ key_id: "aa", signature: "x" }, { key_id: "bb" }] },
      }),
    );
    expect(binding).toEqual({ kind: "key", jkt: JKT });
    expect(claims).toEqual({
      kind: "production",
      hwmodel: "GCP_AMD_SEV",
      swversion: "260900",
      support_attributes: ["LATEST", "STABLE", "USABLE"],
      project_id: "payments-prod",
      project_number: "297985297894",
      zone: "us-central1-a",
      instance_id: "5071524234036179841",
      instance_name: "signer-1",
      service_account: ACCOUNT,
      service_accounts: [ACCOUNT],
      image_digest: DIGEST,
      image_reference: "us-central1-docker.pkg.dev/payments-prod/images/signer:latest",
      image_signature_keys: ["aa", "bb"],
      restart_policy: "Never",
      env_overridden: false,
      cmd_overridden: false,
    });
  });

  it("says that the operator changed the environment or the command, and no value of it", async () => {
    const { claims } = accepted(
      await judgeMembers({
        container: { env_override: { TOKEN: "hunter2" }, cmd_override: ["--insecure"] },
      }),
    );
    expect(claims).toMatchObject({ env_overridden: true, cmd_overridden: true });
    expect(JSON.stringify(claims)).not.toMatch(/hunter2|insecure|TOKEN/);
  });

  it.each([[["260900", "1"]], [[]], ["260900"], [[1]], [undefined]])(
    "says no version where there is not exactly one: %j",
    async (swversion) => {
      const { claims } = accepted(await judgeMembers({ swversion }));
      expect(claims).not.toHaveProperty("swversion");
    },
  );

  it("binds by the audience, never by eat_nonce", async () => {
    const s = boundAudience(ISSUER, JKT);
    for (const eat_nonce of [s, [s]]) {
      // oxlint-disable-next-line no-await-in-loop -- two
      const token = await key.sign(spaceClaims(NOW, ISSUER, { eat_nonce }));
      expect(accepted(await judgeToken(token)).binding).toEqual({ kind: "audience" }); // oxlint-disable-line no-await-in-loop
    }
    const token = await key.sign(spaceClaims(NOW, "https://sts.googleapis.com", { eat_nonce: s }));
    expect(outcome(await judgeToken(token))).toBe("audience_mismatch");
  });

  it.each<[string, SpaceMembers, string]>([
    ["another operating system", { swname: "GCE" }, "not_a_workload"],
    ["no operating system", { swname: undefined }, "not_a_workload"],
    ["a shielded machine", { hwmodel: "GCP_SHIELDED_VM" }, "not_a_workload"],
    ["hardware in a longer name", { hwmodel: "X_GCP_AMD_SEV" }, "not_a_workload"],
    ["hardware that is not known", { hwmodel: "GCP_AMD_SEVX" }, "not_a_workload"],
    ["no secure boot", { secboot: false }, "claim_value"],
    ["secure boot in text", { secboot: "true" }, "claim_value"],
    [
      "a debug image",
      { dbgstat: "enabled", space: { support_attributes: undefined } },
      "debug_mode",
    ],
    ["a debug image that says it is supported", { dbgstat: "enabled" }, "debug_mode"],
    ["no debug status", { dbgstat: undefined }, "claim_value"],
    ["debug status disabled", { dbgstat: "disabled" }, "claim_value"],
    ["debug status as a list", { dbgstat: ["disabled-since-boot"] }, "claim_value"],
    ["no submodules", { submods: undefined }, "claim_missing"],
    ["an unsupported image", { space: { support_attributes: [] } }, "claim_value"],
    ["an image that is only usable", { space: { support_attributes: ["USABLE"] } }, "claim_value"],
    ["support in text", { space: { support_attributes: "STABLE" } }, "claim_type"],
    ["no project", { gce: { project_id: undefined } }, "claim_missing"],
    ["a project that is a number", { gce: { project_id: 1 } }, "claim_missing"],
    ["a project number that is a number", { gce: { project_number: 1 } }, "claim_missing"],
    ["no instance", { gce: { instance_id: "" } }, "claim_missing"],
    ["an instance without a name", { gce: { instance_name: undefined } }, "claim_missing"],
    ["a zone that is a number", { gce: { zone: 1 } }, "claim_missing"],
    ["another project", { gce: { project_id: "payments-prod2" } }, "tenant_not_configured"],
    ["no digest", { container: { image_digest: undefined } }, "claim_value"],
    ["a long digest", { container: { image_digest: `${DIGEST}0` } }, "claim_value"],
    ["a digest behind a name", { container: { image_digest: `app@${DIGEST}` } }, "claim_value"],
    ["a short digest", { container: { image_digest: "sha256:aa" } }, "claim_value"],
    [
      "a digest of another hash",
      { container: { image_digest: DIGEST.replace("256", "512") } },
      "claim_value",
    ],
    ["no reference of an image", { container: { image_reference: undefined } }, "claim_missing"],
    ["no restart policy", { container: { restart_policy: undefined } }, "claim_missing"],
    ["an environment as a list", { container: { env_override: [] } }, "claim_type"],
    ["a command as text", { container: { cmd_override: "x" } }, "claim_type"],
    ["signatures as text", { container: { image_signatures: "x" } }, "claim_type"],
    ["signatures without keys", { container: { image_signatures: [{}] } }, "claim_type"],
    ["accounts as text", { google_service_accounts: ACCOUNT }, "claim_type"],
    ["accounts that are empty", { google_service_accounts: [""] }, "claim_type"],
  ])("refuses %s", async (_, members, reason) => {
    expect(outcome(await judgeMembers(members))).toBe(reason);
  });

  it("takes an image by the support that is configured", async () => {
    const usable = { space: { support_attributes: ["USABLE"] } };
    expect(outcome(await judgeMembers(usable, { ...settings, support: "USABLE" }))).toBe(
      "accepted",
    );
    expect(outcome(await judgeMembers(usable, { ...settings, support: "any" }))).toBe("accepted");
    const stable = { space: { support_attributes: ["STABLE", "USABLE"] } };
    expect(outcome(await judgeMembers(stable, { ...settings, support: "LATEST" }))).toBe(
      "claim_value",
    );
  });

  it("believes an account by itself, and never one of several", async () => {
    const by = { service_accounts: [ACCOUNT], jwks: settings.jwks, root };
    const elsewhere = { gce: { project_id: "shared-vpc" } };
    expect(accepted(await judgeMembers(elsewhere, by)).claims["service_account"]).toBe(ACCOUNT);
    const two = { ...elsewhere, google_service_accounts: [ACCOUNT, `x${ACCOUNT}`] };
    expect(outcome(await judgeMembers(two, by))).toBe("tenant_not_configured");
    const none = { ...elsewhere, google_service_accounts: undefined };
    expect(outcome(await judgeMembers(none, by))).toBe("tenant_not_configured");
  });

  it("makes debug images a kind that a rule must name", async () => {
    const debug = { ...settings, allow_debug: true };
    const image = { dbgstat: "enabled", space: { support_attributes: undefined } };
    expect(accepted(await judgeMembers(image, debug)).claims["kind"]).toBe("debug");
    const errors = (matchers: object) =>
      errorsOf(
        compile(
          [rule({ evidence: { gcp_confidential_space: matchers }, spiffe_id: "/x" })],
          undefined,
          {},
          [factorOf(debug)],
        ).issues,
      );
    expect(errors({ image_digest: DIGEST })).toEqual([
      expect.stringMatching(/state kind: production or debug/),
    ]);
    expect(errors({ kind: "production", image_digest: DIGEST })).toEqual([]);
  });

  describe("configuration", () => {
    it("makes S from its own audience, where it has one", async () => {
      const own = { ...settings, audience: "svidmint" };
      const judged = async (aud: string) => judgeToken(await key.sign(spaceClaims(NOW, aud)), own);
      expect(outcome(await judged(ISSUER))).toBe("audience_mismatch");
      expect(outcome(await judged(boundAudience(ISSUER, JKT)))).toBe("audience_mismatch");
      const { binding } = accepted(await judged(boundAudience("svidmint", JKT)));
      expect(binding).toEqual({ kind: "key", jkt: JKT });
    });

    it("takes a shorter life", async () => {
      const short = { ...settings, max_lifetime: "10m" };
      const judged = async (exp: number) =>
        judgeToken(await key.sign({ ...spaceClaims(NOW, ISSUER), iat: NOW, exp }), short);
      expect(outcome(await judged(NOW + 601))).toBe("evidence_lifetime");
      expect(outcome(await judged(NOW + 600))).toBe("accepted");
    });

    it("pins what it lists, for each kind that it believes", () => {
      const pins = (section: object) => factorOf(section).pins;
      const ofKind = (equals: string) => ({ when: { claim: "kind", equals } });
      const project = { claim: "project_id", values: ["payments-prod"] };
      const account = { claim: "service_account", values: [ACCOUNT] };
      const [projects, service_accounts] = [["payments-prod"], [ACCOUNT]];
      const production = ofKind("production");
      expect(factorOf({ projects }).instanceClaims).toEqual(["instance_id"]);
      expect(pins({ projects })).toEqual([{ ...project, ...production }]);
      expect(pins({ service_accounts })).toEqual([{ ...account, ...production }]);
      expect(pins({ projects, service_accounts, allow_debug: true })).toEqual(
        [production, ofKind("debug")].flatMap((when) => [
          { ...project, ...when },
          { ...account, ...when },
        ]),
      );
    });

    it.each<[object, string]>([
      [{}, ""],
      [{ projects: [] }, "projects"],
      [{ projects: ["Payments"] }, "projects.0"],
      [{ service_accounts: ["104070955682298736149"] }, "service_accounts.0"],
      [{ service_accounts: ["x@gmail.com"] }, "service_accounts.0"],
      [{ service_accounts: [`${ACCOUNT}.evil.example`] }, "service_accounts.0"],
      [{ service_accounts: [`x ${ACCOUNT}`] }, "service_accounts.0"],
      [{ projects: ["payments-prod"], support: "OLD" }, "support"],
      [{ projects: ["payments-prod"], max_lifetime: "2h" }, "max_lifetime"],
      [{ projects: ["payments-prod"], issuer: "https://portal.trustauthority.intel.com" }, ""],
    ])("refuses %j", (section, path) => {
      expect(complaints(gcpConfidentialSpace, section)).toEqual([path]);
    });
  });
});
