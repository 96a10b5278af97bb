/**
 * Cloud Storage's JSON API as far as a publisher of single objects uses it.
 * @see https://cloud.google.com/storage/docs/json_api/v1/objects
 */
export class FakeGcs {
  readonly bucket: string;
  readonly objects = new Map<string, { generation: number; metadata: object; bytes: string }>();
  /** Permissions that the caller has. */
  readonly allowed = new Set(["get", "list", "create", "delete"]);
  readonly token: string;
  #generation = 1_700_000_000_000_000;

  constructor(bucket: string, token: string) {
    this.bucket = bucket;
    this.token = token;
  }

  readonly handle = async (request: Request): Promise<Response> => {
    const { pathname, searchParams } = new URL(request.url);
    if (request.headers.get("authorization") !== `Bearer ${this.token}`)
      return refuse(401, "authError", "Invalid Credentials");
    const [, , bucket, object] =
      /^\/(storage|upload\/storage)\/v1\/b\/([^/]+)\/o(?:\/([^/]+))?$/.exec(pathname) ?? [];
    if (bucket !== this.bucket)
      return refuse(404, "notFound", "The specified bucket does not exist.");
    if (request.method === "GET" && object !== undefined)
      return this.#get(decodeURIComponent(object), searchParams);
    if (request.method === "POST" && searchParams.get("uploadType") === "multipart")
      return this.#insert(request, searchParams.get("ifGenerationMatch"));
    return refuse(400, "invalid", "not simulated");
  };

  #get(name: string, query: URLSearchParams): Response {
    const found = this.objects.get(name);
    // Whoever may not list is not told that there is nothing.
    if (!this.allowed.has("get") || (found === undefined && !this.allowed.has("list")))
      return refuse(403, "forbidden", "does not have storage.objects.get access");
    if (found === undefined) return refuse(404, "notFound", `No such object: ${name}`);
    const asked = query.get("generation");
    if (asked !== null && asked !== String(found.generation))
      return refuse(404, "notFound", `No such object: ${name}`);
    if (query.get("alt") === "media") return new Response(found.bytes);
    return Response.json({ ...found.metadata, generation: String(found.generation) });
  }

  async #insert(request: Request, condition: string | null): Promise<Response> {
    const type = request.headers.get("content-type") ?? "";
    const [, boundary = ""] = /^multipart\/related; boundary=(.+)$/.exec(type) ?? [];
    const [, first = "", second = "", end = ""] = (await request.text()).split(`--${boundary}`);
    if (boundary === "" || end.trim() !== "--") return refuse(400, "badContent", "multipart");
    const metadata = JSON.parse(contentOf(first)) as { name: string };
    const held = this.objects.get(metadata.name);
    const missing = held === undefined ? "create" : "delete";
    if (!this.allowed.has("create") || !this.allowed.has(missing))
      return refuse(403, "forbidden", `does not have storage.objects.${missing} access`);
    if (condition !== null && condition !== String(held?.generation ?? 0))
      return refuse(412, "conditionNotMet", "At least one of the pre-conditions did not hold.");
    const generation = ++this.#generation;
    this.objects.set(metadata.name, { generation, metadata, bytes: contentOf(second) });
    return Response.json({ ...metadata, generation: String(generation) });
  }
}

/** RFC 2046 §5.1: headers, an empty line, the content, and the line break of the next boundary. */
function contentOf(part: string): string {
  return part.slice(part.indexOf("\r\n\r\n") + 4, -2);
}

function refuse(code: number, reason: string, message: string): Response {
  return Response.json(
    { error: { code, message, errors: [{ reason, message }] } },
    { status: code },
  );
}
