interface ConfigMap {
  readonly metadata: { readonly name: string; readonly resourceVersion: string };
  readonly data: Readonly<Record<string, string>>;
}

/**
 * The ConfigMaps of a Kubernetes API server.
 * @see https://kubernetes.io/docs/reference/using-api/api-concepts/
 */
export class FakeConfigMaps {
  readonly maps = new Map<string, ConfigMap>();
  readonly namespaces = new Set(["default"]);
  /** What the role of the caller has. */
  readonly verbs = new Set(["get", "create", "patch"]);
  readonly token: string;
  #version = 100;

  constructor(token: string) {
    this.token = token;
  }

  readonly handle = async (request: Request): Promise<Response> => {
    if (request.headers.get("authorization") !== `Bearer ${this.token}`)
      return status(401, "Unauthorized");
    const { pathname } = new URL(request.url);
    const [, namespace = "", name] =
      /^\/api\/v1\/namespaces\/([^/]+)\/configmaps(?:\/([^/]+))?$/.exec(pathname) ?? [];
    const verb = { GET: "get", POST: "create", PATCH: "patch" }[request.method] ?? "";
    if (!this.verbs.has(verb)) return status(403, "Forbidden");
    if (verb === "create") {
      if (!this.namespaces.has(namespace)) return status(404, "NotFound");
      const { metadata, data } = (await request.json()) as ConfigMap;
      const key = `${namespace}/${metadata.name}`;
      if (this.maps.has(key)) return status(409, "AlreadyExists");
      return Response.json(this.put(key, metadata.name, data), { status: 201 });
    }
    const key = `${namespace}/${name}`;
    const held = this.maps.get(key);
    if (held === undefined) return status(404, "NotFound");
    if (verb === "get") return Response.json(held);
    if (request.headers.get("content-type") !== "application/merge-patch+json")
      return status(415, "UnsupportedMediaType");
    const patch = (await request.json()) as ConfigMap;
    if (patch.metadata.resourceVersion !== held.metadata.resourceVersion)
      return status(409, "Conflict");
    return Response.json(this.put(key, held.metadata.name, { ...held.data, ...patch.data }));
  };

  put(key: string, name: string, data: Readonly<Record<string, string>>): ConfigMap {
    const map = { metadata: { name, resourceVersion: String(++this.#version) }, data };
    this.maps.set(key, map);
    return map;
  }
}

function status(code: number, reason: string): Response {
  return Response.json({ kind: "Status", status: "Failure", reason, code }, { status: code });
}
