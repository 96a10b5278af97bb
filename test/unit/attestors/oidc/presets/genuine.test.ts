import { describe, expect, it } from "vitest";
import { oidc } from "../../../../../src/attestors/oidc/oidc.ts";
import { kubernetes } from "../../../../../src/attestors/oidc/presets/kubernetes.ts";
import { readShape } from "../../../../../src/attestors/oidc/shape.ts";
import type { JsonObject } from "../../../../../src/encoding/json.ts";
import { accepted, judge, outcome } from "../../../../conformance/attestor.ts";
import { dataUrl, fromBase64url } from "../../../../fakes/token-issuer.ts";
import { buildClean } from "../../support.ts";
import { compiledOidc } from "./support.ts";

/** Tokens that real services signed, beside the project and never part of it. */
const files = import.meta.glob<string>(
  "../../../../../../shared/vectors/{k8s/*,oidc/*.jwt,oidc/*.json}",
  { query: "?raw", import: "default", eager: true },
);
const here = Object.keys(files).length > 0;
const file = (name: string) => files[`../../../../../../shared/vectors/${name}`]?.trim() ?? "";

const CLUSTER_KID = "pJcxkJ4q0O1tOt0Z37VB6-x6Mw8xFZSxM9roPtMQq0A";
const API_SERVER = "kubernetes.default.svc";

