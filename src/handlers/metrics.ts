import type { Metrics } from "../issuer/metrics.ts";
import { bearerIs } from "./bearer.ts";

/** `open`: the listener is the operator's own. Else a bearer token is asked for. */
export type MetricsAccess = { readonly open: true } | { readonly token: string };

/** Prometheus text; undefined without the token: the caller answers as for any path that is not there. */
export function metricsResponse(
  request: Request,
  metrics: Pick<Metrics, "render">,
  access: MetricsAccess,
): Response | undefined {
  if ("token" in access && !bearerIs(request.headers.get("authorization"), access.token))
    return undefined;
  return new Response(metrics.render(), {
    headers: {
      "content-type": "text/plain; version=0.0.4; charset=utf-8",
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
    },
  });
}
