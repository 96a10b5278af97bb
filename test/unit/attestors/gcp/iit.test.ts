import { describe, expect, it } from "vitest";
import { gcpIit } from "../../../../src/attestors/gcp/iit.ts";
import { accepted, outcome, JKT, judge } from "../../../conformance/attestor.ts";
import { tokenAttestorConformance } from "../../../conformance/token-attestor.ts";
import { FakeNetwork } from "../../../fakes/network.ts";
import { keySet, keySetUrl, tokenKey } from "../../../fakes/token-issuer.ts";
import { build, buildClean, complaints, ISSUER, NOW } from "../support.ts";

const CERTS = "https://www.googleapis.com/oauth2/v3/certs";
const SUB = "104070955682298736149";
const PROJECT = "payments-prod";
const COMPUTE = {
  instance_creation_timestamp: NOW - 9000,
  instance_id: "2589221140676718026",
  instance_name: "instance-1",
  project_id: PROJECT,
  project_number: 161958465613,
  zone: "us-east1-b",
};
const ACCOUNT = {
  iss: "https://accounts.google.com",
  aud: ISSUER as unknown,
  azp: SUB,
  sub: SUB,
  email: "payments@payments-prod.iam.gserviceaccount.com",
  email_verified: true,
  iat: NOW - 10,
  exp: NOW + 3590,
};
const INSTANCE = { ...ACCOUNT, google: { compute_engine: COMPUTE } };

const key = await tokenKey("RS256", "google-1");
const jwks = keySetUrl(key);
const settings = { projects: [PROJECT], service_accounts: [SUB], jwks };

describe.each([
  [
    "instance",
    INSTANCE,
    { ...ACCOUNT, google: { compute_engine: { ...COMPUTE, project_id: "other-project" } } },
  ],
  [
    "service_account",
    ACCOUNT,
    { ...ACCOUNT, sub: "999999999999999999999", azp: "999999999999999999999" },
  ],
])("%s", (kind, claims, foreign) => {
  tokenAttestorConformance(`gcp_iit, ${kind}`, async () => {
    const network = new FakeNetwork();
    return {
      attestor: await buildClean(gcpIit, settings, { network }),
      elsewhere: await buildClean(gcpIit, settings, { trustDomain: "test.example" }),
      factor: gcpIit.factors(gcpIit.config().parse(settings))[0]!,
      now: NOW,
      key,
      network,
      audience: ISSUER,
      maxLifetimeSeconds: 3660,
      claims: (aud) => ({ ...claims, aud }),
      members: { type: "gcp_iit" },
      foreign: async () => ({ type: "gcp_iit", token: await key.sign(foreign) }),
      fetching: (served) =>
        buildClean(gcpIit, { projects: [PROJECT], service_accounts: [SUB] }, { network: served }),
      keysUrl: CERTS,
    };
  });
});

function pins(section: object) {
  return gcpIit.factors(gcpIit.config().parse(section))[0]?.pins;
}

async function judgeClaims(claims: object, by = settings as object) {
  const attestor = await buildClean(gcpIit, by);
  return judge(attestor, { type: "gcp_iit", token: await key.sign(claims) }, NOW, JKT);
}

function withCompute(compute: unknown) {
  return { ...ACCOUNT, google: { compute_engine: compute } };
}

