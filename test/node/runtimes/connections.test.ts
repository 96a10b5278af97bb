import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { expect, it } from "vitest";
import { Connections } from "../../../src/runtimes/node/connections.ts";
import { rawClient, type RawClient } from "./raw-client.ts";

const POST = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{";

async function answered(
  sent: string,
  test: (connections: Connections, answer: ServerResponse, client: RawClient) => unknown,
): Promise<void> {
  const server = createServer((incoming: IncomingMessage, outgoing: ServerResponse) => {
    connections.asked(incoming.socket, outgoing);
    setImmediate(() => outgoing.end("<ok>")); // a body in the same packet has come by then
  });
  const connections = new Connections(server, "connection");
  const asked = once(server, "request");
  await once(server.listen(0, "127.0.0.1"), "listening");
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("fixture");
  const client = await rawClient({ host: address.address, port: address.port });
  client.send(sent);
  const [, answer] = (await asked) as [IncomingMessage, ServerResponse];
  await client.until(/<ok>/);
  await test(connections, answer, client);
  client.socket.destroy();
  await once(server.close(), "close");
}

it("of a request that was answered nothing is kept while its connection is idle", () =>
  answered(`${POST}}`, (connections, answer) => {
    expect(connections.leave(answer.req.socket)).toBe(undefined);
  }));

it("of one that was answered before it had come whole, that it was", () =>
  answered(POST, (connections, answer) => {
    expect(connections.leave(answer.req.socket)).toBe(answer);
    expect(connections.asked(answer.req.socket, answer)).toBe(false);
  }));
