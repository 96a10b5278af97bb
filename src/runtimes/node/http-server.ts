import { constants } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Server as TlsServer } from "node:https";
import type { TlsOptions } from "node:tls";
import { late } from "../../platform/node/late-modules.ts";
import { getRequestListener, RequestError } from "@hono/node-server";
import { toResponse } from "../../handlers/answer.ts";
import { Connections } from "./connections.ts";
import { stop, type Patience } from "./graceful-stop.ts";
import { answerMalformed, malformed } from "./malformed.ts";
import { sendAnswer } from "./send-answer.ts";
import { UnderWay } from "./under-way.ts";

/** Bounds on what a stranger can hold open. Times in milliseconds. */
export interface ServerLimits extends Patience {
  /** From the connection, or the end of the request before, to the last header. */
  readonly headersTimeoutMs: number;
  /** To the last byte of the body. */
  readonly requestTimeoutMs: number;
  readonly keepAliveTimeoutMs: number;
  /** Without a byte in either direction: whoever does not read his answers is not waited for. */
  readonly idleTimeoutMs: number;
  /** How often slow connections are looked for. */
  readonly checkIntervalMs: number;
  readonly maxConnections: number;
  readonly maxRequestsPerSocket: number;
  readonly maxHeaderBytes: number;
}

const LIMITS: ServerLimits = {
  headersTimeoutMs: 5_000,
  requestTimeoutMs: 10_000,
  keepAliveTimeoutMs: 5_000,
  idleTimeoutMs: 20_000,
  checkIntervalMs: 1_000,
  maxConnections: 4_096,
  maxRequestsPerSocket: 10_000,
  maxHeaderBytes: 16_384,
  graceMs: 1_000,
  drainMs: 10_000,
};

/** In place of what a request calls us: of the URL that handlers get only the path is the sender's. */
const ANY_HOST = "localhost";

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

export interface RunningServer {
  readonly address: ListenAddress;
  /** Stops taking connections, lets requests under way finish, then closes what is left. */
  stop(): Promise<void>;
}

/** What requests are answered by. */
export interface Service {
  readonly fetch: (request: Request) => Response | Promise<Response>;
  /** Asked first; what it takes (true) it answers itself, without the detour over `Request` and `Response`. */
  readonly direct?: (
    incoming: IncomingMessage,
    outgoing: ServerResponse,
    underWay: UnderWay,
  ) => boolean;
}

type Respond = (incoming: IncomingMessage, outgoing: ServerResponse, underWay: UnderWay) => void;

/** A service as `route` chooses it. */
export function responder({ fetch, direct }: Service): Respond {
  const respond = getRequestListener(fetch, { overrideGlobalObjects: true, errorHandler });
  return (incoming, outgoing, underWay) => {
    if (direct?.(incoming, outgoing, underWay) === true) return;
    underWay.begin();
    void respond(incoming, outgoing).finally(() => underWay.end());
  };
}

/** What its target or method keeps from being a `Request`; a handler does not throw. */
function errorHandler(error: unknown): Response {
  return error instanceof RequestError
    ? toResponse(malformed(400, "no such target or method"))
    : new Response(null, { status: 500 });
}

/** RFC 9112 §3.2. */
function refuseHostless(_incoming: IncomingMessage, outgoing: ServerResponse): void {
  outgoing.shouldKeepAlive = false;
  sendAnswer(outgoing, malformed(400, "no Host header"));
}

export interface ListenOptions extends Pick<Service, "direct"> {
  /** Where tests are in a hurry. */
  readonly limits?: Partial<ServerLimits>;
  /** What answers a request in place of the handler, by the host that it names: nothing behind it is told that host. */
  readonly route?: (incoming: IncomingMessage) => Respond | undefined;
  /** Ends TLS here. Given what changes what new connections are shown: until it was called, none comes about. */
  readonly tls?: (show: (options: TlsOptions) => void) => void;
}

/** Serves a fetch handler over HTTP/1.1. */
export async function listen(
  fetch: (request: Request) => Response | Promise<Response>,
  address: ListenAddress,
  { limits, direct, route, tls }: ListenOptions = {},
): Promise<RunningServer> {
  const bounds = { ...LIMITS, ...limits };
  const respond = responder({ fetch, ...(direct && { direct }) });
  const underWay = new UnderWay();
  const options = {
    headersTimeout: bounds.headersTimeoutMs,
    requestTimeout: bounds.requestTimeoutMs,
    keepAliveTimeout: bounds.keepAliveTimeoutMs,
    connectionsCheckingInterval: bounds.checkIntervalMs,
    maxHeaderSize: bounds.maxHeaderBytes,
    noDelay: true,
    // Of a header that may come once, two are two: not the first alone.
    joinDuplicateHeaders: true,
    // We do, with a document.
    requireHostHeader: false,
  };
  const answer = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    const hostless = incoming.headers.host === undefined && incoming.httpVersion === "1.1";
    const chosen = hostless ? refuseHostless : (route?.(incoming) ?? respond);
    incoming.headers.host = ANY_HOST;
    if (connections.asked(incoming.socket, outgoing)) chosen(incoming, outgoing, underWay);
  };
  const server =
    tls === undefined
      ? createServer(options, answer)
      : secured(
          late
            .https()
            .createServer({ ...options, handshakeTimeout: bounds.headersTimeoutMs }, answer),
          tls,
        );
  const connections = new Connections(
    server,
    tls === undefined ? "connection" : "secureConnection",
  );
  answerMalformed(server, connections);
  server.on("checkExpectation", (incoming: IncomingMessage, outgoing: ServerResponse) => {
    if (connections.asked(incoming.socket, outgoing))
      sendAnswer(outgoing, malformed(417, "of Expect only 100-continue is known"));
  });
  server.timeout = bounds.idleTimeoutMs;
  server.maxConnections = bounds.maxConnections;
  server.maxRequestsPerSocket = bounds.maxRequestsPerSocket;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host: address.host, port: address.port }, () => {
      server.off("error", reject);
      resolve();
    });
  });
  const bound = server.address();
  if (bound === null || typeof bound === "string")
    throw new TypeError("not a socket of the network");
  return {
    address: { host: bound.address, port: bound.port },
    stop: () => stop(server, connections, underWay, bounds),
  };
}

function secured(server: TlsServer, tls: (show: (options: TlsOptions) => void) => void): TlsServer {
  // A resumed session would outlive the certificate that it began with.
  const secureOptions = constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION;
  tls((options) => server.setSecureContext({ ...options, secureOptions }));
  return server;
}
