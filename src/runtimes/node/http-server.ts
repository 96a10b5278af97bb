import { createServer, type Server } from "node:http";
import { getRequestListener } from "@hono/node-server";

/** Limits of the listener. Times in milliseconds. */
export const SERVER_LIMITS = {
  headersTimeoutMs: 5_000,
  requestTimeoutMs: 10_000,
  keepAliveTimeoutMs: 5_000,
  maxConnections: 4_096,
  maxRequestsPerSocket: 10_000,
  maxHeaderBytes: 16_384,
  /** How long requests under way may take to finish after a stop was asked for. */
  drainMs: 10_000,
} as const;

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

export interface RunningServer {
  readonly address: ListenAddress;
  /** Stops taking connections, lets requests under way finish, then closes what is left. */
  stop(): Promise<void>;
}

/** Serves a fetch handler over HTTP/1.1 with bounds on everything a stranger can hold open. */
export async function listen(fetch: (request: Request) => Response | Promise<Response>, address: ListenAddress): Promise<RunningServer> {
  const handle = getRequestListener(fetch, { overrideGlobalObjects: true });
  const server = createServer(
    {
      headersTimeout: SERVER_LIMITS.headersTimeoutMs,
      requestTimeout: SERVER_LIMITS.requestTimeoutMs,
      keepAliveTimeout: SERVER_LIMITS.keepAliveTimeoutMs,
      connectionsCheckingInterval: 1_000,
      maxHeaderSize: SERVER_LIMITS.maxHeaderBytes,
      noDelay: true,
    },
    (incoming, outgoing) => void handle(incoming, outgoing),
  );
  server.maxConnections = SERVER_LIMITS.maxConnections;
  server.maxRequestsPerSocket = SERVER_LIMITS.maxRequestsPerSocket;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host: address.host, port: address.port }, () => {
      server.off("error", reject);
      resolve();
    });
  });
  const bound = server.address();
  if (bound === null || typeof bound === "string") throw new TypeError("not a TCP listener");
  return { address: { host: bound.address, port: bound.port }, stop: () => stop(server) };
}

async function stop(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), SERVER_LIMITS.drainMs);
  await closed;
  clearTimeout(timer);
}
