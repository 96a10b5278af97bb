import { HonoBase } from "hono/hono-base";
import { issuerPlace } from "../encoding/issuer-place.ts";
import type { Issuer } from "../issuer/issuer.ts";
import type { Metrics } from "../issuer/metrics.ts";
import type { PublicDocument } from "../platform/public-document.ts";
import { type Answer, toResponse } from "./answer.ts";
import { readBody } from "./body.ts";
import { documentResponse, preflight } from "./documents.ts";
import { ExactRouter, rawPath } from "./exact-router.ts";
import { metricsResponse, type MetricsAccess } from "./metrics.ts";
import { problem, problemOf } from "./problem.ts";
import { answerSvids } from "./svids.ts";

export interface AppOptions {
  /** Who may read `/metrics` on this listener; absent: nobody, the path is not there. */
  readonly metrics?: MetricsAccess;
  /** The contract, as JSON text. */
  readonly openapi: string;
  /** What `/readyz` and `/metrics` tell of, where that is more than the issuer. */
  readonly whole?: {
    readonly ready: () => boolean;
    readonly metrics?: Pick<Metrics, "render">;
  };
}

/** Where evidence is handed in, below the path of the issuer's URL. */
export function svidsPath(issuer: Pick<Issuer, "url">): string {
  return `${issuerPlace(issuer.url).base}/v1/svids`;
}

/** As if it were not there for whoever may not read it: by no method does it answer otherwise than any other path. */
const METRICS = "/metrics";
/** Stands for every path of a bundle that is held: no path that is asked for has a question mark. */
const HELD = "/bundles?";
const NOTHING_HELD = { reason: "keys_unavailable" } as const;
const BUNDLES = "/bundles";
const NOSNIFF = { "x-content-type-options": "nosniff" } as const;

/**
 * The HTTP interface of one trust domain. Nothing of a request but its method, path, body and the named headers
 * is read: no Host, no forwarded header, no query.
 */
export function createApp(issuer: Issuer, options: AppOptions): HonoBase {
  const { base } = issuerPlace(issuer.url);
  const tailOf = (path: string) => path.slice(base.length + BUNDLES.length);
  const app = operatorApp(issuer, options, (request) => {
    const path = rawPath(request);
    return path.startsWith(base + BUNDLES) && issuer.hasBundles(tailOf(path)) ? HELD : path;
  });

  app.post(svidsPath(issuer), async ({ req: { raw } }) =>
    toResponse(
      await answerSvids(
        {
          header: (name) => raw.headers.get(name),
          body: (maxBytes) => readBody(raw, maxBytes),
        },
        issuer,
      ),
    ),
  );
  const publish = (
    path: string,
    find: (request: Request) => Promise<PublicDocument | undefined>,
  ): void => {
    app.get(path, async ({ req: { raw } }) => {
      const document = await find(raw);
      return document === undefined || document.withheld === true
        ? toResponse(problemOf(NOTHING_HELD, issuer.begin().requestId))
        : documentResponse(raw, document);
    });
    app.options(path, () => preflight());
  };
  for (const [path, name] of [
    ["/bundle", "bundle"],
    ["/bundle/wit", "witBundle"],
    ["/.well-known/openid-configuration", "discovery"],
    ["/.well-known/jwks.json", "jwks"],
  ] as const)
    publish(base + path, async () => (await issuer.documents())[name]);
  publish(HELD, (request) => issuer.bundles(tailOf(rawPath(request))));
  return app;
}

/**
 * What is of the process, whatever it serves, and the answers to all that is not there.
 * @param issuer whose clock and faults it has
 */
export function operatorApp(
  issuer: Issuer,
  options: AppOptions,
  getPath: (request: Request) => string = rawPath,
): HonoBase {
  const app = new HonoBase({ router: new ExactRouter(), getPath });
  const { ready, metrics } = { ...issuer, ...options.whole };
  app.get("/healthz", () => text("ok\n"));
  app.get("/readyz", () => (ready() ? text("ready\n") : text("not ready\n", 503)));
  app.get(
    "/openapi.json",
    () =>
      new Response(options.openapi, {
        headers: {
          ...NOSNIFF,
          "content-type": "application/json",
          "cache-control": "public, max-age=300",
        },
      }),
  );
  if (options.metrics !== undefined) {
    const access = options.metrics;
    app.get(METRICS, (c) => metricsResponse(c.req.raw, metrics, access) ?? c.notFound());
  }

  app.notFound((c) => {
    const { path } = c.req;
    const methods =
      path === METRICS
        ? []
        : app.routes.filter((route) => route.path === path).map(({ method }) => method);
    const { requestId } = issuer.begin();
    if (methods.length === 0)
      return toResponse(problem(404, "request_malformed", requestId, "no such path"));
    const answer = toResponse(
      problem(405, "request_malformed", requestId, "this path does not take that method"),
    );
    answer.headers.set(
      "allow",
      (methods.includes("GET") ? ["HEAD", ...methods] : methods).join(", "),
    ); // RFC 9110 §15.5.6
    return answer;
  });
  app.onError((error) => toResponse(faultAnswer(issuer, error)));
  return app;
}

/** What a request ends with that threw where nothing may throw. */
export function faultAnswer(issuer: Issuer, error: unknown): Answer {
  const { requestId } = issuer.begin();
  issuer.fault(requestId, error);
  return problem(503, "unavailable", requestId, "an unexpected fault; nothing was issued");
}

function text(body: string, status = 200): Response {
  return new Response(body, {
    status,
    headers: {
      ...NOSNIFF,
      "content-type": "text/plain; charset=utf-8",
      "cache-control": "no-store",
    },
  });
}
