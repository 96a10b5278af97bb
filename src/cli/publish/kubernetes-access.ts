import { readFile } from "node:fs/promises";
import { request as overHttps, type RequestOptions } from "node:https";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { Readable } from "node:stream";
import { isJsonObject, type JsonObject, type JsonValue } from "../../encoding/json.ts";
import { isLoopbackHost } from "../../platform/http.ts";
import type { Platform } from "../../platform/platform.ts";
import { readYaml } from "../config-document.ts";
import { PublishError, type PlaceDeps } from "./place.ts";

/** What every pod has, unless its service account is not mounted. */
const MOUNT = "/var/run/secrets/kubernetes.io/serviceaccount";

/** How the API server is reached, and as whom. */
export interface KubernetesAccess {
  /** URL without a slash at its end. */
  readonly server: string;
  /** Trusts the cluster's own authority alone, where it has one. */
  readonly fetch: Platform["fetch"];
  /** Read anew each time: the platform replaces it. */
  readonly authorization: () => Promise<Readonly<Record<string, string>>>;
}

interface Tls {
  readonly ca?: Uint8Array;
  readonly cert?: Uint8Array;
  readonly key?: Uint8Array;
}

/** What `KUBECONFIG` names, else the pod's own service account, else `~/.kube/config`. @throws PublishError */
export async function kubernetesAccess(
  { platform, env }: Pick<PlaceDeps, "platform" | "env">,
  mount = MOUNT,
): Promise<KubernetesAccess> {
  const named = env("KUBECONFIG");
  const host = env("KUBERNETES_SERVICE_HOST");
  if (named === undefined && host !== undefined) {
    const port = env("KUBERNETES_SERVICE_PORT_HTTPS") ?? env("KUBERNETES_SERVICE_PORT") ?? "443";
    return {
      server: `https://${host.includes(":") ? `[${host}]` : host}:${port}`,
      fetch: pinnedFetch({ ca: await fileAt(join(mount, "ca.crt")) }),
      authorization: () => bearerIn(join(mount, "token")),
    };
  }
  // One file, as it is nearly always; a list of them would have to be merged.
  return fromKubeconfig(named?.split(":")[0] ?? join(homedir(), ".kube/config"), platform);
}

async function fromKubeconfig(
  path: string,
  platform: Pick<Platform, "fetch">,
): Promise<KubernetesAccess> {
  const read = readYaml(await fileAt(path));
  const config = read.value;
  if (!isJsonObject(config)) throw unusable(path, "is no kubeconfig");
  const current = config["current-context"];
  const context = entry(config["contexts"], current, "context");
  const cluster = context && entry(config["clusters"], context["cluster"], "cluster");
  const user = context && entry(config["users"], context["user"], "user");
  const server = cluster?.["server"];
  if (cluster === undefined || user === undefined || typeof server !== "string")
    throw unusable(path, "names no cluster and user by its current-context");
  if (cluster["insecure-skip-tls-verify"] === true)
    throw unusable(path, "asks that the server's certificate be ignored, which is not done here");
  const plain = URL.canParse(server) && isLoopbackHost(new URL(server).hostname);
  if (!server.startsWith("https://") && !(plain && server.startsWith("http://")))
    throw unusable(path, "names a server without TLS");
  const part = (from: JsonObject, name: string) => partOf(from, name, path);
  const tls: Tls = {
    ...(await under("ca", part(cluster, "certificate-authority"))),
    ...(await under("cert", part(user, "client-certificate"))),
    ...(await under("key", part(user, "client-key"))),
  };
  const { token, tokenFile } = user;
  const file = typeof tokenFile === "string" ? resolve(dirname(path), tokenFile) : undefined;
  if (typeof token !== "string" && file === undefined && tls.cert === undefined)
    throw unusable(
      path,
      "has no token and no client certificate: programs (exec) are not run; make a token with kubectl create token",
    );
  return {
    server: server.replace(/\/+$/, ""),
    fetch: server.startsWith("https:") ? pinnedFetch(tls) : platform.fetch,
    authorization: async () => {
      if (file !== undefined) return bearerIn(file);
      return typeof token === "string" ? { authorization: `Bearer ${token}` } : {};
    },
  };
}

function entry(list: JsonValue | undefined, name: unknown, member: string): JsonObject | undefined {
  const entries: readonly JsonValue[] = Array.isArray(list) ? list : [];
  for (const one of entries) {
    const value = isJsonObject(one) && one["name"] === name ? one[member] : undefined;
    if (isJsonObject(value)) return value;
  }
  return undefined;
}

/** `NAME-data` in base64, or the file that `NAME` names. */
async function partOf(
  from: JsonObject,
  name: string,
  path: string,
): Promise<Uint8Array | undefined> {
  const data = from[`${name}-data`];
  if (typeof data === "string") return Buffer.from(data, "base64");
  const file = from[name];
  return typeof file === "string" ? fileAt(resolve(dirname(path), file)) : undefined;
}

async function under(name: keyof Tls, bytes: Promise<Uint8Array | undefined>): Promise<Tls> {
  const value = await bytes;
  return value === undefined ? {} : { [name]: value };
}

async function bearerIn(path: string): Promise<Readonly<Record<string, string>>> {
  const token = new TextDecoder().decode(await fileAt(path)).trim();
  return { authorization: `Bearer ${token}` };
}

async function fileAt(path: string): Promise<Uint8Array> {
  return readFile(path).catch((error: unknown) => {
    throw unusable(
      path,
      "cannot be read: run this in a pod with its service account mounted, or set KUBECONFIG",
      error,
    );
  });
}

function unusable(path: string, what: string, cause?: unknown): PublishError {
  return new PublishError("denied", `Kubernetes: ${path} ${what}`, { cause });
}

/** `fetch` that trusts one authority, and shows a certificate where there is one. */
function pinnedFetch(tls: Tls): Platform["fetch"] {
  return (url, { method = "GET", headers, body, signal }) =>
    new Promise((resolve_, reject) => {
      const options: RequestOptions = {
        method,
        agent: false,
        headers: Object.fromEntries(new Headers(headers)),
        ...(tls.ca && { ca: Buffer.from(tls.ca) }),
        ...(tls.cert && { cert: Buffer.from(tls.cert) }),
        ...(tls.key && { key: Buffer.from(tls.key) }),
        ...(signal && { signal }),
      };
      overHttps(url, options, (incoming) => {
        const { statusCode: status = 500 } = incoming;
        const stream = Readable.toWeb(incoming) as ReadableStream<Uint8Array>; // oxlint-disable-line typescript/no-unsafe-type-assertion -- Node's type of the same thing
        resolve_(new Response([204, 304].includes(status) ? null : stream, { status }));
      })
        .on("error", reject)
        .end(typeof body === "string" ? body : undefined);
    });
}
