import { describe, expect, it } from "vitest";
import { exchange, EchoServer, QUICK } from "./raw-client.ts";

const echo = new EchoServer();

describe("smuggling (HD-2)", () => {
  const SECOND = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";
  const post = (...headers: string[]): string =>
    ["POST /x HTTP/1.1", "Host: a", ...headers, "", ""].join("\r\n");
  it.each<[string, string]>([
    [
      "Content-Length and Transfer-Encoding",
      `${post("Content-Length: 4", "Transfer-Encoding: chunked")}0\r\n\r\n${SECOND}`,
    ],
    [
      "Transfer-Encoding and Content-Length",
      `${post("Transfer-Encoding: chunked", "Content-Length: 4")}0\r\n\r\n${SECOND}`,
    ],
    ["two lengths", `${post("Content-Length: 0", "Content-Length: 38")}${SECOND}`],
    ["two equal lengths", `${post("Content-Length: 1", "Content-Length: 1")}x${SECOND}`],
    ["a list of lengths", `${post("Content-Length: 1, 1")}x${SECOND}`],
    ["a length with a sign", `${post("Content-Length: +1")}x${SECOND}`],
    ["a negative length", `${post("Content-Length: -1")}x${SECOND}`],
    ["a length in hex", `${post("Content-Length: 0x1")}x${SECOND}`],
    ["a length beyond numbers", `${post("Content-Length: 99999999999999999999")}x${SECOND}`],
    ["white space before the colon", `${post("Content-Length : 1")}x${SECOND}`],
    [
      "chunked that is not last",
      `${post("Transfer-Encoding: chunked, identity")}0\r\n\r\n${SECOND}`,
    ],
    ["chunked misspelt", `${post("Transfer-Encoding: xchunked")}0\r\n\r\n${SECOND}`],
    [
      "chunked twice",
      `${post("Transfer-Encoding: chunked", "Transfer-Encoding: identity")}0\r\n\r\n${SECOND}`,
    ],
    [
      "chunked on a folded line",
      `${post("Transfer-Encoding:\r\n chunked", "Content-Length: 5")}0\r\n\r\n${SECOND}`,
    ],
    [
      "chunked behind a control character",
      `${post("Transfer-Encoding: \u000bchunked")}0\r\n\r\n${SECOND}`,
    ],
    ["bare line feeds", `POST /x HTTP/1.1\nHost: a\nContent-Length: 0\n\n${SECOND}`],
    ["a bare carriage return", `${post("X: a\rTransfer-Encoding: chunked")}0\r\n\r\n${SECOND}`],
    ["a NUL", `${post("X: a\u0000b")}${SECOND}`],
    [
      "a chunk size beyond numbers",
      `${post("Transfer-Encoding: chunked")}fffffffffffffffff\r\nx\r\n0\r\n\r\n${SECOND}`,
    ],
    [
      "a chunk size with a sign",
      `${post("Transfer-Encoding: chunked")}+1\r\nx\r\n0\r\n\r\n${SECOND}`,
    ],
    [
      "a chunk that ends in a line feed",
      `${post("Transfer-Encoding: chunked")}1\nx\n0\n\n${SECOND}`,
    ],
    [
      "a chunk longer than it says",
      `${post("Transfer-Encoding: chunked")}1\r\nxx\r\n0\r\n\r\n${SECOND}`,
    ],
  ])("%s: 400, and what follows is no request", async (_, bytes) => {
    const client = await exchange(await echo.start(), bytes);
    expect(client.statuses()).toEqual([400]);
    expect(echo.seen.filter((request) => request.includes("smuggled"))).toEqual([]);
  });
});

