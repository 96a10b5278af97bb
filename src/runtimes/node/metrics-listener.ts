import { metricsResponse } from "../../handlers/metrics.ts";
import type { Metrics } from "../../issuer/metrics.ts";
import { listen, type ListenAddress, type RunningServer } from "./http-server.ts";

/** Serves the metrics to whoever reaches the address, and nothing else. */
export function listenForMetrics(
  rendered: Pick<Metrics, "render">,
  address: ListenAddress,
): Promise<RunningServer> {
  return listen((request) => {
    const { pathname } = new URL(request.url);
    const metrics =
      pathname === "/metrics" && request.method === "GET"
        ? metricsResponse(request, rendered, { open: true })
        : undefined;
    return metrics ?? new Response("not found\n", { status: 404 });
  }, address);
}
