import type { Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";

/** The open connections of a server, each with its last request's answer while it is due: others may be before it. */
export class Connections {
  readonly #last = new Map<Duplex, ServerResponse | undefined>();
  #closing = false;
  /** With an answer goes its request, and the body: not kept as long as a connection is idle. One listener for all. */
  readonly #left: (this: ServerResponse) => void;

  /** @param opened the event of a connection that requests come on */
  constructor(server: Server, opened: "connection" | "secureConnection") {
    const last = this.#last;
    this.#left = function left() {
      const { complete, socket } = this.req;
      if (complete && last.get(socket) === this) last.set(socket, undefined);
    };
    server.on(opened, (socket: Socket) => {
      this.#last.set(socket, undefined);
      socket.once("close", () => this.#last.delete(socket));
    });
  }

  /**
   * Told of each request, before it is answered.
   *
   * @returns whether it is to be: what comes behind an answer that is the last would be done for nobody
   */
  asked(socket: Duplex, answer: ServerResponse): boolean {
    const before = this.#last.get(socket);
    if (before === undefined && !this.#last.has(socket)) return false;
    if (before?.headersSent === true && !before.shouldKeepAlive) return false;
    if (this.#closing) {
      if (before?.headersSent === false) before.shouldKeepAlive = true; // this one comes after it
      answer.shouldKeepAlive = false;
    }
    this.#last.set(socket, answer);
    answer.on("finish", this.#left);
    return true;
  }

  /** No request that comes on it from now on is answered. @returns the answer to the last that is, unless it has left */
  leave(socket: Duplex): ServerResponse | undefined {
    const last = this.#last.get(socket);
    this.#last.delete(socket);
    return last;
  }

  /** From now on each connection is told with its last answer that it ends, those that are under way included. */
  close(): void {
    this.#closing = true;
    for (const answer of this.#last.values())
      if (answer?.headersSent === false) answer.shouldKeepAlive = false;
  }

  /** Whether bytes of an answer wait for who reads slowly: to Node that is an idle connection. */
  sending(): boolean {
    for (const socket of this.#last.keys()) if (socket.writableLength > 0) return true;
    return false;
  }

  /** Those on which nothing ever came, which Node counts as busy with their first request. */
  closeSilent(): void {
    for (const socket of this.#last.keys())
      if ("bytesRead" in socket && socket.bytesRead === 0) socket.destroy();
  }
}
