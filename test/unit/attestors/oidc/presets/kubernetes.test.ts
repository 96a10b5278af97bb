import { describe, expect, it } from "vitest";
import { oidc } from "../../../../../src/attestors/oidc/oidc.ts";
import type { JsonObject } from "../../../../../src/encoding/json.ts";
import { accepted, judge, outcome } from "../../../../conformance/attestor.ts";
import { keySetUrl, tokenKey } from "../../../../fakes/token-issuer.ts";
import { buildClean, ISSUER, NOW } from "../../support.ts";
import { judgeChanged, jwks, key, sampleOf } from "./support.ts";

const GOOD = sampleOf("kubernetes").claims["kubernetes.io"];
const POD = { name: "api-7d9c-x2x1z", uid: "5e0bd49b-f040-43b0-99b7-22765a53f7f3" };
const ACCOUNT = { name: "api", uid: "14ee3fa4-a7e2-420f-9f9a-dbc4507c3798" };

const judged = async (changes: object, preset = "kubernetes") =>
  outcome(await judgeChanged(preset, changes));
const within = (changes: object) => ({ "kubernetes.io": { ...Object(GOOD), ...changes } });

describe.each(["kubernetes", "eks", "gke", "aks"])("the preset %s", (preset) => {
  it("attests the pod, its node and its service account, flat", async () => {
    expect(accepted(await judgeChanged(preset, {})).claims).toEqual({
      iss: sampleOf(preset).claims["iss"],
      sub: "system:serviceaccount:payments:api",
      namespace: "payments",
      service_account: "api",
      service_account_uid: ACCOUNT.uid,
      pod: POD.name,
      pod_uid: POD.uid,
      node: "node-1",
      node_uid: "1c29ea29-3c5b-4c4f-b7d7-5b8b5d3fbbd1",
    });
  });

  it("does without a node, as before Kubernetes 1.29", async () => {
    const { claims } = accepted(await judgeChanged(preset, within({ node: undefined })));
    expect(claims).not.toHaveProperty("node");
    expect(claims).not.toHaveProperty("node_uid");
  });

  it.each(["node-1", 7, true, ["node-1"]])("refuses a node that is %j, no object", async (node) => {
    expect(await judged(within({ node }), preset)).toBe("claim_type");
  });

  it("refuses what no pod holds: kubectl create token, tokens bound to a secret", async () => {
    expect(await judged(within({ pod: undefined }), preset)).toBe("not_a_workload");
    const secret = within({ pod: undefined, secret: { name: "x", uid: "y" } });
    expect(await judged(secret, preset)).toBe("not_a_workload");
    expect(await judged(within({ pod: { name: "x" } }), preset)).toBe("not_a_workload");
    expect(await judged(within({ pod: { uid: "x" } }), preset)).toBe("claim_missing");
    const { name } = ACCOUNT;
    expect(await judged(within({ serviceaccount: { name } }), preset)).toBe("claim_missing");
  });

  it.each([
    "system:serviceaccount:payments:admin",
    "system:serviceaccount:kube-system:api",
    "system:serviceaccount:payments:api:x",
    "system:serviceaccount:payments",
    "system:node:node-1",
    "payments:api",
    "",
    undefined,
    ["system:serviceaccount:payments:api"],
  ])("refuses the subject %j", async (sub) => {
    expect(await judged({ sub }, preset)).toBe("claim_value");
  });

  it.each([
    { namespace: "kube-system" },
    { serviceaccount: { ...ACCOUNT, name: "admin" } },
    { namespace: undefined },
    { namespace: ["payments"] },
    { serviceaccount: "api" },
  ])("refuses claims that the subject does not bear out: %j", async (changes) => {
    expect(await judged(within(changes), preset)).toBe("claim_value");
  });

  it("refuses a legacy token, and one that adds such members", async () => {
    const legacy = {
      "kubernetes.io": undefined,
      "kubernetes.io/serviceaccount/namespace": "payments",
      "kubernetes.io/serviceaccount/secret.name": "api-token-t5pcn",
      "kubernetes.io/serviceaccount/service-account.name": "api",
      "kubernetes.io/serviceaccount/service-account.uid": ACCOUNT.uid,
    };
    expect(await judged(legacy, preset)).toBe("not_a_workload");
    expect(await judged({ ...legacy, "kubernetes.io": GOOD }, preset)).toBe("not_a_workload");
    expect(await judged({ ...legacy, exp: undefined }, preset)).toBe("claim_missing");
  });

  it.each([
    "kubernetes.default.svc",
    "https://kubernetes.default.svc.cluster.local",
    "sts.amazonaws.com",
    "pods.eks.amazonaws.com",
    "api://AzureADTokenExchange",
    [ISSUER, "https://kubernetes.default.svc.cluster.local"],
  ])("refuses a token for %j", async (aud) => {
    expect(await judged({ aud }, preset)).toBe("audience_mismatch");
  });

  it("takes an hour and no more, and the year that the API server adds never", async () => {
    expect(await judged({ iat: NOW, exp: NOW + 3600 }, preset)).toBe("accepted");
    expect(await judged({ iat: NOW, exp: NOW + 3607 }, preset)).toBe("evidence_lifetime");
    expect(await judged({ iat: NOW, exp: NOW + 31_536_000 }, preset)).toBe("evidence_lifetime");
  });
});

describe("two clusters of the default issuer", async () => {
  const second = await tokenKey("RS256", "one");
  const attestor = await buildClean(oidc, {
    "cluster-a": { preset: "kubernetes", jwks },
    "cluster-b": { preset: "kubernetes", jwks: keySetUrl(second) },
  });
  const claims = Object(sampleOf("kubernetes").claims) as JsonObject; // oxlint-disable-line no-unsafe-type-assertion -- the sample is JSON
  const at = async (signer: typeof key, entry?: string) =>
    judge(
      attestor,
      { type: "oidc", token: await signer.sign(claims), ...(entry !== undefined && { entry }) },
      NOW,
    );

  it("are told apart by entry, which a request must name", async () => {
    expect(outcome(await at(key))).toBe("entry_required");
    expect(accepted(await at(key, "cluster-a")).name).toBe("oidc.cluster-a");
    expect(accepted(await at(second, "cluster-b")).name).toBe("oidc.cluster-b");
  });
  it("never vouch for one another", async () => {
    expect(outcome(await at(key, "cluster-b"))).toBe("signature_invalid");
    expect(outcome(await at(second, "cluster-a"))).toBe("signature_invalid");
  });
});
