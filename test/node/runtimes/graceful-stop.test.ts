import { once } from "node:events";
import { connect as connectTls } from "node:tls";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { encodePem } from "../../../src/encoding/pem.ts";
import { createApp } from "../../../src/handlers/app.ts";
import { endpointSvid } from "../../../src/issuer/endpoint-svid.ts";
import type { Issuer } from "../../../src/issuer/issuer.ts";
import { nodePlatform } from "../../../src/platform/node/node-platform.ts";
import { directSvids } from "../../../src/runtimes/node/direct-svids.ts";
import {
  listen,
  type ListenOptions,
  type RunningServer,
  type ServerLimits,
} from "../../../src/runtimes/node/http-server.ts";
import { reasons } from "../../unit/handlers/support.ts";
import { createWorld } from "../../unit/issuer/world.ts";
import { quickest } from "../support/quickest.ts";
import { rawClient, rawClientOn, type RawClient } from "./raw-client.ts";

const LOOPBACK = { host: "127.0.0.1", port: 0 };
/** Nothing but the stop itself ends a connection. */
const PATIENT: Partial<ServerLimits> = { graceMs: 300, drainMs: 30_000 };
/** Where what a stop waits for has to be over before anybody sends more, a busy machine is given so much time. */
const AMPLE = { graceMs: 20_000 };
/** A stop that takes no longer than such a time, in milliseconds, waited for neither. */
const SOON_MS = { idle: 2500, pastGrace: 1500, slowReader: 4000 };
const GET = "GET /x HTTP/1.1\r\nHost: a\r\n\r\n";
const BAD_POST =
  "POST /v1/svids HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 1\r\n\r\n{";

let server: RunningServer;
afterEach(async () => server.stop());

async function started(
  options: ListenOptions = {},
  fetch: (request: Request) => Promise<Response> = async () => new Response("<ok>"),
): Promise<void> {
  server = await listen(fetch, LOOPBACK, { ...options, limits: { ...PATIENT, ...options.limits } });
}

/** Connections on which one request has been answered. */
function warm(count: number, request: string, open: () => Promise<RawClient>) {
  return Promise.all(
    Array.from({ length: count }, async () => {
      const client = await open();
      client.send(request);
      await client.until(/\r\n\r\n[<{]/);
      expect(client.text()).toMatch(/^connection: keep-alive\r$/im);
      return client;
    }),
  );
}

const plain = (): Promise<RawClient> => rawClient(server.address);
const closes = (client: RawClient): number =>
  Array.from(client.text().matchAll(/^connection: close\r$/gim)).length;

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await delay(5); // oxlint-disable-line no-await-in-loop
}

/** Milliseconds. */
async function stopTime(): Promise<number> {
  const began = performance.now();
  await server.stop();
  return performance.now() - began;
}

describe("a request that is on its way when a stop is asked for is answered, and told that it is the last", () => {
  async function expectAnswered(
    options: ListenOptions,
    open: () => Promise<RawClient>,
    [count, request, status]: readonly [number, string, number],
  ) {
    const stop = async (): Promise<number> => {
      await started({ limits: AMPLE, ...options });
      const clients = await warm(count, request, open);
      const stopping = stopTime();
      await delay(100); // well after those that were idle would have been closed
      for (const client of clients) client.send(request);
      await Promise.all(clients.map(({ closed }) => closed));
      expect(clients.map((client) => client.statuses())).toEqual(
        clients.map(() => [status, status]),
      );
      expect(clients.map(closes)).toEqual(clients.map(() => 1));
      return stopping; // with the last connection, not with the grace
    };
    expect(await quickest(SOON_MS.idle, stop)).toBeLessThan(SOON_MS.idle);
  }

  it("by a handler", async () => {
    await expectAnswered({}, plain, [64, GET, 200]);
  });

  it("by the endpoint that writes its own answers", async () => {
    const world = await createWorld({ platform: nodePlatform });
    await expectAnswered({ direct: directSvids(world.issuer) }, plain, [64, BAD_POST, 400]);
  });

  it("on TLS", async () => {
    const world = await createWorld({ platform: nodePlatform });
    const key = await world.platform.generateKey("P-256");
    const svid = await endpointSvid(world.issuer, "/bundle-endpoint", key.publicKey);
    if (!svid.ok) throw new Error("fixture");
    const shown = {
      key: encodePem("PRIVATE KEY", await world.platform.exportPrivateKey(key)),
      cert: svid.value.certificateChain,
    };
    const open = async (): Promise<RawClient> => {
      const socket = connectTls({ ...server.address, rejectUnauthorized: false });
      await once(socket, "secureConnect");
      return rawClientOn(socket);
    };
    await expectAnswered({ tls: (show) => show(shown) }, open, [16, GET, 200]);
  });
});

it("those under way for longer than the grace are told so, too", async () => {
  const stop = async (): Promise<number> => {
    let begun = 0;
    await started({}, async () => {
      begun++;
      await delay(600);
      return new Response("<ok>");
    });
    const clients = await Promise.all(Array.from({ length: 8 }, plain));
    for (const client of clients) client.send(GET);
    await until(() => begun === clients.length);
    const stopping = stopTime();
    await Promise.all(clients.map(({ closed }) => closed));
    expect(clients.map((client) => client.statuses())).toEqual(clients.map(() => [200]));
    expect(clients.map(closes)).toEqual(clients.map(() => 1));
    return stopping;
  };
  expect(await quickest(SOON_MS.pastGrace, stop)).toBeLessThan(SOON_MS.pastGrace);
});

