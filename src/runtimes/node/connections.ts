import type { Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";

/** The open connections of a server, each with its last request's answer: others may be due before it. */
export class Connections {
  readonly #last = new Map<Duplex, ServerResponse | undefined>();
  #closing = false;

  /** @param opened the event of a connection that requests come on */
  constructor(server: Server, opened: "connection" | "secureConnection") {
    server.on(opened, (socket: Socket) => {
      this.#last.set(socket, undefined);
      socket.once("close", () => this.#last.delete(socket));
    });
  }

  /** Told of each request, before it is answered. */
  asked(socket: Duplex, answer: ServerResponse): void {
    if (this.#closing) {
      const before = this.#last.get(socket);
      if (before !== undefined && !before.headersSent) before.shouldKeepAlive = true; // this one comes after it
      answer.shouldKeepAlive = false;
    }
    this.#last.set(socket, answer);
  }

  last(socket: Duplex): ServerResponse | undefined {
    return this.#last.get(socket);
  }

  /** From now on each connection is told with its last answer that it ends, those that are under way included. */
  close(): void {
    this.#closing = true;
    for (const answer of this.#last.values())
      if (answer?.headersSent === false) answer.shouldKeepAlive = false;
  }

  /** Those on which nothing ever came, which Node counts as busy with their first request. */
  closeSilent(): void {
    for (const [socket, answer] of this.#last)
      if (answer === undefined && "bytesRead" in socket && socket.bytesRead === 0) socket.destroy();
  }
}
