import type { IncomingMessage } from "node:http";
import { connect, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { onTestFinished } from "vitest";
import {
  listen,
  type ListenAddress,
  type RunningServer,
  type ServerLimits,
} from "../../../src/runtimes/node/http-server.ts";

/** A connection on which a test says what it likes, byte by byte. */
export interface RawClient {
  readonly socket: Socket;
  /** All that came back so far, as Latin-1. */
  text(): string;
  /** Status of each answer so far. */
  statuses(): number[];
  send(data: string | Uint8Array): void;
  /** Resolves when the other side has closed. */
  readonly closed: Promise<void>;
  /** Resolves when what came back matches. */
  until(pattern: RegExp): Promise<string>;
}

export async function rawClient({ host, port }: ListenAddress): Promise<RawClient> {
  const socket = connect({ host, port, noDelay: true });
  const client = rawClientOn(socket);
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", () => resolve());
    socket.once("close", () => reject(new Error("refused")));
  });
  return client;
}

export function rawClientOn(socket: Socket): RawClient {
  let received = "";
  const waiting = new Set<() => void>();
  socket.on("data", (chunk) => {
    received += chunk.toString("latin1");
    for (const look of waiting) look();
  });
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  socket.on("error", () => {}); // a reset is an end, too
  return {
    socket,
    text: () => received,
    statuses: () =>
      Array.from(received.matchAll(/HTTP\/1\.1 (\d{3}) /g), ([, status]) => Number(status)),
    send: (data) => void socket.write(data),
    closed,
    until: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (!pattern.test(received)) return;
          waiting.delete(look);
          resolve(received);
        };
        waiting.add(look);
        void closed.then(() =>
          reject(new Error(`closed before ${String(pattern)}: ${received.slice(0, 200)}`)),
        );
        look();
      }),
  };
}

/** Says `data` on a connection of its own and waits for its end. @returns what came back */
export async function exchange(
  address: ListenAddress,
  data: string | Uint8Array,
): Promise<RawClient> {
  const client = await rawClient(address);
  client.send(data);
  await client.closed;
  return client;
}

const LOOPBACK = { host: "127.0.0.1", port: 0 };
/** Limits under which nobody is too slow, however busy the machine; what is idle or is to stop ends soon. */
export const CALM: Partial<ServerLimits> = {
  headersTimeoutMs: 20_000,
  requestTimeoutMs: 20_000,
  keepAliveTimeoutMs: 200,
  idleTimeoutMs: 20_000,
  checkIntervalMs: 20,
  graceMs: 50,
  drainMs: 300,
};
/** For tests of who is too slow. */
export const QUICK: Partial<ServerLimits> = {
  ...CALM,
  headersTimeoutMs: 100,
  requestTimeoutMs: 200,
};
type Handler = (request: Request) => Promise<Response>;

/** A server that tells what reached its handler; each ends with the test that started it. */
export class EchoServer {
  #server: RunningServer | undefined;
  #seen: string[] = [];
  #sockets = new Set<Socket>();

  /** @param handler of the requests, given what answers with their path and the length of their body */
  async start(
    limits: Partial<ServerLimits> = CALM,
    handler: (echo: Handler) => Handler = (echo) => echo,
  ): Promise<ListenAddress> {
    const seen: string[] = [];
    const echo: Handler = async (request) => {
      const { pathname } = new URL(request.url);
      seen.push(`${request.method} ${pathname}`);
      const body = request.method === "POST" ? await request.text() : "";
      return new Response(`<${pathname} ${body.length}>`);
    };
    const sockets = new Set<Socket>();
    const route = ({ socket }: IncomingMessage): undefined => void sockets.add(socket);
    const server = await listen(handler(echo), LOOPBACK, { limits, route });
    onTestFinished(() => server.stop());
    this.#server = server;
    this.#seen = seen;
    this.#sockets = sockets;
    return server.address;
  }

  async stop(): Promise<void> {
    await this.#server?.stop();
  }

  /** Resolves when so many requests have reached the handler of the last one started. */
  async saw(count: number): Promise<void> {
    while (this.#seen.length < count) await delay(5); // oxlint-disable-line no-await-in-loop -- until they have
  }

  /** Resolves when it has closed every connection on which there was a request; there has to be one. */
  async hungUp(): Promise<void> {
    const open = (): boolean => [...this.#sockets].some((socket) => !socket.destroyed);
    while (this.#sockets.size === 0 || open()) await delay(5); // oxlint-disable-line no-await-in-loop -- until it has
  }

  /** Method and path of each request that reached the handler of the last one started. */
  get seen(): readonly string[] {
    return this.#seen;
  }
}
