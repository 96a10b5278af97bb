import { afterAll, describe, expect, it } from "vitest";
import { testCa } from "../../unit/svid/forge.ts";
import { ask, BODY, bundleOf, good, ID, key, leaf, root } from "./partner.ts";
import { http, tlsServer, type Shown } from "./tls-server.ts";

const stack = new AsyncDisposableStack();
afterAll(() => stack.disposeAsync());

const serve = async (shown: Shown, answer = http(200, BODY), options = {}) =>
  stack.use(await tlsServer(shown, (_, socket) => socket.end(answer), options));

describe("an endpoint that shows the SVID of its SPIFFE ID", () => {
  it("is asked, under whatever name it is reached", async () => {
    const server = await serve(await good(), http(200, BODY, { ETag: '"1"' }));
    for (const host of ["127.0.0.1", "localhost"]) {
      const answer = await ask(server.port, { host, etag: '"0"' }); // oxlint-disable-line no-await-in-loop
      if (!answer.ok || answer.value.status !== 200) throw new Error(JSON.stringify(answer));
      expect(new TextDecoder().decode(answer.value.bytes)).toBe(BODY);
      expect(answer.value.etag).toBe('"1"');
      expect(server.heard.at(-1)?.split("\r\n")).toEqual([
        "GET /bundle?of=all HTTP/1.1",
        `host: ${host}:${server.port}`,
        "accept: application/json",
        "accept-encoding: identity",
        "connection: close",
        'if-none-match: "0"',
        "",
        "",
      ]);
    }
  });

  it("may have an intermediate, and send its root along", async () => {
    const middle = await testCa("middle", {}, root);
    const chain = [await leaf({}, middle), root.der, middle.der];
    expect(await ask((await serve({ chain, key })).port)).toMatchObject({ ok: true });
  });

  it("says that nothing has changed", async () => {
    const server = await serve(await good(), http(304));
    expect(await ask(server.port, { etag: '"0"' })).toEqual({ ok: true, value: { status: 304 } });
  });

  it("leads on within itself, twice", async () => {
    const server = stack.use(
      await tlsServer(await good(), (request, socket) => {
        const path = / (\S+) /.exec(request)?.[1] ?? "";
        const next = { "/bundle?of=all": "/a", "/a": "/b" }[path];
        socket.end(next === undefined ? http(200, path) : http(302, "", { Location: next }));
      }),
    );
    const answer = await ask(server.port);
    expect(
      answer.ok && answer.value.status === 200 && Buffer.from(answer.value.bytes).toString(),
    ).toBe("/b");
    expect(server.heard).toHaveLength(3);
  });

  it("rolls its keys over: only what is held at the moment counts", async () => {
    const server = await serve(await good());
    const next = await testCa("next");
    const both = bundleOf(root, next);
    expect(await ask(server.port, { bundle: both })).toMatchObject({ ok: true });
    await server.show({ chain: [await leaf({}, next)], key });
    expect(await ask(server.port, { bundle: both })).toMatchObject({ ok: true });
    expect(await ask(server.port)).toMatchObject({ error: { code: "endpoint_identity" } });
    expect(await ask(server.port, { bundle: bundleOf(next) })).toMatchObject({ ok: true });
  });

  it("has each connection shake hands anew, whatever tickets it gave out", async () => {
    const server = await serve(await good());
    expect(await ask(server.port)).toMatchObject({ ok: true });
    await server.show({ chain: [await leaf({}, await testCa("other"))], key });
    expect(await ask(server.port)).toMatchObject({ error: { code: "endpoint_identity" } });
  });
});

describe("an endpoint of the right SPIFFE ID", () => {
  const answers: readonly [string, string, object][] = [
    [
      "leads to another host",
      http(302, "", { Location: "https://localhost/" }),
      { code: "redirect" },
    ],
    [
      "leads to another port",
      http(302, "", { Location: "https://127.0.0.1:1/" }),
      { code: "redirect" },
    ],
    ["leads nowhere", http(302), { code: "redirect" }],
    ["leads in a circle", http(307, "", { Location: "/bundle" }), { code: "redirect" }],
    ["fails", http(500, BODY), { code: "status", detail: "500" }],
    ["has an empty answer", http(204), { code: "status", detail: "204" }],
    ["says too much", http(200, "x".repeat(1024 * 1024 + 1)), { code: "too_large" }],
    ["compresses", http(200, BODY, { "Content-Encoding": "gzip" }), { code: "malformed" }],
    ["speaks no HTTP", "SSH-2.0-x\r\n\r\n", { code: "network", detail: "HPE_INVALID_CONSTANT" }],
    ["says nothing", "", { code: "network", detail: "ECONNRESET" }],
    [
      "stops in the middle",
      http(200, BODY).slice(0, -3),
      { code: "network", detail: "ECONNRESET" },
    ],
    [
      "has endless headers",
      `HTTP/1.1 200 X\r\nA: ${"x".repeat(20_000)}`,
      { detail: "HPE_HEADER_OVERFLOW" },
    ],
    [
      "wants another protocol",
      "HTTP/1.1 101 X\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
      { code: "network" },
    ],
  ];
  it.each(answers)("that %s brings nothing", async (_, answer, error) => {
    expect(await ask((await serve(await good(), answer)).port)).toMatchObject({ ok: false, error });
  });

  it("that leads to somebody else at the same place brings nothing", async () => {
    const server = stack.use(
      await tlsServer(await good(), (_, socket) => {
        void leaf({}, root, [`${ID}2`])
          .then((other) => server.show({ chain: [other], key }))
          .then(() => socket.end(http(302, "", { Location: "/next" })));
      }),
    );
    expect(await ask(server.port)).toMatchObject({ error: { code: "endpoint_identity" } });
    expect(server.heard.filter((text) => text !== "")).toHaveLength(1);
  });

  it("that never comes to an end is not waited for", async () => {
    const server = stack.use(
      await tlsServer(await good(), (_, socket) => {
        socket.write(http(200, "", { "Content-Length": "9" }));
        const timer = setInterval(() => socket.write(" "), 100);
        socket.once("close", () => clearInterval(timer));
      }),
    );
    expect(await ask(server.port, { timeoutMs: 300 })).toMatchObject({
      error: { code: "timeout" },
    });
  });
});