it.each(["before", "after"])(
  "of requests sent without waiting, all are answered, and the last is the last: %s the stop",
  async (when) => {
    await started({ limits: AMPLE }, async () => {
      await delay(50);
      return new Response("<ok>");
    });
    const [client] = await warm(1, GET, plain);
    if (client === undefined) throw new Error("fixture");
    if (when === "before") client.send(GET + GET + GET);
    await delay(20);
    const stopping = server.stop();
    if (when === "after") client.send(GET + GET + GET);
    await client.closed;
    await stopping;
    expect(client.statuses()).toEqual([200, 200, 200, 200]);
    expect(client.text()).toMatch(/connection: close(?:(?!HTTP\/1\.1).)*$/is);
    expect(closes(client)).toBe(1);
  },
);

it("an answer that is read slowly arrives whole, and so do those behind it", async () => {
  const stop = async (): Promise<number> => {
    const bodies = ["x".repeat(30_000_000), "<ok>"];
    await started({}, async () => new Response(bodies.shift()));
    const client = await plain();
    client.socket.pause();
    client.send(GET + GET);
    await until(() => bodies.length === 0);
    const stopping = stopTime();
    await delay(600); // well after the grace
    client.socket.resume();
    await client.closed;
    expect(client.text()).toMatch(/xHTTP\/1\.1 200 .*<ok>$/s);
    return stopping;
  };
  expect(await quickest(SOON_MS.slowReader, stop)).toBeLessThan(SOON_MS.slowReader);
});

it("behind an answer that said that it is the last nothing is done", async () => {
  let release = (): void => {};
  const first = new Promise<void>((resolve) => (release = resolve));
  let done = 0;
  await started({ limits: AMPLE }, async () => {
    if (++done === 1) await first;
    return new Response("<ok>");
  });
  const client = await plain();
  client.send(GET);
  await until(() => done === 1);
  const stopping = server.stop();
  client.send(GET);
  await until(() => done === 2);
  await delay(100); // it is answered, behind the first
  client.send(GET);
  await delay(100);
  release();
  await client.closed;
  await stopping;
  expect(client.statuses()).toEqual([200, 200]);
  expect(closes(client)).toBe(1);
  expect(done).toBe(2);
});

describe("a request whose sender is gone", () => {
  /** Asks, goes away once the request has begun, and waits until the server knows. */
  async function askAndLeave(request: string, begun: () => boolean): Promise<void> {
    const client = await plain();
    client.send(request);
    await until(begun);
    client.socket.resetAndDestroy();
    await delay(50);
  }

  it.each(["by a handler", "by the endpoint that writes its own answers"])(
    "is finished before a stop is, and with it its line in the log: %s",
    async (way) => {
      const world = await createWorld({ platform: nodePlatform });
      let begun = 0;
      const slow: Issuer = {
        ...world.issuer,
        begin() {
          const exchange = world.issuer.begin();
          return {
            ...exchange,
            async issue(request) {
              begun++;
              await delay(300);
              return exchange.issue(request);
            },
          };
        },
      };
      const { fetch } = createApp(slow, { openapi: "" });
      await started(
        { limits: AMPLE, ...(way !== "by a handler" && { direct: directSvids(slow) }) },
        async (request) => fetch(request),
      );
      await askAndLeave(BAD_POST, () => begun === 1);
      expect(reasons(world)).toEqual([]);
      await server.stop();
      expect(reasons(world)).toEqual(["body_not_json"]);
    },
  );

  it("is waited for no longer than any other", async () => {
    const took = await quickest(2500, async () => {
      let begun = 0;
      await started({ limits: { drainMs: 300 } }, () => {
        begun++;
        return new Promise(() => {});
      });
      await askAndLeave(GET, () => begun === 1);
      return stopTime();
    });
    expect(took).toBeGreaterThan(250);
    expect(took).toBeLessThan(2500);
  });
});

describe("a stop takes", () => {
  it("no time where nobody is connected", async () => {
    const took = await quickest(1000, async () => {
      await started({ limits: AMPLE });
      return stopTime();
    });
    expect(took).toBeLessThan(1000);
  });

  it("the grace where all are idle, whether or not they ever said anything", async () => {
    const took = await quickest(2500, async () => {
      await started();
      const clients = [...(await warm(8, GET, plain)), ...(await Promise.all([plain(), plain()]))];
      const ms = await stopTime();
      await Promise.all(clients.map(({ closed }) => closed));
      return ms;
    });
    expect(took).toBeGreaterThan(250);
    expect(took).toBeLessThan(2500);
  });

  it("no longer than a header may where one never ends", async () => {
    const took = await quickest(1500, async () => {
      await started({ limits: { headersTimeoutMs: 100, checkIntervalMs: 20 } });
      const client = await plain();
      client.send("GET / HTTP/1.1\r\nX");
      await delay(20);
      const ms = await stopTime();
      await client.closed;
      expect(client.statuses()).toEqual([408]);
      return ms;
    });
    expect(took).toBeLessThan(1500);
  });
});