async function clusterKeys(name: string): Promise<string> {
  const der = file(`k8s/${name}.pub.pem`).replaceAll(/-----[^-]+-----|\s/g, "");
  const key = await crypto.subtle.importKey(
    "spki",
    fromBase64url(der.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")),
    { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" },
    true,
    ["verify"],
  );
  const jwk: unknown = await crypto.subtle.exportKey("jwk", key);
  return dataUrl(
    JSON.stringify({ keys: [{ ...Object(jwk), kid: CLUSTER_KID, key_ops: undefined }] }),
  );
}

/** @param beyond settings over those of the preset that no configuration may have */
async function judgePod(name: string, now: number, beyond?: object, keysOf = name) {
  const old = {
    preset: "kubernetes",
    issuer: "kubernetes/serviceaccount",
    jwks: await clusterKeys(keysOf),
    max_lifetime: "24h",
  };
  const attestor = await buildClean(compiledOidc(beyond), { old });
  return judge(attestor, { type: "oidc", token: file(`k8s/${name}.jwt`) }, now);
}

describe.skipIf(!here)("genuine tokens of a cluster (skipped where ../shared is absent)", () => {
  const AT = 1_604_083_300;

  it("are for the API server, which we are not", async () => {
    expect(outcome(await judgePod("vault-jwtProjectedData", AT))).toBe("audience_mismatch");
    expect(outcome(await judgePod("vault-jwtProjectedDataExpired", AT))).toBe("audience_mismatch");
  });

  it("live too long, be they otherwise as good as can be", async () => {
    const beyond = { audience: API_SERVER };
    expect(outcome(await judgePod("vault-jwtProjectedData", AT, beyond))).toBe("evidence_lifetime");
    const years = { ...beyond, max_lifetime: 320_000_000 };
    const { claims } = accepted(await judgePod("vault-jwtProjectedData", AT, years));
    expect(claims).toEqual({
      iss: "kubernetes/serviceaccount",
      sub: "system:serviceaccount:default:default",
      namespace: "default",
      service_account: "default",
      service_account_uid: "77c81ad7-1bea-4d94-9ca5-f5d7f3632331",
      pod: "vault",
      pod_uid: "086c2f61-dea2-47bb-b5ca-63e63c5c9885",
    });
  });

  it("are over when they are over", async () => {
    const beyond = { audience: API_SERVER };
    const name = "vault-jwtProjectedDataExpired";
    expect(accepted(await judgePod(name, AT, beyond)).claims["pod"]).toBe("vault");
    expect(outcome(await judgePod(name, AT + 700, beyond))).toBe("evidence_expired");
  });

  it("are refused where they are of the kind that never ends", async () => {
    const name = "vault-jwtData";
    for (const now of [AT, 1_800_000_000]) {
      // oxlint-disable-next-line no-await-in-loop -- two
      const result = await judgePod(name, now, {}, "vault-jwtProjectedData");
      expect(outcome(result)).toBe("key_unknown");
    }
    const [, payload = ""] = file(`k8s/${name}.jwt`).split(".");
    const claims: JsonObject = JSON.parse(new TextDecoder().decode(fromBase64url(payload)));
    const { claims: wanted, demands } = kubernetes;
    const read = readShape(claims, { claims: wanted, demands: demands ?? [] });
    expect(outcome(read)).toBe("not_a_workload");
  });
});

describe.skipIf(!here)("genuine tokens of CI systems (skipped where ../shared is absent)", () => {
  const github = {
    preset: "github_actions",
    repository_owner_id: "4163707",
    audience: "https://github.com/n-e",
    jwks: dataUrl(file("oidc/github-historical-jwks.json")),
  };
  const at = async (settings: object, token: string, now: number) =>
    judge(await buildClean(oidc, { ci: settings }), { type: "oidc", token: file(token) }, now);
  const GITHUB = "oidc/github-1-ne-playground-2026.jwt";

  it("of GitHub are believed by their ids", async () => {
    const attestation = accepted(await at(github, GITHUB, 1_772_542_140));
    expect(attestation).toMatchObject({
      name: "oidc.ci",
      binding: { kind: "audience" },
      notBefore: 1_772_541_850,
      notAfter: 1_772_542_150,
    });
    expect(attestation.claims).toEqual({
      repository_owner_id: "4163707",
      repository_id: "1171605621",
      repository: "n-e/github_playground",
      repository_visibility: "private",
      job_workflow_ref: "n-e/github_playground/.github/workflows/oidc.yaml@refs/heads/main",
      job_workflow_sha: "ec022c5d3b2b83dee1fd044aeff40586c373eabe",
      workflow_ref: "n-e/github_playground/.github/workflows/oidc.yaml@refs/heads/main",
      workflow_sha: "ec022c5d3b2b83dee1fd044aeff40586c373eabe",
      sha: "ec022c5d3b2b83dee1fd044aeff40586c373eabe",
      ref: "refs/heads/main",
      ref_type: "branch",
      ref_protected: "false",
      event_name: "workflow_dispatch",
      runner_environment: "github-hosted",
      actor_id: "4163707",
      run_id: "22623552844",
      run_attempt: "1",
      check_run_id: "65554246941",
    });
  });

  it("of GitHub are refused of others, for others, later, and from an enterprise", async () => {
    const wrong = async (change: object, now = 1_772_542_140) =>
      outcome(await at({ ...github, ...change }, GITHUB, now));
    expect(await wrong({ repository_owner_id: "4163708" })).toBe("tenant_not_configured");
    expect(await wrong({ audience: undefined })).toBe("audience_mismatch");
    expect(await wrong({}, 1_772_542_211)).toBe("evidence_expired");
    const issuer = "https://token.actions.githubusercontent.com/acme";
    expect(await wrong({ issuer })).toBe("issuer_not_configured");
  });

  it("of Buildkite say no ids unless they are asked for, and are refused", async () => {
    const settings = {
      preset: "buildkite",
      organization_id: "0190a1b2-c3d4-4e5f-8a6b-7c8d9e0f1a2b",
      audience: "https://zts.athenz.cd.vespa-cloud.com:4443/zts/v1",
      jwks: github.jwks,
    };
    const result = await at(settings, "oidc/buildkite-1-vespa.jwt", 1_724_158_400);
    expect(result).toMatchObject({
      ok: false,
      error: { reason: "claim_missing", detail: "organization_id" },
    });
  });
});
