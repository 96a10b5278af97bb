import { later } from "./later.ts";

/**
 * Firestore's REST interface (v1) as its reference describes it, as far as single documents go: get, patch and delete
 * on a precondition for us, and what Google's own client library makes of the same: batchGet and commit.
 * @see https://cloud.google.com/firestore/docs/reference/rest/v1/projects.databases.documents
 */
interface Stored {
  readonly fields: object;
  readonly createTime: string;
  readonly updateTime: string;
}
interface Precondition {
  readonly exists?: boolean;
  readonly updateTime?: string;
}
interface Write {
  readonly update?: { readonly name: string; readonly fields?: object };
  readonly delete?: string;
  readonly currentDocument?: Precondition;
}

const DOCUMENTS = /^\/v1\/(projects\/prod-1\/databases\/\(default\)\/documents)(.*)$/;

export class FakeFirestore {
  /** By resource name. */
  readonly documents = new Map<string, Stored>();
  readonly asked: { readonly method: string; readonly url: URL; readonly headers: Headers }[] = [];
  /** Answers in place of everything; undefined: goes on. */
  fault: () => Response | Promise<Response> | undefined = () => undefined;
  #micros = 0;

  readonly fetch = (url: string, init: RequestInit): Promise<Response> =>
    this.handle(new Request(url, init));

  readonly handle = async (request: Request): Promise<Response> => {
    const url = new URL(request.url);
    this.asked.push({ method: request.method, url, headers: request.headers });
    const body = await request.text();
    await later();
    const fault = this.fault();
    if (fault !== undefined) return fault;
    const [, root = "", path = ""] = DOCUMENTS.exec(decodeURIComponent(url.pathname)) ?? [];
    if (root === "") return failure(404, "NOT_FOUND");
    if (path === ":batchGet") return this.#batchGet(JSON.parse(body));
    if (path === ":commit") return this.#commit(JSON.parse(body));
    return this.#perform(request.method, root + path, url.searchParams, body);
  };

  #perform(method: string, name: string, query: URLSearchParams, body: string): Response {
    const there = this.documents.get(name);
    if (method === "GET")
      return there === undefined ? failure(404, "NOT_FOUND") : Response.json({ name, ...there });
    const [exists, updateTime] = ["exists", "updateTime"].map((one) =>
      query.get(`currentDocument.${one}`),
    );
    const condition = {
      ...(exists !== null && { exists: exists === "true" }),
      ...(typeof updateTime === "string" && { updateTime }),
    };
    const refused = unmet(condition, there);
    if (refused !== undefined) return refused;
    if (method === "PATCH")
      return Response.json({ name, ...this.#put(name, JSON.parse(body).fields) });
    if (method !== "DELETE") return failure(400, "INVALID_ARGUMENT");
    this.documents.delete(name);
    return Response.json({});
  }

  #batchGet({ documents }: { readonly documents: readonly string[] }): Response {
    const readTime = this.#now();
    return Response.json(
      documents.map((name) => {
        const there = this.documents.get(name);
        return there === undefined
          ? { missing: name, readTime }
          : { found: { name, ...there }, readTime };
      }),
    );
  }

  #commit({ writes }: { readonly writes: readonly Write[] }): Response {
    for (const { update, delete: removed, currentDocument = {} } of writes) {
      const refused = unmet(currentDocument, this.documents.get(update?.name ?? removed ?? ""));
      if (refused !== undefined) return refused;
    }
    const commitTime = this.#now();
    for (const { update, delete: removed } of writes) {
      if (update !== undefined) this.#put(update.name, update.fields ?? {}, commitTime);
      else if (removed !== undefined) this.documents.delete(removed);
    }
    return Response.json({
      writeResults: writes.map(() => ({ updateTime: commitTime })),
      commitTime,
    });
  }

  #put(name: string, fields: object, updateTime = this.#now()): Stored {
    const { createTime = updateTime } = this.documents.get(name) ?? {};
    const stored = { fields, createTime, updateTime };
    this.documents.set(name, stored);
    return stored;
  }

  /** Never the same twice. */
  #now(): string {
    return `2026-11-01T00:00:00.${String(++this.#micros).padStart(6, "0")}Z`;
  }
}

function unmet(
  { exists, updateTime }: Precondition,
  there: Stored | undefined,
): Response | undefined {
  if (exists === false && there !== undefined) return failure(409, "ALREADY_EXISTS");
  if (exists === true && there === undefined) return failure(404, "NOT_FOUND");
  if (updateTime === undefined) return undefined;
  if (there === undefined) return failure(404, "NOT_FOUND");
  // A client may write the same instant with more or fewer zeros.
  const same = instant(updateTime) === instant(there.updateTime);
  return same ? undefined : failure(400, "FAILED_PRECONDITION");
}

function instant(time: string): string {
  const [, seconds = "", fraction = ""] = /^(.*?)(?:\.(\d+))?Z$/.exec(time) ?? [];
  return `${seconds}.${fraction.padEnd(9, "0")}`;
}

export function failure(code: number, status: string): Response {
  const error = { code, status, message: "the secret is hunter2" };
  return Response.json({ error }, { status: code });
}
