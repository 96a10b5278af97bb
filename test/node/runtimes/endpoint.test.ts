import { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import { setImmediate as immediate, setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { nodePlatform } from "../../../src/platform/node/node-platform.ts";
import { directSvids } from "../../../src/runtimes/node/direct-svids.ts";
import { listen, type RunningServer } from "../../../src/runtimes/node/http-server.ts";
import { signingInStep } from "../../../src/runtimes/node/signing-in-step.ts";
import { UnderWay } from "../../../src/runtimes/node/under-way.ts";
import { badLines, reasons } from "../../unit/handlers/support.ts";
import { createWorld, cronToken, AUDIENCE, type World } from "../../unit/issuer/world.ts";
import { quickest, timeOf } from "../support/quickest.ts";
import { CALM, exchange, rawClient } from "./raw-client.ts";

function head(length: number | "chunked", ...more: readonly string[]): string {
  const framing = length === "chunked" ? "Transfer-Encoding: chunked" : `Content-Length: ${length}`;
  return [
    "POST /v1/svids HTTP/1.1",
    "Host: a",
    "Content-Type: application/json",
    framing,
    ...more,
    "",
    "",
  ].join("\r\n");
}
const post = (body: string, ...more: readonly string[]): string =>
  head(Buffer.byteLength(body), ...more) + body;
const CLOSE = "Connection: close";

let world: World;
let server: RunningServer;
let good: string;

/** The server still does its work. */
async function expectAlive(): Promise<void> {
  const client = await exchange(server.address, post(good, CLOSE));
  expect(client.statuses()).toEqual([200]);
}

describe.each(["request and response", "direct"])(
  "the real endpoint behind the real listener: %s",
  (way) => {
    beforeAll(async () => {
      world = await createWorld({ platform: (changes) => signingInStep(nodePlatform(changes)) });
      server = await listen(
        (request) => world.fetch(request),
        { host: "127.0.0.1", port: 0 },
        {
          limits: CALM,
          ...(way === "direct" && { direct: directSvids(world.issuer) }),
        },
      );
      good = JSON.stringify({ evidence: [await cronToken(world)], jwt: { audience: [AUDIENCE] } });
    });
    afterAll(async () => {
      await server.stop();
    });
    beforeEach(() => {
      world.audit.lines.length = 0;
    });

    it("answers several requests on one connection, good and bad", async () => {
      const refused = post(good, "Content-Encoding: gzip");
      const client = await exchange(
        server.address,
        [post(good), post("{"), refused, post(""), post(good, CLOSE)].join(""),
      );
      expect(client.statuses()).toEqual([200, 400, 415, 400, 200]);
    });

    it("refuses 10 MB by their length alone, and goes on", async () => {
      const client = await rawClient(server.address);
      client.send(head(10_000_000));
      await client.until(/ 413 /);
      client.socket.destroy();
      expect(reasons(world)).toEqual(["body_too_large"]);
      await expectAlive();
    });

    it("refuses an endless body after the limit", async () => {
      const client = await rawClient(server.address);
      client.send(head("chunked"));
      const chunk = `1000\r\n${" ".repeat(4096)}\r\n`;
      for (let sent = 0; sent < 40; sent++) client.send(chunk);
      await client.until(/ 413 /);
      client.socket.destroy();
      expect(reasons(world)).toEqual(["body_too_large"]);
      await expectAlive();
    });

    it("a body that was refused unread does not become the next request", async () => {
      const inner = post(good);
      const outer = head(inner.length).replace("application/json", "text/plain") + inner;
      const client = await exchange(server.address, outer + post("{", CLOSE));
      expect(client.statuses()).toEqual([415, 400]);
      expect(world.audit.events()).toHaveLength(2);
    });

    it("a sender that goes away in the middle is no fault of ours", async () => {
      for (const framing of [good.length, "chunked"] as const) {
        const client = await rawClient(server.address); // oxlint-disable-line no-await-in-loop
        client.send(`${head(framing)}${framing === "chunked" ? "5\r\n" : ""}{"evi`);
        await delay(30); // oxlint-disable-line no-await-in-loop
        client.socket.destroy();
      }
      while (world.audit.lines.length < 2) await delay(5); // oxlint-disable-line no-await-in-loop
      expect(reasons(world)).toEqual(["body_incomplete", "body_incomplete"]);
      expect(world.issuer.metrics.render()).not.toContain("svidmint_faults_total");
      await expectAlive();
    });

    it("a sender that goes away while we sign leaves an outcome all the same", async () => {
      for (let round = 0; round < 20; round++) {
        const client = await rawClient(server.address); // oxlint-disable-line no-await-in-loop
        client.send(post(good));
        await delay(round % 4); // oxlint-disable-line no-await-in-loop
        client.socket.resetAndDestroy();
      }
      await expectAlive(); // behind all of those, of which it so knows no more
      const count = (name: string): number =>
        world.audit.events().filter(({ event }) => event === name).length;
      await expect.poll(() => count("intent") - count("outcome")).toBe(0);
      expect(badLines(world)).toEqual([]);
    });

    it("5 000 pieces of noise on 50 connections: no answer but 4xx, and alive", async () => {
      const clients = await Promise.all(
        Array.from({ length: 50 }, () => rawClient(server.address)),
      );
      let seed = 1;
      const random = (): number => (seed = (seed * 48_271) % 2_147_483_647);
      const pieces = [
        post(good).slice(0, 200),
        "\r\n\r\n",
        "POST /v1/svids HTTP/1.1\r\n",
        "Host: a\r\n",
        "Content-Length: 5\r\n",
        good,
        "0\r\n\r\n",
        "\u0000",
        "GET / HTTP/1.1\r\n\r\n",
      ];
      for (let round = 0; round < 100; round++) {
        for (const client of clients)
          if (!client.socket.destroyed) client.send(pieces[random() % pieces.length] ?? "");
      }
      for (const client of clients) client.socket.end();
      await Promise.all(clients.map(({ closed }) => closed));
      const statuses = new Set(clients.flatMap((client) => client.statuses()));
      expect([...statuses].filter((status) => status < 400 || status >= 500)).toEqual([]);
      await expectAlive();
    });
  },
);

describe("an answer that is the last and does not wait for the body", () => {
  const unread = head(60_000, CLOSE).replace("application/json", "text/plain");
  beforeAll(async () => {
    world = await createWorld({ platform: nodePlatform });
    server = await listen(
      (request) => world.fetch(request),
      { host: "127.0.0.1", port: 0 },
      { limits: CALM, direct: directSvids(world.issuer) },
    );
  });
  afterAll(async () => {
    await server.stop();
  });

  it("is not lost to what still comes of it", async () => {
    const client = await rawClient(server.address);
    const errors: Error[] = [];
    client.socket.on("error", (error) => errors.push(error));
    client.send(unread);
    await client.until(/ 415 [^]*"code"/);
    for (let sent = 0; sent < 60; sent++) client.send("x".repeat(1000));
    await client.closed;
    expect(errors).toEqual([]);
    expect(client.statuses()).toEqual([415]);
    expect(client.socket.bytesWritten).toBe(unread.length + 60_000);
  });

  it("does not wait long for it either", async () => {
    const took = await quickest(2500, () =>
      timeOf(async () => {
        expect((await exchange(server.address, unread)).statuses()).toEqual([415]);
      }),
    );
    expect(took).toBeLessThan(2500);
  });
});

it("a sender that is gone before his request is looked at is refused, and no fault of ours", async () => {
  world = await createWorld({ platform: nodePlatform });
  const incoming = new IncomingMessage(new Socket());
  incoming.method = "POST";
  incoming.url = "/v1/svids";
  incoming.headers = { "content-type": "application/json", "content-length": "10" };
  const outgoing = new ServerResponse(incoming);
  expect(directSvids(world.issuer)(incoming, outgoing, new UnderWay())).toBe(true);
  incoming.destroy();
  outgoing.destroy();
  while (world.audit.lines.length === 0) await delay(1); // oxlint-disable-line no-await-in-loop
  await delay(10);
  expect(reasons(world)).toEqual(["body_incomplete"]);
  expect(world.issuer.metrics.render()).not.toContain("svidmint_faults_total");
});

it.each(["with its head", "after its head"])(
  "goes on with 32 requests a turn, whose body came %s",
  async (when) => {
    world = await createWorld({ platform: nodePlatform });
    let turn = 0;
    const begunIn: number[] = [];
    const answer = directSvids({
      ...world.issuer,
      begin() {
        const begun = world.issuer.begin();
        return {
          ...begun,
          issue(request) {
            begunIn.push(turn);
            return begun.issue(request);
          },
        };
      },
    });
    const requests = Array.from({ length: 80 }, () => {
      const incoming = new IncomingMessage(new Socket());
      incoming.method = "POST";
      incoming.url = "/v1/svids";
      incoming.headers = { "content-type": "application/json", "content-length": "1" };
      return incoming;
    });
    for (const incoming of requests) answer(incoming, new ServerResponse(incoming), new UnderWay());
    if (when === "after its head") await delay(20);
    for (const incoming of requests) {
      incoming.push("{");
      incoming.push(null);
      incoming.complete = true;
    }
    while (begunIn.length < requests.length) {
      await immediate(); // oxlint-disable-line no-await-in-loop
      turn++;
    }
    const inTurn = (of: number): number => begunIn.filter((other) => other === of).length;
    expect(Array.from(new Set(begunIn), inTurn)).toEqual([32, 32, 16]);
  },
);

it.each(["request and response", "direct"])(
  "what a stop cuts off is refused before the log is closed: %s",
  async (way) => {
    world = await createWorld({ platform: nodePlatform });
    let begun = 0;
    const stopped = await listen(
      (request) => world.fetch(request),
      { host: "127.0.0.1", port: 0 },
      {
        limits: { ...CALM, drainMs: 50 },
        route: () => void begun++,
        ...(way === "direct" && { direct: directSvids(world.issuer) }),
      },
    );
    const clients = await Promise.all(Array.from({ length: 40 }, () => rawClient(stopped.address)));
    for (const client of clients) client.send(head(10));
    while (begun < clients.length) await delay(5); // oxlint-disable-line no-await-in-loop
    await stopped.stop();
    expect(reasons(world)).toEqual(clients.map(() => "body_incomplete"));
  },
);