describe("gcp_iit", () => {
  it("attests an instance", async () => {
    const claims = {
      ...INSTANCE,
      google: { compute_engine: { ...COMPUTE, license_id: ["5731035067256925298"] } },
    };
    expect(accepted(await judgeClaims(claims))).toEqual({
      type: "gcp_iit",
      name: "gcp_iit",
      claims: {
        kind: "instance",
        sub: SUB,
        email: "payments@payments-prod.iam.gserviceaccount.com",
        project_id: PROJECT,
        project_number: "161958465613",
        zone: "us-east1-b",
        instance_id: "2589221140676718026",
        instance_name: "instance-1",
        instance_created: NOW - 9000,
        license_id: ["5731035067256925298"],
      },
      binding: { kind: "audience" },
      notBefore: NOW - 10,
      notAfter: NOW + 3590,
      claimKey: expect.stringMatching(/^[0-9a-f]{64}$/),
      generation: 0,
    });
  });

  it("attests a service account", async () => {
    const { claims } = accepted(await judgeClaims({ ...ACCOUNT, google: {} }));
    expect(claims).toEqual({ kind: "service_account", sub: SUB, email: ACCOUNT.email });
  });

  it("takes the audience of its configuration in place of the issuer's", async () => {
    const own = { ...settings, audience: "gcp:Kops Provisioner" };
    expect(outcome(await judgeClaims({ ...INSTANCE, aud: "gcp:Kops Provisioner" }, own))).toBe(
      "accepted",
    );
    const bound = `gcp:Kops Provisioner/jkt/${JKT}`;
    expect(accepted(await judgeClaims({ ...INSTANCE, aud: bound }, own)).binding).toEqual({
      kind: "key",
      jkt: JKT,
    });
    expect(outcome(await judgeClaims(INSTANCE, own))).toBe("audience_mismatch");
  });

  describe("what is not a workload (AT-8)", () => {
    it.each<[string, object]>([
      [
        "a person's token",
        { email: "someone@gmail.com", azp: "32555940559.apps.googleusercontent.com" },
      ],
      [
        "a person whose address looks like an account's",
        { email: "x.gserviceaccount.com@gmail.com" },
      ],
      ["an address in a domain that only ends alike", { email: "x@evilgserviceaccount.com" }],
      ["an address in upper case", { email: "X@P.IAM.GSERVICEACCOUNT.COM" }],
      ["a token for another client", { azp: "104070955682298736140" }],
      ["a subject that is no number", { sub: "x", azp: "x" }],
      ["a number with more before it", { sub: `x${SUB}`, azp: `x${SUB}` }],
      ["a number with more behind it", { sub: `${SUB}/`, azp: `${SUB}/` }],
    ])("refuses %s", async (_, change) => {
      expect(outcome(await judgeClaims({ ...INSTANCE, ...change }))).toBe("not_a_workload");
    });
    it.each([false, "true", 1, null, undefined, [true], {}])(
      "refuses email_verified %j",
      async (value) => {
        expect(outcome(await judgeClaims({ ...INSTANCE, email_verified: value }))).toBe(
          "claim_value",
        );
      },
    );
    it.each(["email", "sub", "azp"])(
      "refuses a token without %s, or with one of another type",
      async (member) => {
        expect(outcome(await judgeClaims({ ...INSTANCE, [member]: undefined }))).toBe(
          "claim_missing",
        );
        for (const value of [1, null, true, [SUB], {}]) {
          // oxlint-disable-next-line no-await-in-loop -- few
          expect(outcome(await judgeClaims({ ...INSTANCE, [member]: value }))).toBe("claim_type");
        }
      },
    );
    it("CVE-2020-16251: refuses compute claims that a service account signed itself", async () => {
      const own = await tokenKey("RS256", "account-key-1");
      const network = new FakeNetwork()
        .serveJson(CERTS, keySet(key))
        .serveJson(
          `https://www.googleapis.com/service_accounts/v1/metadata/jwk/${ACCOUNT.email}`,
          keySet(own),
        )
        .serveJson(
          `https://www.googleapis.com/robot/v1/metadata/jwk/${ACCOUNT.email}`,
          keySet(own),
        );
      const attestor = await buildClean(gcpIit, { projects: [PROJECT] }, { network });
      for (const iss of [ACCOUNT.email, ACCOUNT.iss]) {
        // oxlint-disable-next-line no-await-in-loop -- two
        const token = await own.sign({ ...INSTANCE, iss, sub: SUB });
        // oxlint-disable-next-line no-await-in-loop -- two
        const result = await judge(attestor, { type: "gcp_iit", token }, NOW, JKT);
        expect(["issuer_not_configured", "key_unknown"]).toContain(outcome(result));
      }
      expect(network.calls).toEqual([CERTS]);
    });
    it("takes accounts.google.com with its scheme only", async () => {
      expect(outcome(await judgeClaims({ ...INSTANCE, iss: "accounts.google.com" }))).toBe(
        "issuer_not_configured",
      );
    });
  });

  describe("compute claims", () => {
    it.each(Object.keys(COMPUTE))("refuses a token that has all but %s", async (member) => {
      expect(["claim_missing", "claim_type"]).toContain(
        outcome(await judgeClaims(withCompute({ ...COMPUTE, [member]: undefined }))),
      );
    });
    it.each(Object.keys(COMPUTE))("refuses %s of another type", async (member) => {
      for (const value of ["", null, true, [], {}, 1.5, -1, 1e300]) {
        // oxlint-disable-next-line no-await-in-loop -- few
        expect(["claim_missing", "claim_type"]).toContain(
          outcome(await judgeClaims(withCompute({ ...COMPUTE, [member]: value }))),
        );
      }
    });
    it.each([null, {}, [], "x", 1, [COMPUTE]])("refuses compute_engine %j", async (compute) => {
      expect(["claim_missing", "claim_type"]).toContain(
        outcome(await judgeClaims(withCompute(compute))),
      );
    });
    it.each([null, [], "x", 1])("refuses google %j", async (google) => {
      expect(outcome(await judgeClaims({ ...ACCOUNT, google }))).toBe("claim_type");
    });
    it.each([null, "x", [1], [""], {}])("refuses license_id %j", async (licenses) => {
      expect(outcome(await judgeClaims(withCompute({ ...COMPUTE, license_id: licenses })))).toBe(
        "claim_type",
      );
    });
    it("judges an instance by its project alone, though its account is listed", async () => {
      const elsewhere = withCompute({ ...COMPUTE, project_id: "other-project" });
      expect(outcome(await judgeClaims(elsewhere))).toBe("tenant_not_configured");
    });
    it("believes no account because its project is listed", async () => {
      expect(outcome(await judgeClaims(ACCOUNT, { projects: [PROJECT], jwks }))).toBe(
        "tenant_not_configured",
      );
    });
    it("believes no instance because its account is listed", async () => {
      expect(outcome(await judgeClaims(INSTANCE, { service_accounts: [SUB], jwks }))).toBe(
        "tenant_not_configured",
      );
    });
    it("does not take a project's number, name in another case or suffix for its id", async () => {
      for (const id of ["161958465613", "Payments-Prod", "payments-prod2", "payments-pro"]) {
        // oxlint-disable-next-line no-await-in-loop -- few
        expect(outcome(await judgeClaims(withCompute({ ...COMPUTE, project_id: id })))).toBe(
          "tenant_not_configured",
        );
      }
    });
  });

  describe("configuration", () => {
    it("offers a pin for each kind that is configured", () => {
      const ofInstance = {
        claim: "project_id",
        values: [PROJECT],
        when: { claim: "kind", equals: "instance" },
      };
      const ofAccount = {
        claim: "sub",
        values: [SUB],
        when: { claim: "kind", equals: "service_account" },
      };
      expect(pins({ projects: [PROJECT] })).toEqual([ofInstance]);
      expect(pins({ service_accounts: [SUB] })).toEqual([ofAccount]);
      expect(pins({ projects: [PROJECT], service_accounts: [SUB] })).toEqual([
        ofInstance,
        ofAccount,
      ]);
    });
    it.each<[object, string]>([
      [{}, ""],
      [{ projects: [] }, "projects"],
      [{ projects: PROJECT }, "projects"],
      [{ projects: ["Payments"] }, "projects.0"],
      [{ projects: ["161958465613"] }, "projects.0"],
      [{ projects: ["payments-*"] }, "projects.0"],
      [{ service_accounts: ["x@p.iam.gserviceaccount.com"] }, "service_accounts.0"],
      [{ service_accounts: [1040709556822987] }, "service_accounts.0"],
      [{ projects: [PROJECT], audience: "" }, "audience"],
      [{ projects: [PROJECT], audience: `https://x/jkt/${JKT}` }, "audience"],
      [{ projects: [PROJECT], audience: "x\n" }, "audience"],
      [{ projects: [PROJECT], jwks: "ftp://x" }, "jwks"],
      [{ projects: [PROJECT], max_lifetime: "2h" }, "max_lifetime"],
      [{ projects: [PROJECT], max_lifetime: "60" }, "max_lifetime"],
      [{ projects: [PROJECT], project: "x" }, ""],
    ])("refuses %j", (section, path) => {
      expect(complaints(gcpIit, section)).toEqual([path]);
    });
    it("takes a shorter life", async () => {
      const short = { ...settings, max_lifetime: "10m" };
      expect(outcome(await judgeClaims({ ...INSTANCE, iat: NOW, exp: NOW + 600 }, short))).toBe(
        "accepted",
      );
      expect(outcome(await judgeClaims({ ...INSTANCE, iat: NOW, exp: NOW + 601 }, short))).toBe(
        "evidence_lifetime",
      );
    });
    it("reports keys that cannot be read", async () => {
      const { issues } = await build(gcpIit, { projects: [PROJECT], jwks: "data:,nonsense" });
      expect(issues).toMatchObject([{ path: ["jwks"], severity: "error" }]);
    });
  });
});
