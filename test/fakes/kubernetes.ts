import { fromBase64url, keySet, tokenKey, utf8, type TokenKey } from "./token-issuer.ts";

/** A simulated cluster: the key set of its issuer, the tokens of its pods, and the part of its API that makes more. */
export interface SimulatedCluster {
  readonly issuer: string;
  readonly key: TokenKey;
  /** The issuer's `/jwks`, at any host. */
  readonly fetch: (request: Request) => Promise<Response>;
  /** As the kubelet projects it into the pod: for an hour unless told. */
  token(pod: SimulatedPod, audience: string, seconds?: number): Promise<string>;
  /** `POST …/serviceaccounts/<name>/token`, for pods whose service account is allowed it. */
  readonly api: (request: Request) => Promise<Response>;
}

export interface SimulatedPod {
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly name: string;
  readonly uid: string;
  /** The role of its service account lets it create tokens of its own. */
  readonly mayRequest?: boolean;
}

const NODE = { name: "gke-payments-default-pool-1", uid: "0c9e4b6a-3c0e-4f53-9d3d-8a1c2f7e5b10" };
const API_AUDIENCE = "https://kubernetes.default.svc";

/** @param issuer as the cluster's configuration has it. @param now Unix seconds */
export async function simulateCluster(
  issuer: string,
  now: () => number = () => Math.floor(Date.now() / 1000),
): Promise<SimulatedCluster> {
  const key = await tokenKey("RS256", "simulated-cluster-1");
  const pods = new Map<string, SimulatedPod>();
  const token = async (pod: SimulatedPod, audience: string, seconds = 3600) => {
    pods.set(pod.uid, pod);
    return key.sign(claimsFor(issuer, pod, audience, now(), seconds), { typ: undefined });
  };

  return {
    issuer,
    key,
    token,
    fetch: async (request) =>
      new URL(request.url).pathname.endsWith("/jwks")
        ? Response.json(keySet(key))
        : new Response(null, { status: 404 }),
    async api(request) {
      const path =
        /^\/api\/v1\/namespaces\/([^/]+)\/serviceaccounts\/([^/]+)\/token$/.exec(
          new URL(request.url).pathname,
        ) ?? [];
      if (request.method !== "POST" || path[1] === undefined) return status(404);
      const bearer = /^Bearer (\S+)$/.exec(request.headers.get("authorization") ?? "")?.[1];
      const caller = bearer === undefined ? undefined : await whose(key, bearer);
      const pod = caller === undefined ? undefined : pods.get(caller);
      if (pod === undefined) return status(401);
      const own = path[1] === pod.namespace && path[2] === pod.serviceAccount;
      if (pod.mayRequest !== true || !own) return status(403);
      const { spec }: TokenRequest = await request.json();
      const { audiences, expirationSeconds, boundObjectRef } = spec;
      const [audience] = audiences;
      if (audience === undefined || expirationSeconds < 600) return status(422);
      if (boundObjectRef?.uid !== pod.uid || boundObjectRef.name !== pod.name) return status(409);
      return Response.json(
        { kind: "TokenRequest", status: { token: await token(pod, audience, expirationSeconds) } },
        { status: 201 },
      );
    },
  };
}

interface TokenRequest {
  readonly spec: {
    readonly audiences: readonly string[];
    readonly expirationSeconds: number;
    readonly boundObjectRef?: { readonly name: string; readonly uid: string };
  };
}

function status(code: number): Response {
  return Response.json({ kind: "Status", status: "Failure", code }, { status: code });
}

/** The uid of the pod whose token this is, if the cluster signed it for its API. */
async function whose(key: TokenKey, token: string): Promise<string | undefined> {
  const [header = "", payload = "", signature = ""] = token.split(".");
  const good = await crypto.subtle.verify(
    "RSASSA-PKCS1-v1_5",
    key.publicKey,
    fromBase64url(signature),
    utf8(`${header}.${payload}`),
  );
  const claims: ReturnType<typeof claimsFor> = JSON.parse(
    new TextDecoder().decode(fromBase64url(payload)),
  );
  return good && claims.aud.includes(API_AUDIENCE) ? claims["kubernetes.io"].pod.uid : undefined;
}

/** @see https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/#bound-service-account-tokens */
function claimsFor(
  issuer: string,
  pod: SimulatedPod,
  audience: string,
  now: number,
  seconds: number,
) {
  return {
    aud: [audience],
    exp: now + seconds,
    iat: now,
    iss: issuer,
    jti: crypto.randomUUID(),
    "kubernetes.io": {
      namespace: pod.namespace,
      node: NODE,
      pod: { name: pod.name, uid: pod.uid },
      serviceaccount: {
        name: pod.serviceAccount,
        uid: "aa1f9c3e-6c3f-4a53-8d43-1f5b2c7e9d20",
      },
    },
    nbf: now,
    sub: `system:serviceaccount:${pod.namespace}:${pod.serviceAccount}`,
  };
}

/** What a pod has at `/var/run/secrets/kubernetes.io/serviceaccount/token`. */
export function apiToken(cluster: SimulatedCluster, pod: SimulatedPod): Promise<string> {
  return cluster.token(pod, API_AUDIENCE);
}
