import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "../../../scripts/free-port.ts";

/**
 * What becomes of the octets between a client and a service. Counts of octets are of one answer, headers included.
 * `blackhole`: nothing arrives; `half-open`: requests arrive, answers do not, and nobody hangs up; `half-close`: the
 * service's side ends without an answer.
 */
export type ProxyFault =
  | { readonly kind: "latency"; readonly ms: number; readonly jitterMs?: number }
  | { readonly kind: "trickle"; readonly bytes: number; readonly everyMs: number }
  | { readonly kind: "truncate" | "corrupt"; readonly at: number }
  | { readonly kind: "blackhole" | "half-open" | "half-close" | "reset" };

/** A TCP proxy on loopback, whose fault takes hold of open connections too. One request at a time on each. */
export class FaultProxy {
  fault: ProxyFault | undefined;
  /** Most requests that waited for the end of their answer at once, since it was last set. */
  peak = 0;
  readonly #target: number;
  readonly #port: number;
  #server: Server | undefined;
  readonly #clients = new Set<Socket>();
  readonly #waiting = new Set<Socket>();

  private constructor(target: number, port: number) {
    this.#target = target;
    this.#port = port;
  }

  /** @param target port of the service on loopback */
  static async start(target: number): Promise<FaultProxy> {
    const proxy = new FaultProxy(target, await freePort());
    await proxy.restart();
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** As a service that is killed looks from outside: all connections are reset, and nothing listens. */
  async kill(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    server.close();
    for (const client of this.#clients) client.resetAndDestroy();
    await once(server, "close");
  }

  /** Listens again, at the same port. */
  async restart(): Promise<void> {
    const server = createServer({ allowHalfOpen: true }, (client) => this.#serve(client));
    server.listen(this.#port, "127.0.0.1");
    await once(server, "listening");
    this.#server = server;
  }

  #serve(client: Socket): void {
    const service = connect(this.#target, "127.0.0.1");
    const answer = new Answer(client, service, () => this.fault);
    this.#clients.add(client);
    client.on("data", (chunk) => {
      this.#waiting.add(client);
      this.peak = Math.max(this.peak, this.#waiting.size);
      answer.begin();
      const kind = this.fault?.kind;
      if (kind === "reset") client.resetAndDestroy();
      else if (kind === "half-close") client.end();
      else if (kind !== "blackhole") service.write(chunk);
    });
    service.on("data", (chunk) => {
      answer.pass(chunk, () => this.#waiting.delete(client));
    });
    client.on("end", () => service.end());
    service.on("end", () => answer.end());
    const over = (): void => {
      this.#clients.delete(client);
      this.#waiting.delete(client);
      service.destroy();
      client.destroy();
    };
    service.on("error", over);
    client.on("error", over).on("close", over);
  }
}

/** What the service says on one connection, in its order, as the fault of that moment has it. */
class Answer {
  readonly #client: Socket;
  readonly #service: Socket;
  readonly #fault: () => ProxyFault | undefined;
  #passed = 0;
  #queue = Promise.resolve();

  constructor(client: Socket, service: Socket, fault: () => ProxyFault | undefined) {
    this.#client = client;
    this.#service = service;
    this.#fault = fault;
  }

  /** A request was made: its answer is counted from here. */
  begin(): void {
    this.#passed = 0;
  }

  pass(chunk: Buffer, passed: () => void): void {
    this.#after(async () => {
      await this.#write(chunk, this.#fault());
      passed();
    });
  }

  end(): void {
    this.#after(async () => void this.#client.end());
  }

  #after(next: () => Promise<void>): void {
    const before = this.#queue;
    this.#queue = (async () => {
      await before;
      await next();
    })();
  }

  async #write(chunk: Buffer, fault: ProxyFault | undefined): Promise<void> {
    const start = this.#passed;
    this.#passed += chunk.length;
    switch (fault?.kind) {
      case "latency":
        await sleep(fault.ms + Math.random() * (fault.jitterMs ?? 0));
        break;
      case "trickle":
        for (let at = 0; at < chunk.length && this.#client.writable; at += fault.bytes) {
          this.#client.write(chunk.subarray(at, at + fault.bytes));
          await sleep(fault.everyMs); // oxlint-disable-line no-await-in-loop -- a few octets at a time
        }
        return;
      case "truncate":
        if (this.#passed >= fault.at) {
          this.#client.end(chunk.subarray(0, Math.max(0, fault.at - start)));
          this.#service.destroy();
          return;
        }
        break;
      case "corrupt":
        if (fault.at >= start && fault.at < this.#passed)
          chunk[fault.at - start] = (chunk[fault.at - start] ?? 0) ^ 1;
        break;
      case "half-open":
      case "half-close":
      case "blackhole":
      case "reset":
        return;
      case undefined:
    }
    if (this.#client.writable) this.#client.write(chunk);
  }
}
