import { describe, expect, it } from "vitest";
import { azureMsi } from "../../src/attestors/azure/msi.ts";
import { gcpIit } from "../../src/attestors/gcp/iit.ts";
import { oidc } from "../../src/attestors/oidc/oidc.ts";
import { accepted, JKT, judge, outcome } from "../conformance/attestor.ts";
import { FakeNetwork } from "../fakes/network.ts";
import { keySet, keySetUrl, tokenKey } from "../fakes/token-issuer.ts";
import {
  MACHINE,
  OID,
  settings as msi,
  V1,
  key as entra,
} from "../unit/attestors/azure/msi-support.ts";
import { CLAIMS, entry, judgeClaims, key } from "../unit/attestors/oidc/oidc-support.ts";
import { build, buildClean, ISSUER, NOW } from "../unit/attestors/support.ts";

const GOOGLE = "https://accounts.google.com";
const CERTS = "https://www.googleapis.com/oauth2/v3/certs";

describe("tokens that peers believed", () => {
  it("CVE-2020-16251 (Vault gcp): a service account signs a machine for itself with its own key", async () => {
    const [google, own] = await Promise.all([
      tokenKey("RS256", "google-1"),
      tokenKey("RS256", "own-1"),
    ]);
    const account = "attacker@attacker.iam.gserviceaccount.com";
    const network = new FakeNetwork()
      .serveJson(CERTS, keySet(google))
      .serveJson(`https://www.googleapis.com/service_accounts/v1/jwk/${account}`, keySet(own));
    const attestor = await buildClean(gcpIit, { projects: ["payments-prod"] }, { network });
    const compute = {
      instance_id: "1",
      instance_name: "vm",
      project_id: "payments-prod",
      project_number: 1,
      zone: "us-east1-b",
      instance_creation_timestamp: NOW - 100,
    };
    const sub = "104070955682298736149";
    const email = { azp: sub, email: account, email_verified: true };
    const times = { iat: NOW - 10, exp: NOW + 600 };
    const claims = { iss: GOOGLE, sub, aud: ISSUER, ...email, ...times };
    const machine = { google: { compute_engine: compute } };
    const token = async (by = own, more: object = {}) => ({
      type: "gcp_iit",
      token: await by.sign({ ...claims, ...machine, ...more }),
    });
    expect(outcome(await judge(attestor, await token(), NOW, JKT))).toBe("key_unknown");
    const named = await token(own, { iss: account });
    expect(outcome(await judge(attestor, named, NOW, JKT))).toBe("issuer_not_configured");
    expect(network.calls).toEqual([CERTS]);
    // Nor is "true" a verified address, as it was elsewhere (CVE-2026-55076).
    const unverified = await token(google, { email_verified: "true" });
    expect(outcome(await judge(attestor, unverified, NOW, JKT))).toBe("claim_value");
    const genuine = await token(google);
    expect(outcome(await judge(attestor, genuine, NOW, JKT))).toBe("accepted");
  });

  it("CVE-2025-3879 (Vault azure): a resource named beside the token instead of in it", async () => {
    const attestor = await buildClean(azureMsi, msi);
    const token = await entra.sign(V1);
    const beside = {
      subscription_id: "99999999-0000-4000-8000-000000000000",
      resource_group_name: "payments",
      vm_name: "Api-1",
      vmss_name: "set",
      resource_id: MACHINE,
    };
    for (const [name, value] of Object.entries(beside)) {
      const evidence = { type: "azure_msi", token, [name]: value };
      expect(outcome(await judge(attestor, evidence, NOW, JKT))).toBe("body_schema"); // oxlint-disable-line no-await-in-loop
    }
    const { claims } = accepted(await judge(attestor, { type: "azure_msi", token }, NOW, JKT));
    expect(claims).toMatchObject({
      principal_id: OID,
      resource: MACHINE.toLowerCase(),
      resource_name: "api-1",
    });
  });

  it("CVE-2024-5798 (Vault jwt): an audience that is part of, absent from, or one among others in the token", async () => {
    const others = [
      undefined,
      null,
      "",
      [],
      [""],
      [ISSUER, "https://evil.example"],
      ["https://evil.example", ISSUER],
      [ISSUER, ISSUER],
      [[ISSUER]],
      { 0: ISSUER },
      `${ISSUER}/`,
      `${ISSUER}.evil.example`,
      `${ISSUER} https://evil.example`,
      ISSUER.slice(0, -1),
      ISSUER.toUpperCase(),
      `${ISSUER}/jkt/`,
      1,
      true,
    ];
    for (const aud of others)
      expect(outcome(await judgeClaims({ ...CLAIMS, aud }))).toBe("audience_mismatch"); // oxlint-disable-line no-await-in-loop
    expect(outcome(await judgeClaims({ ...CLAIMS, aud: [ISSUER] }))).toBe("accepted");
  });

  it("CVE-2026-22772 (Fulcio): an issuer that only begins like, ends like or has in it the configured one", async () => {
    const like = [
      "https://ci.example.com.evil.example",
      "https://evil.example/https://ci.example.com",
      "https://ciXexample.com",
      "https://evil.example#https://ci.example.com",
      "https://ci.example.com/",
      "https://CI.example.com",
      "https://ci.example.com/x",
      "*",
      "https://*.example.com",
    ];
    for (const iss of like)
      expect(outcome(await judgeClaims({ ...CLAIMS, iss }))).toBe("issuer_not_configured"); // oxlint-disable-line no-await-in-loop
    const { issues } = await build(oidc, { ci: { ...entry, issuer: "https://*.example.com" } });
    expect(issues).toMatchObject([{ path: ["ci", "issuer"], severity: "error" }]);
  });

  it("CVE-2025-66506 (Fulcio): a million dots are refused before any of them is split", async () => {
    const attestor = await buildClean(oidc, { ci: entry });
    for (const token of [
      ".".repeat(1_000_000),
      `a${".b".repeat(100_000)}`,
      "....",
      "a.b.c.d",
      "a.b",
    ])
      expect(outcome(attestor.parse({ type: "oidc", token }))).toMatch(
        /^(?:evidence_too_large|jws_malformed)$/,
      );
  });

  it("Fulcio #2406: a number too big to be one is no claim, and none is printed in scientific notation", async () => {
    const big = { ...entry, pin: "issuer" };
    const text = (value: string) =>
      JSON.stringify(CLAIMS).replace('"branch":"main"', `"branch":${value}`);
    const attestor = await buildClean(oidc, { ci: big });
    const judgeText = async (value: string) =>
      judge(attestor, { type: "oidc", token: await key.signText(HEADER, text(value)) }, NOW, JKT);
    for (const value of [
      "1e21",
      "12345678901234567890",
      "1.5",
      "1e400",
      "-1.5",
      "9007199254740993",
    ]) {
      const result = await judgeText(value); // oxlint-disable-line no-await-in-loop
      expect(result.ok ? result.value.claims["branch"] : undefined).toBeUndefined();
    }
    expect(accepted(await judgeText("123456789")).claims["branch"]).toBe(123456789);
  });

  it("CVE-2026-55076, CVE-2026-55075 (coder): what looks like true is not true", async () => {
    const settings = { ...entry, pin: "issuer" };
    for (const branch of ["true", 1, [true], { true: true }, null, "TRUE"]) {
      const result = await judgeClaims({ ...CLAIMS, branch }, settings); // oxlint-disable-line no-await-in-loop
      expect(result.ok ? result.value.claims["branch"] : undefined).not.toBe(true);
    }
    expect(
      accepted(await judgeClaims({ ...CLAIMS, branch: true }, settings)).claims["branch"],
    ).toBe(true);
    // Nor is a pin that is not text ever one of the listed customers.
    for (const organization_id of [42, [42], ["42"], { 42: 42 }, true])
      expect(outcome(await judgeClaims({ ...CLAIMS, organization_id }))).toMatch(
        /^claim_(?:type|missing)$/,
      ); // oxlint-disable-line no-await-in-loop
  });

  it("GHSA-97jf-46m3-8953 (Azure SDK, attestation): a token that vouches for itself by x5c or jwk", async () => {
    const mallory = await tokenKey("ES256", "mallory");
    const attestor = await buildClean(oidc, { ci: entry });
    const x5c = ["MIIBszCCAVmgAwIBAgIUB"];
    const headers = [{ jwk: mallory.jwk }, { x5c }, { jwk: mallory.jwk, x5c, kid: key.kid }];
    for (const header of headers) {
      const token = await mallory.sign(CLAIMS, header); // oxlint-disable-line no-await-in-loop
      expect(outcome(await judge(attestor, { type: "oidc", token }, NOW, JKT))).not.toBe(
        "accepted",
      ); // oxlint-disable-line no-await-in-loop
    }
    const same = await mallory.sign(CLAIMS, { kid: key.kid, jwk: mallory.jwk });
    expect(outcome(await judge(attestor, { type: "oidc", token: same }, NOW, JKT))).not.toBe(
      "accepted",
    );
  });

  it("microsoft-azure-attestation #29: nobody follows jku or x5u", async () => {
    const mallory = await tokenKey("ES256", key.kid);
    const evil = "https://evil.example/keys";
    const { jwks: _, ...fetched } = entry;
    const network = new FakeNetwork()
      .serveJson(evil, keySet(mallory))
      .serveJson(`${entry.issuer}/.well-known/openid-configuration`, {
        issuer: entry.issuer,
        jwks_uri: `${entry.issuer}/keys`,
      })
      .serveJson(`${entry.issuer}/keys`, keySet(key));
    const attestor = await buildClean(oidc, { ci: fetched }, { network });
    for (const header of [{ jku: evil }, { x5u: evil }, { jku: evil, x5u: evil }]) {
      const token = await mallory.sign(CLAIMS, header); // oxlint-disable-line no-await-in-loop
      expect(outcome(await judge(attestor, { type: "oidc", token }, NOW, JKT))).not.toBe(
        "accepted",
      ); // oxlint-disable-line no-await-in-loop
    }
    expect(network.calls).not.toContain(evil);
  });

  it("GitHub changelog 2026-04-23: names are recycled, so that ids are pinned and sub is not read", async () => {
    const github = await tokenKey("RS256", "gh-1");
    const attestor = await buildClean(oidc, {
      github: {
        preset: "github_actions",
        repository_owner_id: ["123456"],
        jwks: keySetUrl(github),
      },
    });
    const claims = {
      iss: "https://token.actions.githubusercontent.com",
      aud: ISSUER,
      sub: "repo:acme/app:ref:refs/heads/main",
      repository: "acme/app",
      repository_id: "456789",
      repository_owner: "acme",
      repository_owner_id: "123456",
      job_workflow_ref: "acme/app/.github/workflows/x.yml@refs/heads/main",
      event_name: "push",
      runner_environment: "github-hosted",
      iat: NOW - 10,
      exp: NOW + 290,
    };
    const judged = async (more: object) =>
      judge(attestor, { type: "oidc", token: await github.sign({ ...claims, ...more }) }, NOW, JKT);
    // The name went to somebody else: everything is as it was but the ids.
    const heir = { repository_owner_id: "999999", repository_id: "888888" };
    expect(outcome(await judged(heir))).toBe("tenant_not_configured");
    const forms = [claims.sub, "repo:acme@123456/app@456789:ref:refs/heads/main", "custom"];
    for (const sub of forms) {
      const attested = accepted(await judged({ sub })); // oxlint-disable-line no-await-in-loop
      expect(attested.claims["repository_id"]).toBe("456789");
      expect(attested.claims).not.toHaveProperty("sub");
    }
    expect(outcome(await judged({ repository_owner_id: undefined }))).toBe("claim_missing");
  });
});

const HEADER = JSON.stringify({ alg: "ES256", kid: key.kid, typ: "JWT" });
