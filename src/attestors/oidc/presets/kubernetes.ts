import type { OidcPreset } from "../preset.ts";

const K8S = "kubernetes.io";

/**
 * Bound service-account tokens of a pod, from a projected volume. Those that no pod holds (secrets of old, `kubectl create
 * token`) name none and are refused. What the API server says of a pod is true while the token lives; that the pod has
 * ended meanwhile cannot be seen here.
 */
const POD_TOKENS: Omit<OidcPreset, "name"> = {
  defaultBinding: "audience",
  demands: [
    // Secret-based tokens have flat members of this name, and never end.
    { path: ["kubernetes.io/serviceaccount/namespace"], reason: "not_a_workload", absent: true },
    { path: [K8S, "pod", "uid"], reason: "not_a_workload" },
    {
      path: ["sub"],
      reason: "claim_value",
      equals: ["system:serviceaccount:", [K8S, "namespace"], ":", [K8S, "serviceaccount", "name"]],
    },
  ],
  claims: {
    sub: { kind: "string", required: true },
    namespace: { kind: "string", path: [K8S, "namespace"], required: true },
    service_account: { kind: "string", path: [K8S, "serviceaccount", "name"], required: true },
    service_account_uid: { kind: "string", path: [K8S, "serviceaccount", "uid"], required: true },
    pod: { kind: "string", path: [K8S, "pod", "name"], required: true },
    pod_uid: { kind: "string", path: [K8S, "pod", "uid"], required: true },
    node: { kind: "string", path: [K8S, "node", "name"] },
    node_uid: { kind: "string", path: [K8S, "node", "uid"] },
  },
  joinable: ["service_account_uid", "pod_uid", "node", "node_uid"],
  instanceClaims: ["pod_uid"],
};

function cluster(preset: Pick<OidcPreset, "name" | "issuer" | "issuerForm" | "check">): OidcPreset {
  return { ...POD_TOKENS, ...preset };
}

const IN_CLUSTER = "https://kubernetes.default.svc.cluster.local";

/** Any cluster. Its keys come from configuration: the default issuer is that of every cluster in the world. */
export const kubernetes = /* @__PURE__ */ cluster({
  name: "kubernetes",
  issuer: IN_CLUSTER,
  issuerForm: { text: "what the API server has as --service-account-issuer" },
  check({ issuer = IN_CLUSTER, jwks }) {
    const reachable = !/^https:\/\/kubernetes\.default(?:\.svc|$)/.test(issuer);
    return reachable || jwks !== undefined
      ? []
      : [
          [
            "jwks",
            "required: many clusters have this issuer, and none can be asked from outside; kubectl get --raw /openid/v1/jwks gives the keys of yours",
          ],
        ];
  },
});

export const eks = /* @__PURE__ */ cluster({
  name: "eks",
  issuerForm: {
    pattern:
      /^https:\/\/(?:oidc\.eks\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?|oidc-eks\.[a-z0-9-]+\.api\.(?:aws|amazonwebservices\.com\.cn))\/id\/[0-9A-F]{32}$/,
    text: "https://oidc.eks.<region>.amazonaws.com/id/<32 hex digits>, from aws eks describe-cluster --query cluster.identity.oidc.issuer",
  },
});

export const gke = /* @__PURE__ */ cluster({
  name: "gke",
  issuerForm: {
    pattern:
      /^https:\/\/container\.googleapis\.com\/v1\/projects\/(?:[a-z0-9.-]+:)?[a-z0-9-]+\/(?:locations|zones)\/[a-z0-9-]+\/clusters\/[a-z0-9-]+$/,
    text: "https://container.googleapis.com/v1/projects/<project>/locations/<location>/clusters/<cluster>",
  },
});

export const aks = /* @__PURE__ */ cluster({
  name: "aks",
  issuerForm: {
    pattern:
      /^https:\/\/[a-z0-9-]+\.oic\.[a-z0-9-]+\.azure\.(?:com|us|cn)\/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\/$/,
    text: "https://<region>.oic.prod-aks.azure.com/<tenant>/<id>/, with the slash at its end, from az aks show --query oidcIssuerProfile.issuerUrl",
  },
});
