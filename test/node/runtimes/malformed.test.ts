import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { quickest } from "../support/quickest.ts";
import { CALM, exchange, QUICK, rawClient, EchoServer } from "./raw-client.ts";

const echo = new EchoServer();

const GOOD = "GET /good HTTP/1.1\r\nHost: a\r\n\r\n";
const chunked = (path: string): string =>
  `POST ${path} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n`;

/** Expects the last of the answers to be a whole problem document. @returns its detail */
function problemIn(text: string, status: number): string {
  const [head = "", body = ""] = text.slice(text.lastIndexOf("HTTP/1.1 ")).split("\r\n\r\n");
  expect(head).toMatch(new RegExp(`^HTTP/1\\.1 ${status} [A-Z]`));
  expect(head).toMatch(/^content-type: application\/problem\+json$/im);
  expect(head).toMatch(/^cache-control: no-store$/im);
  expect(head).toMatch(/^date: .* GMT$/im);
  expect(head).toContain(`\r\ncontent-length: ${body.length}`);
  const { detail, ...rest } = JSON.parse(body) as Record<string, unknown>;
  expect(rest).toEqual({
    type: "urn:svidmint:problem:request_malformed",
    title: "The request is malformed",
    status,
    code: "request_malformed",
    request_id: expect.stringMatching(/^[0-9a-f]{32}$/),
  });
  return String(detail);
}

