import { existsSync } from "node:fs";
import { join } from "node:path";
import { isJsonObject, parseJsonObject } from "../../../encoding/json.ts";
import { obtain } from "../ask.ts";
import { SourceError } from "../source-error.ts";
import { claimsOf, textOfFile, tokenIn, tokenOfFile } from "../token.ts";
import type { EvidenceSource, SourceContext } from "./source.ts";

const PROJECTED = "/var/run/secrets/svidmint/token";
/** What every pod has, unless its service account is not mounted. */
const MOUNT = "/var/run/secrets/kubernetes.io/serviceaccount";
/** The least that Kubernetes gives. */
const LIFETIME_SECONDS = 600;

/** @see https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/token-request-v1/ */
export const source: EvidenceSource = {
  type: "oidc",
  about:
    "A service-account token of this pod: Kubernetes, EKS, GKE, AKS. Without --request it is a projected one, whose volume states the audience, so that it names no key. With --request the API server is asked for one made for S; the service account must be allowed to create serviceaccounts/token of its own.",
  audience: "key",
  presets: ["kubernetes", "eks", "gke", "aks"],
  options: {
    "token-file": { value: "FILE", about: `the projected token [default: ${PROJECTED}]` },
    request: { about: "ask the API server for a token that names the key" },
    server: {
      value: "URL",
      about: "API server, or a kubectl proxy [default: that of the cluster]",
    },
    mount: { value: "FOLDER", about: `where the service account is mounted [default: ${MOUNT}]` },
  },
  examples: [{ does: "for this key, where the service account may", options: "--request" }],
  // A pod without a projected token may well have other evidence: it is asked for that first.
  detect: () => (existsSync(PROJECTED) ? `${PROJECTED} is there` : undefined),
  async fetch(context) {
    const { options } = context;
    const token =
      options["request"] === undefined
        ? await tokenOfFile(
            options["token-file"] ?? PROJECTED,
            "project a serviceAccountToken with audience <issuer URL> into the pod there, name another place with --token-file, or ask for a token with --request",
          )
        : await requested(context);
    return { token };
  },
};

async function requested({ env, audience, options }: SourceContext): Promise<string> {
  const mount = options["mount"] ?? MOUNT;
  const fix =
    "run this in a pod with automountServiceAccountToken, or name its folder with --mount";
  const own = await tokenOfFile(join(mount, "token"), fix);
  const server = options["server"] ?? clusterServer(env);
  const pod = podOf(own);
  const { namespace, account } = pod;
  const answer = await obtain(
    {
      url: `${server}/api/v1/namespaces/${namespace}/serviceaccounts/${account}/token`,
      method: "POST",
      headers: { authorization: `Bearer ${own}`, "content-type": "application/json" },
      body: JSON.stringify({
        apiVersion: "authentication.k8s.io/v1",
        kind: "TokenRequest",
        spec: {
          audiences: [await audience()],
          expirationSeconds: LIFETIME_SECONDS,
          // Bound to the pod, the token names it, and ends with it.
          ...(pod.reference !== undefined && { boundObjectRef: pod.reference }),
        },
      }),
      ...(server.startsWith("https:") && { ca: await textOfFile(join(mount, "ca.crt"), fix) }),
    },
    (status) =>
      status === 403
        ? `allow it: kubectl create role svidmint --verb=create --resource=serviceaccounts/token --resource-name=${account} -n ${namespace}, and bind it to ${account}`
        : "the API server must be reachable from this pod",
  );
  const json = parseJsonObject(answer);
  const status = json.ok ? json.value["status"] : undefined;
  const token = isJsonObject(status) ? status["token"] : undefined;
  return tokenIn(typeof token === "string" ? token : "", "the API server's answer");
}

function clusterServer(env: SourceContext["env"]): string {
  const host = env["KUBERNETES_SERVICE_HOST"];
  if (host === undefined)
    throw new SourceError(
      "KUBERNETES_SERVICE_HOST is not set: run this in a pod, or give --server",
    );
  const port = env["KUBERNETES_SERVICE_PORT_HTTPS"] ?? env["KUBERNETES_SERVICE_PORT"] ?? "443";
  return `https://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** Whose token this is, as the cluster wrote it there. */
function podOf(token: string) {
  const claims = claimsOf(token);
  const sub = claims["sub"];
  const [, , namespace, account] = typeof sub === "string" ? sub.split(":") : [];
  const name = /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/;
  if (
    namespace === undefined ||
    account === undefined ||
    !name.test(namespace) ||
    !name.test(account)
  )
    throw new SourceError("the mounted token is not one of a service account");
  const inside = claims["kubernetes.io"];
  const pod = isJsonObject(inside) ? inside["pod"] : undefined;
  const reference = isJsonObject(pod)
    ? { kind: "Pod", apiVersion: "v1", name: pod["name"], uid: pod["uid"] }
    : undefined;
  return { namespace, account, reference };
}
