import type { LookupAddress } from "node:dns";
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import { guardedWebEndpoint } from "../../../src/federation/node/guarded-fetch.ts";
import { encodePem } from "../../../src/encoding/pem.ts";
import { testCa } from "../../unit/svid/forge.ts";
import { http, tlsServer } from "./tls-server.ts";
import { CA, webCertificate } from "./web-partner.ts";

const stack = new AsyncDisposableStack();
afterAll(() => stack.disposeAsync());
afterEach(() => vi.unstubAllEnvs());

type Options = NonNullable<Parameters<typeof guardedWebEndpoint>[2]>;
type Resolve = NonNullable<Options["resolve"]>;

/** A resolver that says what it is told, one answer a question. */
function resolver(...answers: (string | string[])[]) {
  const asked: string[] = [];
  const resolve = ((name: string, _: object, done: (e: null, found: LookupAddress[]) => void) => {
    const found = answers[Math.min(asked.push(name), answers.length) - 1] ?? [];
    done(
      null,
      [found].flat().map((address) => ({ address, family: address.includes(":") ? 6 : 4 })),
    );
  }) as unknown as Resolve;
  return { resolve, asked };
}

const serve = async (shown = webCertificate("partner.test"), options = {}) =>
  stack.use(await tlsServer(await shown, (_, socket) => socket.end(http(200, "{}")), options));

const ask = (port: number, options: Options = {}, allowPrivate = true) =>
  guardedWebEndpoint({ allowPrivate }, undefined, {
    ca: CA,
    resolve: resolver("127.0.0.1").resolve,
    timeoutMs: 20_000,
    ...options,
  })({ url: `https://partner.test:${port}/bundle` });

describe("a name", () => {
  it.each([
    ["this machine", "127.0.0.1"],
    ["this machine by IPv6", "::1"],
    ["a mapped address", "::ffff:127.0.0.1"],
    ["metadata of AWS, Google, Azure and OCI", "169.254.169.254"],
    ["metadata of AWS by IPv6", "fd00:ec2::254"],
    ["metadata of Alibaba", "100.100.100.200"],
    ["Azure's services", "168.63.129.16"],
    ["a private network", "10.1.2.3"],
    ["a link-local address with its zone", "fe80::1%lo"],
    ["nothing", []],
  ])("that leads to %s is connected to nowhere", async (_, address) => {
    const server = await serve();
    const answer = await ask(server.port, { resolve: resolver(address).resolve }, false);
    expect(answer).toMatchObject({ ok: false, error: { code: "address" } });
    expect(server.heard).toEqual([]);
  });

  it("is looked up once: what it leads to afterwards does not count", async () => {
    const server = await serve();
    // 198.51.100.0/24 and its like count as private here, so a public address that answers nobody in time.
    const { resolve, asked } = resolver("8.8.4.4", "127.0.0.1");
    const answer = await ask(server.port, { resolve, timeoutMs: 300 }, false);
    expect(answer.ok ? "" : answer.error.code).toMatch(/^(?:timeout|network)$/);
    expect(asked).toEqual(["partner.test"]);
    expect(server.heard).toEqual([]);
  });

  it("that leads to public and private addresses is connected to the public ones", async () => {
    const server = await serve();
    const { resolve } = resolver(["127.0.0.1", "8.8.4.4", "::1"]);
    const answer = await ask(server.port, { resolve, timeoutMs: 300 }, false);
    expect(answer.ok ? "" : answer.error.code).toMatch(/^(?:timeout|network)$/);
    expect(server.heard).toEqual([]);
  });
});

describe("a certificate", () => {
  it("of the host, by a root that is trusted, is believed", async () => {
    const server = await serve();
    expect(await ask(server.port)).toMatchObject({ ok: true, value: { status: 200 } });
  });

  it.each([
    [
      "has expired",
      () => webCertificate("partner.test", { notAfter: 1_600_000_000, notBefore: 0 }),
    ],
    ["is of another host", () => webCertificate("other.test")],
    ["is of a host below", () => webCertificate("a.partner.test")],
  ])("that %s is told nothing, whatever the environment says", async (_, shown) => {
    vi.stubEnv("NODE_TLS_REJECT_UNAUTHORIZED", "0");
    const server = await serve(shown());
    expect(await ask(server.port)).toMatchObject({ ok: false, error: { code: "tls" } });
    expect(server.heard.join("")).toBe("");
  });

  it("of an unknown root is told nothing", async () => {
    const server = await serve();
    const other = encodePem("CERTIFICATE", (await testCa("other")).der);
    expect(await ask(server.port, { ca: other })).toMatchObject({ error: { code: "tls" } });
    expect(server.heard.join("")).toBe("");
  });

  it("shown by TLS 1.1 is told nothing", async () => {
    const old = { minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" };
    const server = await serve(undefined, old);
    expect(await ask(server.port)).toMatchObject({ error: { code: "tls" } });
  });
});

it("goes straight to the peer, whatever proxy the environment names", async () => {
  for (const name of ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "NODE_USE_ENV_PROXY"])
    vi.stubEnv(name, "http://127.0.0.1:1");
  const server = await serve();
  expect(await ask(server.port)).toMatchObject({ ok: true });
});