describe("what is no request gets a problem document", () => {
  it.each<[string, number, string]>([
    ["an unknown method", 400, "HOSTILE / HTTP/1.1\r\nHost: a\r\n\r\n"],
    ["no request line", 400, "\u0016\u0003\u0001 hostile"],
    ["another version", 400, "GET /hostile HTTP/3.0\r\nHost: a\r\n\r\n"],
    ["a header without a colon", 400, "GET / HTTP/1.1\r\nHost: a\r\nhostile\r\n\r\n"],
    ["a NUL", 400, "GET / HTTP/1.1\r\nHost: a\r\nX: hostile\u0000\r\n\r\n"],
    [
      "Content-Length and Transfer-Encoding",
      400,
      `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${GOOD}`,
    ],
    [
      "two lengths",
      400,
      `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nContent-Length: 9\r\n\r\n${GOOD}`,
    ],
    ["a chunk of no size", 400, `${chunked("/hostile")}hostile\r\n`],
    ["20 KB of header", 431, `GET / HTTP/1.1\r\nHost: a\r\nX: ${"hostile".repeat(3000)}\r\n\r\n`],
    ["20 KB of path", 431, `GET /${"hostile".repeat(3000)} HTTP/1.1\r\nHost: a\r\n\r\n`],
    ["20 KB after a chunk's size", 413, `${chunked("/")}1;${"hostile".repeat(3000)}\r\n`],
    ["half a request line and silence", 408, "GET /hosti"],
    ["half a header and silence", 408, "GET / HTTP/1.1\r\nHost: a\r\nX: hosti"],
    ["half a body and silence", 408, `${chunked("/hostile")}5\r\nho`],
    ["no Host", 400, "GET /hostile HTTP/1.1\r\n\r\n"],
    [
      "a target that is no URL",
      400,
      "GET \\hostile HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    ],
    [
      "an unknown expectation",
      417,
      "GET /hostile HTTP/1.1\r\nHost: a\r\nExpect: hostile\r\nConnection: close\r\n\r\n",
    ],
  ])("%s: %i, and the connection ends", async (_, status, bytes) => {
    const limits = status === 408 ? QUICK : CALM;
    const client = await exchange(await echo.start(limits), Buffer.from(bytes, "latin1"));
    expect(client.statuses()).toEqual([status]);
    expect(problemIn(client.text(), status)).not.toBe("");
    expect(client.text()).toMatch(/^connection: close\r$/im);
    expect(client.text()).not.toMatch(/hosti/i);
    expect(echo.seen.filter((request) => request.includes("good"))).toEqual([]);
  });

  it("also where megabytes are still on their way, and the answer is read only then", async () => {
    const client = await rawClient(await echo.start());
    client.socket.pause();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n");
    await new Promise((left) => client.socket.write("x".repeat(4_000_000), left));
    client.socket.resume();
    await client.closed;
    expect(client.statuses()).toEqual([400]);
    problemIn(client.text(), 400);
  });

  it("whoever sends on for ever after it is cut off", async () => {
    const took = await quickest(2000, async () => {
      const client = await rawClient(await echo.start());
      const began = performance.now();
      client.socket.allowHalfOpen = true; // does not heed the end
      const timer = setInterval(() => client.socket.writable && client.send("x".repeat(1000)), 5);
      client.send("HOSTILE\r\n");
      await client.until(/ 400 /);
      await client.closed;
      clearInterval(timer);
      expect(client.statuses()).toEqual([400]);
      return performance.now() - began;
    });
    expect(took).toBeLessThan(2000);
  });
});

describe("what was a request before it is answered first", () => {
  const slowly: Parameters<EchoServer["start"]>[1] = (answer) => async (request) => {
    const answered = await answer(request);
    await delay(100);
    return answered;
  };

  it.each([
    ["at once", undefined],
    ["later", slowly],
  ])("whole: %s", async (_, handler) => {
    const post = "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc";
    const client = await exchange(await echo.start(CALM, handler), `${GOOD}${post}garbage\r\n\r\n`);
    expect(client.statuses()).toEqual([200, 200, 400]);
    expect(client.text()).toMatch(/<\/good 0>HTTP.*<\/p 3>HTTP/s);
    problemIn(client.text(), 400);
  });

  it("whole where the next one's header never ends, or its body is at fault", async () => {
    for (const [next, status] of [
      ["GET / HTTP/1.1\r\nX", 408],
      [`${chunked("/x")}garbage\r\n`, 400],
    ] as const) {
      const address = await echo.start({ ...CALM, headersTimeoutMs: 500 }, slowly); // oxlint-disable-line no-await-in-loop
      const client = await exchange(address, GOOD + next); // oxlint-disable-line no-await-in-loop
      expect(client.statuses()).toEqual([200, status]);
      expect(client.text()).toContain("</good 0>HTTP");
      problemIn(client.text(), status);
      await echo.stop(); // oxlint-disable-line no-await-in-loop
    }
  });

  it("and alone where it said that it is the last", async () => {
    const last = GOOD.replace("Host", "Connection: close\r\nHost");
    const client = await exchange(await echo.start(CALM, slowly), `${last}garbage\r\n\r\n`);
    expect(client.statuses()).toEqual([200]);
    expect(client.text()).toMatch(/<\/good 0>$/);
  });

  it("and none is done behind an answer that is the last", async () => {
    const address = await echo.start(CALM, slowly);
    const hostless = "GET /hostless HTTP/1.1\r\n\r\n";
    const client = await exchange(address, GOOD + hostless + GOOD.replace("good", "after"));
    expect(client.statuses()).toEqual([200, 400]);
    expect(echo.seen).toEqual(["GET /good"]);
  });

  it("nor what becomes a request only after it was refused", async () => {
    let release = (): void => {};
    const due = new Promise<void>((resolve) => (release = resolve));
    const limits = { ...CALM, headersTimeoutMs: 500 };
    const client = await rawClient(
      await echo.start(limits, (answer) => async (request) => {
        const answered = await answer(request);
        await due;
        return answered;
      }),
    );
    client.send(`${GOOD}GET /late HTTP/1.1\r\nX: `);
    await echo.saw(1);
    await delay(2 * limits.headersTimeoutMs);
    client.send(`y\r\nHost: a\r\n\r\n${GOOD.replace("good", "later")}`);
    await delay(50);
    release();
    await client.closed;
    expect(client.statuses()).toEqual([200, 408]);
    expect(echo.seen).toEqual(["GET /good"]);
  });

  it("as long as it is read: whoever only sends on is cut off", async () => {
    const limits = { ...CALM, idleTimeoutMs: 400 };
    const large = async (): Promise<Response> => new Response("x".repeat(30_000_000));
    const took = await quickest(2500, async () => {
      const client = await rawClient(await echo.start(limits, () => large));
      const began = performance.now();
      client.socket.pause();
      client.send(GOOD);
      const timer = setInterval(() => client.socket.writable && client.send("g"), 100);
      await client.closed;
      clearInterval(timer);
      return performance.now() - began;
    });
    expect(took).toBeLessThan(2500);
  });

  it("and no request is answered twice", async () => {
    const client = await rawClient(await echo.start(CALM, () => async () => new Response("early")));
    client.send(`${chunked("/x")}1\r\na\r\n`);
    await client.until(/early/);
    client.send("garbage\r\n");
    await client.closed;
    expect(client.statuses()).toEqual([200]);
  });
});

it("whoever went away gets no answer, nor is it a fault", async () => {
  const address = await echo.start();
  for (let round = 0; round < 20; round++) {
    const client = await rawClient(address); // oxlint-disable-line no-await-in-loop
    client.send("HOSTILE\r\n\r\n");
    client.socket.resetAndDestroy();
  }
  expect(
    (await exchange(address, GOOD.replace("Host", "Connection: close\r\nHost"))).statuses(),
  ).toEqual([200]);
});
