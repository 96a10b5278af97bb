import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freePort } from "../../scripts/free-port.ts";
import { runChecked, startServer, type Server } from "../../scripts/interop/processes.ts";
import { projectRoot } from "../../scripts/interop/programs.ts";
import { webCryptoPlatform } from "../../src/platform/webcrypto.ts";
import type { ClaimStore } from "../../src/stores/claim-store.ts";
import { openOptimistic } from "../../src/stores/optimistic.ts";
import { redisRecords, type RedisOptions } from "../../src/stores/node/redis.ts";
import { storeConformance } from "../conformance/store.ts";
import { freshKey, NOW } from "../conformance/store-subject.ts";
import { counterparts } from "./support/counterparts.ts";

const needs = counterparts("redis-server");
/** Replicas join at once. */
const SOON = ["--repl-diskless-sync-delay", "0"];
const DURABLE = ["--appendonly", "yes", "--appendfsync", "always"];

interface Redis extends Server {
  readonly port: number;
}

async function start(folder: string, ...settings: string[]): Promise<Redis> {
  const port = await freePort();
  const server = await launch(folder, port, settings);
  return { ...server, port };
}

function launch(folder: string, port: number, settings: readonly string[]): Promise<Server> {
  const own = [
    "--port",
    String(port),
    "--bind",
    "127.0.0.1",
    "--dir",
    folder,
    "--save",
    "",
    ...SOON,
  ];
  return startServer(needs.path("redis-server"), [...own, ...settings], {
    deadlineMs: 120_000,
    // It refuses those without a password, but it answers.
    ready: async () => (await command(port, "PING")) !== "",
  });
}

async function command(port: number, ...words: string[]): Promise<string> {
  const printed = await runChecked("redis-cli", ["-p", String(port), ...words], {
    deadlineMs: 60_000,
  });
  return printed.trim();
}

const newFolder = (): string => mkdtempSync(join(tmpdir(), "svidmint-redis-"));
const opened: ClaimStore[] = [];
const doubts: string[] = [];

async function open(
  url: string,
  options: Partial<RedisOptions> = {},
  deadlineMs = 20_000,
): Promise<ClaimStore> {
  const records = redisRecords({ url, doubt: (message) => doubts.push(message), ...options });
  const store = await openOptimistic(records, {
    platform: webCryptoPlatform(),
    trustDomain: "prod.example",
    deadlineMs,
    report: ({ message }) => doubts.push(message),
  });
  opened.push(store);
  return store;
}

function ask(store: ClaimStore, key: string, owner: string): Promise<string> {
  const request = {
    key,
    owner,
    generation: 0,
    now: NOW,
    ttlSeconds: 100,
    maxOwners: 1,
    create: true,
  };
  return store.claim({ ...request, requestId: owner }).then(({ outcome }) => outcome);
}

