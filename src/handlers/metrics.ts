import { equalBytes, utf8Encode } from "../encoding/bytes.ts";
import type { Metrics } from "../issuer/metrics.ts";

/** `open`: the listener is the operator's own. Else a bearer token is asked for. */
export type MetricsAccess = { readonly open: true } | { readonly token: string };

/** Prometheus text; 404 without the token, so that a stranger does not learn that it is there. */
export function metricsResponse(request: Request, metrics: Metrics, access: MetricsAccess): Response {
  if ("token" in access && !bearerIs(request.headers.get("authorization"), access.token)) {
    return new Response("not found\n", { status: 404, headers: { "content-type": "text/plain; charset=utf-8" } });
  }
  return new Response(metrics.render(), { headers: { "content-type": "text/plain; version=0.0.4; charset=utf-8", "cache-control": "no-store" } });
}

function bearerIs(header: string | null, token: string): boolean {
  return header !== null && equalBytes(utf8Encode(header), utf8Encode(`Bearer ${token}`));
}
