import type { AddressInfo, Socket } from "node:net";
import { createServer, type Server, type TlsOptions, type TLSSocket } from "node:tls";
import { encodePem } from "../../../src/encoding/pem.ts";
import type { PrivateKey } from "../../../src/platform/platform.ts";
import { platform } from "../../unit/svid/forge.ts";

/** What a server shows: a chain, leaf first, and the leaf's key. */
export interface Shown {
  readonly chain: readonly Uint8Array[];
  readonly key: PrivateKey;
}

export interface TestServer extends AsyncDisposable {
  readonly port: number;
  /** What was said to it, connection by connection. */
  readonly heard: string[];
  /** Shows another certificate from now on. */
  show(shown: Shown): Promise<void>;
}

async function credentials({ chain, key }: Shown): Promise<{ key: string; cert: string }> {
  return {
    key: encodePem("PRIVATE KEY", await platform.exportPrivateKey(key)),
    cert: chain.map((der) => encodePem("CERTIFICATE", der)).join(""),
  };
}

type Answer = (request: string, socket: TLSSocket) => void;

/** A TLS server that answers each request by the letter. */
export async function tlsServer(
  shown: Shown,
  answer: Answer,
  options: TlsOptions = {},
): Promise<TestServer> {
  const heard: string[] = [];
  const server = createServer({ ...options, ...(await credentials(shown)) }, (socket) => {
    const at = heard.push("") - 1;
    socket.on("error", () => undefined);
    socket.on("data", (chunk) => {
      heard[at] += chunk.toString("latin1");
      const request = heard[at] ?? "";
      if (request.endsWith("\r\n\r\n")) answer(request, socket);
    });
  });
  return {
    port: await listening(server),
    heard,
    show: async (next) => server.setSecureContext({ ...options, ...(await credentials(next)) }),
    [Symbol.asyncDispose]: () => closed(server),
  };
}

interface Closable {
  listen(port: number, host: string, done: () => void): unknown;
  close(done: () => void): unknown;
  address(): AddressInfo | string | null;
  on(event: "connection", listener: (socket: Socket) => void): unknown;
}

const open = new WeakMap<Closable, Set<Socket>>();

export async function listening(server: Closable | Server): Promise<number> {
  const sockets = new Set<Socket>();
  open.set(server, sockets);
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("no port");
  return address.port;
}

export async function closed(server: Closable | Server): Promise<void> {
  for (const socket of open.get(server) ?? []) socket.destroy();
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
}

/** HTTP/1.1, as it stands on the wire. */
export function http(status: number, body = "", headers: Readonly<Record<string, string>> = {}) {
  const lines = Object.entries({ "Content-Length": String(body.length), ...headers });
  return `HTTP/1.1 ${status} X\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n${body}`;
}