describe.skipIf(needs.absent)(`redis-server${needs.note}`, () => {
  const stack = new AsyncDisposableStack();
  const folder = newFolder();
  let server: Redis;
  let url: string;
  beforeAll(async () => {
    server = stack.use(await start(folder, ...DURABLE));
    url = `redis://127.0.0.1:${server.port}`;
  });
  afterAll(async () => {
    await Promise.all(opened.map(async (store) => store.close?.()));
    await stack.disposeAsync();
  });

  storeConformance("redis", () => open(url, {}, 20_000), { runs: 30 });

  it("forgets by itself only what ended a day ago, and never a ban", async () => {
    const store = await open(url);
    const key = freshKey();
    await ask(store, key, "a");
    expect(await command(server.port, "EXPIRETIME", `svidmint:claim.${key}`)).toBe(
      String(NOW + 100 + 86_400),
    );
    await store.ban(key, NOW);
    expect(await command(server.port, "EXPIRETIME", `svidmint:claim.${key}`)).toBe("-1");
    expect(doubts).toEqual([]);
  });

  it("keeps the claims of two prefixes apart", async () => {
    const key = freshKey();
    expect(await ask(await open(url, { prefix: "one:" }), key, "a")).toBe("created");
    expect(await ask(await open(url, { prefix: "two:" }), key, "b")).toBe("created");
  });

  it("believes no record that it did not write", async () => {
    const store = await open(url);
    const key = freshKey();
    await command(server.port, "SET", `svidmint:claim.${key}`, "{}");
    await expect(ask(store, key, "a")).rejects.toMatchObject({ code: "corrupt" });
    const list = freshKey();
    await command(server.port, "RPUSH", `svidmint:claim.${list}`, "x");
    await expect(ask(store, list, "a")).rejects.toMatchObject({ code: "refused" });
  });

  it("waits for no server that hangs, and goes on with it afterwards", async () => {
    const store = await open(url, {}, 500);
    process.kill(server.pid, "SIGSTOP");
    const asked = ask(store, freshKey(), "a").finally(() => process.kill(server.pid, "SIGCONT"));
    await expect(asked).rejects.toMatchObject({ code: "unavailable" });
    await expect.poll(() => ask(store, freshKey(), "a")).toBe("created");
  });

  it("loses no claim that was answered, however the server ends", async () => {
    const dir = newFolder();
    const port = await freePort();
    const address = `redis://127.0.0.1:${port}`;
    const first = await launch(dir, port, DURABLE);
    const store = await open(address);
    const keys = Array.from({ length: 200 }, freshKey);
    await Promise.all(keys.map((key) => ask(store, key, "a")));
    process.kill(first.pid, "SIGKILL");
    await first.stop();
    await expect(ask(store, freshKey(), "a")).rejects.toMatchObject({ code: "unavailable" });
    stack.use(await launch(dir, port, DURABLE));
    await expect.poll(() => ask(store, keys[0] ?? "", "b").catch(() => "down")).toBe("taken");
    const outcomes = await Promise.all(keys.map((key) => ask(store, key, "b")));
    expect(new Set(outcomes)).toEqual(new Set(["taken"]));
  });

  it("decides nothing where a replica could take over, or has", async () => {
    const replica = stack.use(
      await start(newFolder(), "--replicaof", "127.0.0.1", String(server.port)),
    );
    const replicaUrl = `redis://127.0.0.1:${replica.port}`;
    await expect.poll(() => command(server.port, "INFO", "replication")).toContain("state=online");
    await expect(open(url)).rejects.toMatchObject({
      code: "refused",
      message: expect.stringMatching(/has replicas/),
    });
    await expect(open(replicaUrl)).rejects.toMatchObject({
      message: expect.stringMatching(/is a replica/),
    });
    await command(replica.port, "REPLICAOF", "NO", "ONE");
    await expect(open(replicaUrl)).rejects.toMatchObject({
      message: expect.stringMatching(/took over/),
    });
    await expect
      .poll(() =>
        open(url).then(
          () => "opened",
          () => "refused",
        ),
      )
      .toBe("opened");
  });

  it("looks again at each connection, which may lead to another server", async () => {
    const port = await freePort();
    const first = await launch(newFolder(), port, DURABLE);
    const store = await open(`redis://127.0.0.1:${port}`);
    expect(await ask(store, freshKey(), "a")).toBe("created");
    await first.stop();
    stack.use(
      await launch(newFolder(), port, ["--replicaof", "127.0.0.1", String(await freePort())]),
    );
    await expect
      .poll(() => ask(store, freshKey(), "a").catch((error: Error) => error.message))
      .toMatch(/is a replica/);
  });

  it("needs no more of an ACL than INFO, GET, EVAL and what the script does", async () => {
    const rules = [
      "on",
      ">hunter2",
      "~svidmint:*",
      "+info",
      "+ping",
      "+get",
      "+eval",
      "+set",
      "+del",
    ];
    await command(server.port, "ACL", "SETUSER", "svidmint", ...rules);
    const store = await open(url, { username: "svidmint", password: "hunter2" });
    expect(await ask(store, freshKey(), "a")).toBe("created");
    await command(server.port, "ACL", "SETUSER", "svidmint", "-info");
    await expect(open(url, { username: "svidmint", password: "hunter2" })).rejects.toMatchObject({
      code: "refused",
      message: "Redis refuses: NOPERM",
    });
    doubts.length = 0;
    const wrong = await open(url, { username: "svidmint", password: "other" });
    expect(doubts.join()).toMatch(/WRONGPASS/);
    await expect(ask(wrong, freshKey(), "a")).rejects.toMatchObject({ code: "unavailable" });
    expect(doubts.join()).not.toContain("hunter2");
  });

  it("is opened by the command line, and by what lies beside the server's bundle", async () => {
    await command(server.port, "ACL", "SETUSER", "operator", "on", ">hunter2", "~*", "+@all");
    const cwd = newFolder();
    const section = `{ store: redis, url: "${url}", username: operator, password: env:STORE_PASSWORD }`;
    const rest = "trust_domain: example.org\nissuer: https://id.example.org\nrules: []\n";
    writeFileSync(join(cwd, "svidmint.yaml"), `${rest}claims: ${section}\n`);
    const [key, owner] = [freshKey(), "A".repeat(43)];
    const claims = (...args: string[]) =>
      runChecked(process.execPath, [join(projectRoot, "bin/svidmint.js"), "claims", ...args], {
        cwd,
        env: { STORE_PASSWORD: "hunter2" },
        deadlineMs: 60_000,
      });
    expect(await claims("assign", key, owner)).toContain("owns it now");
    const { openRedis } = (await import(
      pathToFileURL(join(projectRoot, "dist/bundle/redis.mjs")).href
    )) as typeof import("../../src/stores/node/redis.ts"); // oxlint-disable-line typescript/consistent-type-imports -- what the bundle is made of
    const store = await openRedis(
      { store: "redis", url, username: "operator", password: "env:STORE_PASSWORD" },
      {
        platform: webCryptoPlatform(),
        trustDomain: "example.org",
        read: async () => Buffer.from("hunter2"),
        env: () => undefined,
        report: ({ message }) => doubts.push(message),
      },
    );
    opened.push(store);
    expect(await ask(store, key, "b")).toBe("taken");
    expect(await claims("show", key)).toContain(owner);
  });

  it("warns of a server that writes nothing down, and refuses one that forgets", async () => {
    const loose = stack.use(await start(newFolder()));
    doubts.length = 0;
    await open(`redis://127.0.0.1:${loose.port}`);
    expect(doubts.join()).toMatch(/append-only/);
    await command(loose.port, "CONFIG", "SET", "maxmemory", "10mb");
    await command(loose.port, "CONFIG", "SET", "maxmemory-policy", "allkeys-lru");
    await expect(open(`redis://127.0.0.1:${loose.port}`)).rejects.toMatchObject({
      message: expect.stringMatching(/maxmemory-policy/),
    });
  });

  it("is spoken to over TLS, and only where its certificate is believed", async () => {
    const dir = newFolder();
    const [cert, key] = [join(dir, "cert.pem"), join(dir, "key.pem")];
    const names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
    const kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
    await runChecked("openssl", ["req", "-x509", ...kind, ...names, "-keyout", key, "-out", cert], {
      deadlineMs: 60_000,
    });
    const port = await freePort();
    const files = ["--tls-cert-file", cert, "--tls-key-file", key, "--tls-ca-cert-file", cert];
    const tls = ["--tls-port", String(port), ...files, "--tls-auth-clients", "no"];
    stack.use(await start(dir, ...DURABLE, ...tls));
    const address = `rediss://localhost:${port}`;
    const store = await open(address, { ca: readFileSync(cert, "utf8") });
    expect(await ask(store, freshKey(), "a")).toBe("created");
    doubts.length = 0;
    const stranger = await open(address, {}, 2000);
    expect(doubts.join()).toMatch(/DEPTH_ZERO_SELF_SIGNED_CERT/);
    await expect(ask(stranger, freshKey(), "a")).rejects.toMatchObject({ code: "unavailable" });
  });
});
