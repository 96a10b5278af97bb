import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { quickest, timeOf } from "../support/quickest.ts";
import { CALM, exchange, QUICK, rawClient, EchoServer } from "./raw-client.ts";

const echo = new EchoServer();

describe("slow senders (DS-7)", () => {
  async function lifetime(
    first: string,
    trickle: string,
  ): Promise<{ ms: number; statuses: number[] }> {
    const client = await rawClient(await echo.start(QUICK));
    const began = performance.now();
    client.send(first);
    const timer = setInterval(() => client.send(trickle), 30);
    await client.closed;
    clearInterval(timer);
    return { ms: performance.now() - began, statuses: client.statuses() };
  }

  it.each<[string, string, string]>([
    ["nothing", "", ""],
    ["half a request line", "GE", ""],
    ["a header now and then", "GET / HTTP/1.1\r\nHost: a\r\n", "X: y\r\n"],
    [
      "a body byte now and then",
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n",
      "x",
    ],
    [
      "a chunk now and then",
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
      "1\r\nx\r\n",
    ],
    [
      "a trailer now and then",
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
      "X: y\r\n",
    ],
    ["an empty line now and then", "", "\r\n"],
  ])("%s: cut off", async (_, first, trickle) => {
    const took = await quickest(2500, async () => {
      const { ms, statuses } = await lifetime(first, trickle);
      expect(statuses.filter((status) => status < 400)).toEqual([]);
      return ms;
    });
    expect(took).toBeLessThan(2500);
  });

  it("300 of them do not keep an honest client waiting", async () => {
    const address = await echo.start();
    const slow = await Promise.all(Array.from({ length: 300 }, () => rawClient(address)));
    for (const [index, client] of slow.entries())
      client.send(
        index % 2 === 0
          ? "GET / HTTP/1.1\r\nX:"
          : "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nx",
      );
    const honest = async (): Promise<void> => {
      for (let round = 0; round < 20; round++) {
        const answer = await fetch(`http://127.0.0.1:${address.port}/good`); // oxlint-disable-line no-await-in-loop
        expect(await answer.text()).toBe("</good 0>"); // oxlint-disable-line no-await-in-loop
      }
    };
    expect(await quickest(3000, () => timeOf(honest))).toBeLessThan(3000);
    for (const client of slow) client.socket.destroy();
  });

  it("whoever does not read his answers is not waited for", async () => {
    const big = "x".repeat(100_000);
    const unread = async (): Promise<number> => {
      const address = await echo.start(
        { ...CALM, idleTimeoutMs: 300 },
        () => async () => new Response(big),
      );
      const client = await rawClient(address);
      client.socket.pause();
      const began = performance.now();
      client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n".repeat(400)); // 40 MB, more than the system keeps for us
      await echo.hungUp();
      const took = performance.now() - began;
      client.socket.resume();
      await client.closed;
      expect(client.statuses().length).toBeLessThan(400);
      return took;
    };
    expect(await quickest(3000, unread)).toBeLessThan(3000);
  });
});