describe("what is no request", () => {
  const random = Uint8Array.from(
    { length: 4096 },
    (_, index) => (index * 197 + (index >> 3)) & 0xff,
  );
  it.each<[string, string | Uint8Array]>([
    [
      "a TLS hello",
      Uint8Array.of(0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3, ...random.subarray(0, 400)),
    ],
    ["HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
    ["HTTP/3.0", "GET / HTTP/3.0\r\nHost: a\r\n\r\n"],
    ["HTTP/0.9", "GET /\r\n"],
    ["noise", random],
    ["zeros", new Uint8Array(1000)],
    ["an unknown method", "SPAM / HTTP/1.1\r\nHost: a\r\n\r\n"],
    ["no path", "GET HTTP/1.1\r\nHost: a\r\n\r\n"],
    ["a space in the path", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n"],
    ["SSH", "SSH-2.0-OpenSSH_9.6\r\n"],
  ])("%s: refused and closed", async (_, bytes) => {
    const client = await exchange(await echo.start(QUICK), bytes);
    expect(client.statuses().filter((status) => ![400, 408, 505].includes(status))).toEqual([]);
    expect(echo.seen).toEqual([]);
  });

  it("headers beyond 16 KiB: 431", async () => {
    const address = await echo.start();
    const one = await exchange(
      address,
      `GET / HTTP/1.1\r\nHost: a\r\nX: ${"y".repeat(16_384)}\r\n\r\n`,
    );
    const many = await exchange(
      address,
      `GET / HTTP/1.1\r\nHost: a\r\n${"A: b\r\n".repeat(4000)}\r\n`,
    );
    const path = await exchange(address, `GET /${"y".repeat(17_000)} HTTP/1.1\r\nHost: a\r\n\r\n`);
    expect([one, many, path].map((client) => client.statuses())).toEqual([[431], [431], [431]]);
    expect(echo.seen).toEqual([]);
  });

  it("trailers beyond 16 KiB are not taken either", async () => {
    const head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n";
    const client = await exchange(await echo.start(), `${head}X: ${"y".repeat(20_000)}\r\n\r\n`);
    expect(client.statuses().filter((status) => status === 200)).toEqual([]);
  });

  it("a Host of any kind changes no path (HD-1)", async () => {
    const address = await echo.start();
    const hosts = [
      "a b",
      "a/b",
      "a?b",
      "a#b",
      "user@a",
      "[::1",
      "a:99999",
      "a\\b",
      "%41",
      "\u00fc/bundl",
      "",
    ];
    for (const host of hosts) {
      const request = `GET /x HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;
      const client = await exchange(address, Buffer.from(request, "latin1")); // oxlint-disable-line no-await-in-loop
      expect(client.text()).toContain("</x 0>");
    }
    expect(new Set(echo.seen)).toEqual(new Set(["GET /x"]));
    const without = await exchange(address, "GET /x HTTP/1.1\r\nConnection: close\r\n\r\n");
    expect(without.statuses()).toEqual([400]); // RFC 9112 §3.2
  });

  it.each([
    ["http://evil.example/x", "/x"],
    ["https://user@evil.example:1/x", "/x"],
    ["//evil.example/x", "//evil.example/x"],
    ["/a/../x", "/x"],
    ["/./x", "/x"],
    ["/x?http://evil.example/", "/x"],
  ])("the target %s is the path %s", async (target, path) => {
    const client = await exchange(
      await echo.start(),
      `GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`,
    );
    expect(client.statuses()).toEqual([200]);
    expect(echo.seen).toEqual([`GET ${path}`]);
  });

  it.each(["*", "x", "\\x", "/\\x", "ftp://a/x", "http://", "http://[/x", "/x#y"])(
    "the target %s is none, or a path",
    async (target) => {
      const client = await exchange(
        await echo.start(),
        `GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`,
      );
      const [status] = client.statuses();
      expect(status === 400 || (status === 200 && echo.seen[0] === "GET /x")).toBe(true);
    },
  );

  it("CONNECT and Upgrade open nothing", async () => {
    const address = await echo.start();
    const connected = await exchange(
      address,
      "CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example\r\n\r\n",
    );
    expect(connected.text()).toBe("");
    const headers =
      "Connection: upgrade, close\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";
    const upgraded = await exchange(address, `GET /x HTTP/1.1\r\nHost: a\r\n${headers}\r\n`);
    expect(upgraded.statuses()).toEqual([200]);
    const h2c = await exchange(
      address,
      `GET /x HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n`,
    );
    expect(h2c.statuses()).toEqual([200]);
  });

  it("Expect: what we do not know is 417", async () => {
    const client = await exchange(
      await echo.start(),
      "GET /x HTTP/1.1\r\nHost: a\r\nExpect: magic\r\nConnection: close\r\n\r\n",
    );
    expect(client.statuses()).toEqual([417]);
  });
});
