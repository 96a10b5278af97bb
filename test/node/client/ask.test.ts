import { once } from "node:events";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { ask, obtain } from "../../../src/client/node/ask.ts";
import { outputOf } from "../../../src/client/node/run-program.ts";
import { tokenIn } from "../../../src/client/node/token.ts";

const ending: (() => void)[] = [];
afterEach(() => {
  for (const end of ending.splice(0)) end();
});

/** A server that says what a test tells it, byte for byte. */
async function server(answer: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const listening = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.once("data", () => answer(socket));
  });
  listening.listen(0, "127.0.0.1");
  await once(listening, "listening");
  ending.push(() => {
    listening.close();
    for (const socket of sockets) socket.destroy();
  });
  return `http://127.0.0.1:${(listening.address() as AddressInfo).port}`;
}

const HEAD = "HTTP/1.1 200 OK\r\nconnection: close\r\n";

describe("a question to a metadata service", () => {
  it("is answered with status and text", async () => {
    const url = await server((socket) => socket.end(`${HEAD}\r\nyes`));
    expect(await ask({ url })).toEqual({ status: 200, text: "yes" });
  });

  it.for<[string, (socket: Socket) => void]>([
    ["answers", () => {}],
    ["ends", (socket) => socket.write(`${HEAD}content-length: 9\r\n\r\nyes`)],
  ])("says in words that it never %s", async ([, answer]) => {
    const url = await server(answer);
    expect(await ask({ url, timeoutMs: 200 })).toContain("did not answer within 0.2 s");
  });

  it.for<[string, (socket: Socket) => void, string]>([
    ["breaks off", (socket) => socket.resetAndDestroy(), "broke off"],
    [
      "breaks off in the middle",
      (socket) => socket.end("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nyes"),
      "broke off",
    ],
    ["speaks no HTTP", (socket) => socket.end("220 smtp ready\r\n"), "could not be asked"],
    [
      "answers without end",
      (socket) => {
        socket.write(`${HEAD}\r\n`);
        const more = () => {
          while (socket.writable && socket.write(Buffer.alloc(65_536, "x")));
        };
        socket.on("drain", more);
        more();
      },
      "answered too much",
    ],
  ])("says in words that it %s", async ([, answer, words]) => {
    const url = await server(answer);
    expect(await ask({ url, timeoutMs: 20_000 })).toContain(words);
  });

  it("goes where it is told and nowhere else", async () => {
    const redirect = `HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:9/\r\nconnection: close\r\n\r\n`;
    const url = await server((socket) => socket.end(redirect));
    expect(await ask({ url })).toEqual({ status: 302, text: "" });
    expect(await ask({ url: "file:///etc/passwd" })).toBe("is not a URL");
    expect(await ask({ url: "nonsense" })).toBe("is not a URL");
    expect(await ask({ url: "http://127.0.0.1:9" })).toBe("refused the connection");
    expect(await ask({ url: "http://localhost/", socket: "/nowhere" })).toBe("is not there");
    expect(await ask({ url: url.replace("http:", "https:") })).toContain("could not be asked");
  });

  it("is never quoted with its query or its answer", async () => {
    const url = await server((socket) => socket.end("HTTP/1.1 403 No\r\n\r\nhunter2"));
    const asked = obtain({ url: `${url}/token?key=hunter3` }, (status) => `mend ${status}`);
    await expect(asked).rejects.toThrow(/^127\.0\.0\.1:\d+\/token answered 403: mend 403$/);
  });
});

describe("what is to be evidence", () => {
  it("is a token, and nothing else that an address answers", () => {
    expect(tokenIn(" a.b.c\n", "the answer")).toBe("a.b.c");
    const others = [
      "",
      "a.b",
      "a.b.c.d",
      "a.b.c\nd.e.f",
      "a.b.ü",
      "<html>",
      `a.b.${"c".repeat(16_384)}`,
    ];
    for (const text of others)
      expect(() => tokenIn(text, "the answer")).toThrow(/^the answer is [^<]{20,80}$/);
  });

  it("is not all that a program may print", async () => {
    const flood = outputOf(
      process.execPath,
      ["-e", "process.stdout.write('x'.repeat(300000))"],
      "x",
    );
    await expect(flood).rejects.toThrow("printed too much: x");
    const failed = outputOf(process.execPath, ["-e", "process.exit(3)"], "mend it");
    await expect(failed).rejects.toThrow("ended with 3: mend it");
  });
});
