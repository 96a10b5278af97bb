type Server = (request: Request) => Response | Promise<Response>;

/** A network in which only what a test put there answers, and every call is counted. */
export class FakeNetwork {
  /** URLs in the order in which they were asked for. */
  readonly calls: string[] = [];
  readonly #servers = new Map<string, Server>();

  /** In place of what stood there; answers anew each time. */
  serve(url: string, respond: Server): this {
    this.#servers.set(url, respond);
    return this;
  }

  serveJson(url: string, document: unknown): this {
    return this.serve(url, () => Response.json(document));
  }

  /** As `Platform.fetch`. A host that nobody serves cannot be reached. */
  readonly fetch = async (url: string, init?: RequestInit): Promise<Response> => {
    this.calls.push(url);
    init?.signal?.throwIfAborted();
    const respond = this.#servers.get(url);
    if (respond === undefined) throw new TypeError("fetch failed");
    return respond(new Request(url, init));
  };
}