describe("connections", () => {
  const get = (path: string, headers = ""): string =>
    `GET ${path} HTTP/1.1\r\nHost: a\r\n${headers}\r\n`;

  it("pipelined requests are answered one by one, each with its own body", async () => {
    const post = (path: string, body: string): string =>
      `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    const chunked =
      "POST /3 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n";
    const client = await exchange(
      await echo.start(),
      get("/1") +
        post("/2", get("/inner")) +
        chunked +
        post("/4", "") +
        get("/5", "Connection: close\r\n"),
    );
    const bodies = client.text().match(/<[^>]*>/g);
    expect(bodies).toEqual([
      "</1 0>",
      `</2 ${get("/inner").length}>`,
      "</3 3>",
      "</4 0>",
      "</5 0>",
    ]);
    expect(echo.seen).toEqual(["GET /1", "POST /2", "POST /3", "POST /4", "GET /5"]);
  });

  it("HTTP/1.0 is answered and closed, Host or not", async () => {
    const address = await echo.start();
    expect((await exchange(address, "GET /old HTTP/1.0\r\n\r\n")).text()).toContain("</old 0>");
    expect((await exchange(address, "GET /old HTTP/1.0\r\nHost: a\r\n\r\n")).statuses()).toEqual([
      200,
    ]);
  });

  it("idle ones are closed", async () => {
    const took = await quickest(2500, async () => {
      const client = await rawClient(await echo.start());
      client.send(get("/x"));
      await client.until(/<\/x 0>/);
      return timeOf(() => client.closed);
    });
    expect(took).toBeLessThan(2500);
  });

  it("there are only so many; one more is dropped, and let in when there is room", async () => {
    const address = await echo.start({ ...CALM, maxConnections: 5 });
    const held = await Promise.all(Array.from({ length: 5 }, () => rawClient(address)));
    for (const client of held) client.send("GET / HTTP/1.1\r\n");
    const extra = await rawClient(address);
    extra.send(get("/x"));
    await extra.closed;
    expect(extra.text()).toBe("");
    held[0]?.socket.destroy();
    const next = async (): Promise<number[]> =>
      (await exchange(address, get("/x", "Connection: close\r\n"))).statuses();
    await expect.poll(next).toEqual([200]);
    for (const client of held) client.socket.destroy();
  });

  it("each carries only so many requests", async () => {
    const client = await rawClient(await echo.start({ ...CALM, maxRequestsPerSocket: 3 }));
    client.send(get("/x").repeat(4));
    await client.until(/ 503 /);
    expect(client.statuses()).toEqual([200, 200, 200, 503]);
    expect(echo.seen).toHaveLength(3);
    client.socket.destroy();
  });
});

describe("stop (F18)", () => {
  const slowly: Parameters<EchoServer["start"]>[1] = (answer) => async (request) => {
    await delay(150);
    return answer(request);
  };

  it("lets requests under way finish, takes no new ones, and is done as soon as they are", async () => {
    const stop = async (): Promise<number> => {
      const address = await echo.start(
        { ...CALM, keepAliveTimeoutMs: 20_000, drainMs: 20_000 },
        slowly,
      );
      const clients = await Promise.all(Array.from({ length: 20 }, () => rawClient(address)));
      for (const client of clients)
        client.send("POST /busy HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx");
      const idle = await rawClient(address);
      await echo.saw(clients.length);
      const stopping = timeOf(() => echo.stop());
      await delay(20);
      const refused = await rawClient(address).then(
        async (late) => {
          late.send("GET /late HTTP/1.1\r\nHost: a\r\n\r\n");
          await late.closed;
          return late.text();
        },
        () => "",
      );
      await Promise.all([...clients, idle].map(({ closed }) => closed));
      expect(clients.map((client) => client.statuses())).toEqual(clients.map(() => [200]));
      expect(refused).toBe("");
      expect(echo.seen).toHaveLength(20);
      return stopping;
    };
    expect(await quickest(1500, stop)).toBeLessThan(1500);
  });

  it("waits for nobody beyond its patience", async () => {
    const never = (answer: (request: Request) => Promise<Response>) => async (request: Request) => {
      await answer(request);
      return new Promise<Response>(() => {});
    };
    const took = await quickest(3000, async () => {
      const client = await rawClient(await echo.start(CALM, never));
      client.send("GET /never HTTP/1.1\r\nHost: a\r\n\r\n");
      await echo.saw(1);
      return timeOf(async () => {
        await echo.stop();
        await client.closed;
      });
    });
    expect(took).toBeLessThan(3000);
  });

  it("twice is once", async () => {
    await echo.start();
    await Promise.all([echo.stop(), echo.stop()]);
    await echo.stop();
    expect(echo.seen).toEqual([]);
  });
});
