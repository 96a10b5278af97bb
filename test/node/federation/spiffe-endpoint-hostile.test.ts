import { createServer as createTcpServer } from "node:net";
import { afterAll, describe, expect, it } from "vitest";
import { spiffeEndpoint } from "../../../src/federation/node/spiffe-endpoint.ts";
import { extension, NOW, platform, testCa } from "../../unit/svid/forge.ts";
import { leafWith } from "../../unit/svid/leaves.ts";
import { ask, BODY, bundleOf, good, ID, key, leaf, node, root } from "./partner.ts";
import { closed, http, listening, tlsServer, type Shown } from "./tls-server.ts";

const stack = new AsyncDisposableStack();
afterAll(() => stack.disposeAsync());

const serve = async (shown: Shown, answer = http(200, BODY), options = {}) =>
  stack.use(await tlsServer(shown, (_, socket) => socket.end(answer), options));

describe("an endpoint is told nothing and believed nothing", () => {
  const others: readonly [string, () => Promise<readonly Uint8Array[]>, string][] = [
    ["has expired", async () => [await leaf({ notAfter: NOW - 1 })], "endpoint_identity"],
    ["is not valid yet", async () => [await leaf({ notBefore: NOW + 1 })], "endpoint_identity"],
    [
      "is of another SPIFFE ID",
      async () => [await leaf({}, root, [`${ID}2`])],
      "endpoint_identity",
    ],
    [
      "is of another trust domain",
      async () => [await leaf({}, root, ["spiffe://other.example/svidmint/bundle-endpoint"])],
      "endpoint_identity",
    ],
    ["is of a foreign CA", async () => [await leaf({}, await testCa("root"))], "endpoint_identity"],
    ["has two URIs", async () => [await leaf({}, root, [ID, `${ID}2`])], "endpoint_identity"],
    ["has the same URI twice", async () => [await leaf({}, root, [ID, ID])], "endpoint_identity"],
    ["has no URI", async () => [await leaf({}, root, [])], "endpoint_identity"],
    [
      "is a CA's",
      async () => [
        await leaf({
          extensions: [extension.ca(), extension.keyUsage([0, 5]), extension.uris([ID])],
        }),
      ],
      "endpoint_identity",
    ],
    [
      "hangs below a leaf",
      async () => {
        const workload = await testCa("workload", { extensions: leafWith({}) }, root);
        return [await leaf({}, workload), workload.der];
      },
      "endpoint_identity",
    ],
    [
      "has a longer path than its CA may have",
      async () => {
        const short = await testCa(
          "short",
          { extensions: [extension.ca(0), extension.keyUsage([5])] },
          root,
        );
        const below = await testCa("below", {}, short);
        return [await leaf({}, below), below.der, short.der];
      },
      "endpoint_identity",
    ],
    [
      "comes with a dozen others",
      async () => [await leaf(), ...Array.from({ length: 12 }, () => root.der)],
      "endpoint_identity",
    ],
  ];
  it.each(others)("whose certificate %s", async (_, chain, code) => {
    const server = await serve({ chain: await chain(), key });
    expect(await ask(server.port)).toMatchObject({ ok: false, error: { code } });
    expect(server.heard.join("")).toBe("");
  });

  it("while no bundle of its trust domain is held, or one without keys", async () => {
    const server = await serve(await good());
    const endpoint = { url: "", allowPrivate: true, endpointId: ID };
    const url = `https://127.0.0.1:${server.port}/`;
    const nothing = await spiffeEndpoint(endpoint, node)({ url });
    const empty = await ask(server.port, { bundle: bundleOf() });
    expect([nothing, empty]).toEqual([
      { ok: false, error: expect.objectContaining({ code: "endpoint_identity" }) },
      { ok: false, error: expect.objectContaining({ code: "endpoint_identity" }) },
    ]);
    expect(server.heard.join("")).toBe("");
  });

  it("at a private address, unless the peer's entry allows it", async () => {
    const server = await serve(await good());
    for (const host of ["127.0.0.1", "localhost"])
      // oxlint-disable-next-line no-await-in-loop
      expect(await ask(server.port, { host, allowPrivate: false })).toMatchObject({
        error: { code: "address" },
      });
    expect(server.heard).toEqual([]);
  });

  it("by TLS 1.1", async () => {
    const old = { minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" };
    const server = await serve(await good(), http(200, BODY), old);
    expect(await ask(server.port)).toMatchObject({ error: { code: "tls" } });
  });

  it("by a cipher without forward secrecy", async () => {
    const rsa = await platform.generateKey("RSA-2048");
    const shown = { chain: [await leaf({ spki: rsa.publicKey.spki })], key: rsa };
    const weak = { maxVersion: "TLSv1.2", ciphers: "AES128-GCM-SHA256" };
    const server = await serve(shown, http(200, BODY), weak);
    expect(await ask(server.port)).toMatchObject({ error: { code: "tls" } });
  });

  const raw: readonly [string, string | undefined, string][] = [
    ["speaks plain HTTP at once", http(200, BODY), "tls"],
    ["says nothing at all", undefined, "timeout"],
  ];
  it.each(raw)("that %s", async (_, said, code) => {
    const server = createTcpServer((socket) => void (said !== undefined && socket.write(said)));
    const port = await listening(server);
    const timeoutMs = code === "timeout" ? 300 : 20_000;
    expect(await ask(port, { timeoutMs })).toMatchObject({ error: { code } });
    await closed(server);
  });

  it("that never ends its handshake, or goes away in the middle of it", async () => {
    // A TLS record that says it is longer than what ever comes.
    const server = createTcpServer(
      (socket) => void socket.write(Buffer.from("160303400002", "hex")),
    );
    const port = await listening(server);
    expect(await ask(port, { timeoutMs: 300 })).toMatchObject({ error: { code: "timeout" } });
    await closed(server);
    const away = createTcpServer((socket) => socket.once("data", () => socket.destroy()));
    expect(await ask(await listening(away))).toMatchObject({ error: { code: "tls" } });
    await closed(away);
    expect(await ask(port)).toMatchObject({ error: { code: "network", detail: "ECONNREFUSED" } });
  });
});
