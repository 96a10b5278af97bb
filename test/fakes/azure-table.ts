import { later } from "./later.ts";

/** As much of Azure Table Storage as the claim store asks, written from the REST reference: entities with ETags. */
interface Entity {
  readonly etag: string;
  readonly properties: Readonly<Record<string, unknown>>;
}

export class FakeAzureTable {
  readonly entities = new Map<string, Entity>();
  readonly asked: { readonly method: string; readonly url: URL; readonly headers: Headers }[] = [];
  /** Answers in place of everything; undefined: goes on. */
  fault: () => Response | Promise<Response> | undefined = () => undefined;
  #etag = 0;

  readonly fetch = (url: string, init: RequestInit): Promise<Response> =>
    this.handle(new Request(url, init));

  readonly handle = async (request: Request): Promise<Response> => {
    const asked = { method: request.method, url: new URL(request.url), headers: request.headers };
    this.asked.push(asked);
    const body = await request.text();
    await later();
    return this.fault() ?? this.#perform(asked, body);
  };

  #perform({ method, url, headers }: (typeof this.asked)[number], body: string): Response {
    const [, table, name] =
      /^\/(\w+)(?:\(PartitionKey='([\w.-]+)',RowKey=''\))?$/.exec(
        decodeURIComponent(url.pathname),
      ) ?? [];
    if (table !== "claims") return failure(404, "TableNotFound");
    if (method === "POST") {
      const properties = JSON.parse(body);
      if (this.entities.has(properties.PartitionKey)) return failure(409, "EntityAlreadyExists");
      return this.#put(properties);
    }
    const there = this.entities.get(name ?? "");
    if (there === undefined) return failure(404, "ResourceNotFound");
    if (method === "GET") return Response.json({ ...there.properties, "odata.etag": there.etag });
    const condition = headers.get("if-match");
    if (condition === null) return failure(400, "MissingRequiredHeader");
    if (condition !== there.etag) return failure(412, "UpdateConditionNotSatisfied");
    if (method === "PUT") return this.#put(JSON.parse(body));
    if (method !== "DELETE") return failure(405, "UnsupportedHttpVerb");
    this.entities.delete(name ?? "");
    return new Response(null, { status: 204 });
  }

  #put(properties: { readonly PartitionKey: string }): Response {
    const etag = `W/"datetime'${++this.#etag}'"`;
    this.entities.set(properties.PartitionKey, { etag, properties });
    return new Response(null, { status: 204, headers: { etag } });
  }
}

export function failure(status: number, code: string): Response {
  const error = { code, message: { lang: "en-US", value: "the secret is hunter2" } };
  return Response.json({ "odata.error": error }, { status });
}
