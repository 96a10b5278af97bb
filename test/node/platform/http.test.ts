import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTcpServer } from "node:net";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { utf8Decode } from "../../../src/encoding/bytes.ts";
import { fetchBounded, isLoopbackHost, type BoundedRequest } from "../../../src/platform/http.ts";
import { nodePlatform } from "../../../src/platform/node/node-platform.ts";
import { quickest, timeOf } from "../support/quickest.ts";

const platform = nodePlatform();
const LIMITS: BoundedRequest = { maxBytes: 1000, timeoutMs: 20_000, allowLoopbackHttp: true };

const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024));

let base = "";
let followed = 0;
/** Set when the peer of an endless answer has gone. */
let endlessClosed: Promise<void> | undefined;

const routes: Record<string, (request: IncomingMessage, response: ServerResponse) => void> = {
  "/plain": (_, response) => response.end("hello"),
  "/exact": (_, response) => response.end("x".repeat(1000)),
  "/over": (_, response) => response.end("x".repeat(1001)),
  "/empty": (_, response) => response.writeHead(204).end(),
  "/error": (_, response) => response.writeHead(503, { "retry-after": "7" }).end("busy"),
  "/not-modified": (_, response) => response.writeHead(304, { etag: '"a"' }).end(),
  "/redirect": (_, response) => response.writeHead(302, { location: "/target" }).end("elsewhere"),
  "/permanent": (_, response) => response.writeHead(308, { location: "/target" }).end(),
  "/no-location": (_, response) => response.writeHead(300).end(),
  "/target": (_, response) => {
    followed++;
    response.end("followed");
  },
  "/gzip": (_, response) =>
    response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync("small")),
  "/bomb": (_, response) => response.writeHead(200, { "content-encoding": "gzip" }).end(bomb),
  "/silent": () => undefined,
  "/slow-body": (_, response) => {
    response.write("a");
    const timer = setInterval(() => response.write("a"), 50);
    response.on("close", () => clearInterval(timer));
  },
  "/endless": (_, response) => {
    const timer = setInterval(() => response.write("x".repeat(300)), 5);
    endlessClosed = new Promise((resolve) => {
      response.on("close", () => {
        clearInterval(timer);
        resolve();
      });
    });
  },
  "/echo": (request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () =>
      response.end(
        `${request.method} ${String(request.headers["x-a"])} ${Buffer.concat(chunks).toString("hex")}`,
      ),
    );
  },
};
const server = createServer((request, response) => {
  routes[request.url ?? ""]?.(request, response);
});
/** Promises 100 bytes, sends 5, hangs up. */
const truncating = createTcpServer((socket) => {
  socket.on("error", () => undefined);
  socket.once("data", () => socket.end("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhello"));
});

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  await new Promise<void>((resolve) => truncating.listen(0, "127.0.0.1", resolve));
  base = `http://127.0.0.1:${portOf(server)}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
  truncating.close();
});

function portOf(listener: { address(): string | AddressInfo | null }): number {
  const address = listener.address();
  if (address === null || typeof address === "string") throw new Error("not listening");
  return address.port;
}

async function codeOf(url: string, overrides: Partial<BoundedRequest> = {}) {
  const answer = await fetchBounded(platform, url, { ...LIMITS, ...overrides });
  return answer.ok ? answer.value.status : answer.error.code;
}

describe("fetchBounded", () => {
  it("gives status, headers and bytes", async () => {
    const answer = await fetchBounded(platform, `${base}/plain`, LIMITS);
    if (!answer.ok) throw new Error(answer.error.code);
    expect(answer.value.status).toBe(200);
    expect(utf8Decode(answer.value.bytes)).toBe("hello");
    expect(answer.value.headers.get("content-length")).toBe("5");
  });

  it("takes a status for an answer, not a failure", async () => {
    const answer = await fetchBounded(platform, `${base}/error`, LIMITS);
    if (!answer.ok) throw new Error(answer.error.code);
    expect(answer.value.status).toBe(503);
    expect(answer.value.headers.get("retry-after")).toBe("7");
  });

  it("gives no bytes where there is no body", async () => {
    const answer = await fetchBounded(platform, `${base}/empty`, LIMITS);
    expect(answer).toMatchObject({ ok: true, value: { status: 204, bytes: new Uint8Array(0) } });
    expect(await codeOf(`${base}/not-modified`)).toBe(304);
  });

  it("sends method, headers and body, text or bytes", async () => {
    for (const body of ["\u0001\u0002", new Uint8Array([1, 2])]) {
      const answer = await fetchBounded(platform, `${base}/echo`, {
        ...LIMITS,
        method: "POST",
        headers: { "x-a": "b" },
        body,
      });
      if (!answer.ok) throw new Error(answer.error.code);
      expect(utf8Decode(answer.value.bytes)).toBe("POST b 0102");
    }
  });

  it("counts bytes, up to the limit and not one beyond", async () => {
    expect(await codeOf(`${base}/exact`)).toBe(200);
    expect(await codeOf(`${base}/over`)).toBe("too_large");
    expect(await codeOf(`${base}/plain`, { maxBytes: 4 })).toBe("too_large");
  });

  it("counts bytes after decompression, so that a bomb is defused", async () => {
    expect(await codeOf(`${base}/gzip`)).toBe(200);
    const before = process.memoryUsage().rss;
    expect(await codeOf(`${base}/bomb`)).toBe("too_large");
    expect(process.memoryUsage().rss - before).toBeLessThan(48 * 1024 * 1024);
  });

  it("hangs up on an endless answer as soon as it is too long", async () => {
    expect(await codeOf(`${base}/endless`)).toBe("too_large");
    await endlessClosed;
  });

  it.each(["/redirect", "/permanent", "/no-location"])("refuses %s", async (path) => {
    expect(await codeOf(`${base}${path}`)).toBe("redirect");
    expect(followed).toBe(0);
  });

  it.each(["/silent", "/slow-body"])("ends in time against %s", async (path) => {
    const took = await quickest(1000, () =>
      timeOf(async () =>
        expect(await codeOf(`${base}${path}`, { timeoutMs: 200 })).toBe("timeout"),
      ),
    );
    expect(took).toBeLessThan(1000);
  });

  it("ends in time even where fetch ignores the signal", async () => {
    const deaf = { fetch: () => new Promise<Response>(() => undefined) };
    const answer = await fetchBounded(deaf, `${base}/plain`, { ...LIMITS, timeoutMs: 50 });
    expect(answer).toEqual({ ok: false, error: { code: "timeout" } });
  });

  it("does not take a body cut short for a whole one", async () => {
    expect(await codeOf(`http://127.0.0.1:${portOf(truncating)}/`)).toBe("network");
  });

  it("says why nobody answered, without the url", async () => {
    const unused = createServer();
    await new Promise<void>((resolve) => unused.listen(0, "127.0.0.1", resolve));
    const port = portOf(unused);
    await new Promise((resolve) => unused.close(resolve));
    const answer = await fetchBounded(platform, `http://127.0.0.1:${port}/?secret=1`, LIMITS);
    expect(answer).toEqual({ ok: false, error: { code: "network", detail: "ECONNREFUSED" } });
  });

  it.each([
    ["plain http to a loopback host, unasked", "http://127.0.0.1/", false],
    ["plain http elsewhere", "http://example.org/", true],
    ["plain http to a name that only begins like loopback", "http://127.0.0.1.example.org/", true],
    ["plain http to a name that only ends like loopback", "http://notlocalhost/", true],
    ["plain http to an address that is all interfaces", "http://0.0.0.0/", true],
    ["user information", "https://user@example.org/", true],
    ["user information with a password", "http://a:b@127.0.0.1/", true],
    ["an empty user with a password", "https://:b@example.org/", true],
    ["another scheme to a loopback host", "ftp://127.0.0.1/", true],
    ["a web socket on a loopback host", "ws://localhost/", true],
    ["a file", "file:///etc/passwd", true],
    ["data", "data:text/plain,hello", true],
    ["no scheme", "example.org/", true],
    ["nothing", "", true],
  ])("never sends to %s", async (_, url, allowLoopbackHttp) => {
    let sent = 0;
    const counting = {
      fetch: async () => {
        sent++;
        return new Response();
      },
    };
    const answer = await fetchBounded(counting, url, { ...LIMITS, allowLoopbackHttp });
    expect(answer).toEqual({ ok: false, error: { code: "url_forbidden" } });
    expect(sent).toBe(0);
  });

  it("knows a loopback host in the forms that URL writes", () => {
    for (const url of ["http://localhost/", "http://127.1/", "http://2130706433/", "http://[::1]/"])
      expect(isLoopbackHost(new URL(url).hostname)).toBe(true);
    for (const url of ["http://128.0.0.1/", "http://[::2]/", "http://localhost.example/"])
      expect(isLoopbackHost(new URL(url).hostname)).toBe(false);
  });
});
