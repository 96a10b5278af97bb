import { beforeAll, describe, expect, it, vi } from "vitest";
import * as bytes from "../../../src/encoding/bytes.ts";
import { createApp } from "../../../src/handlers/app.ts";
import { createIssuer, type Issuer } from "../../../src/issuer/issuer.ts";
import { createMetrics } from "../../../src/issuer/metrics.ts";
import { webCryptoPlatform } from "../../../src/platform/webcrypto.ts";
import type { Platform } from "../../../src/platform/platform.ts";
import { createWorld, cronToken, AUDIENCE, ISSUER, type World } from "../issuer/world.ts";
import { problemOf, signatures } from "./support.ts";

const TOKEN = "correct-horse-battery-staple";
let world: World;
let calls: string[];
let issuer: Issuer;

/** Each call into cryptography, by name. */
function watched(inner: Platform): Platform {
  const watch = <A extends unknown[], R>(name: string, call: (...args: A) => R) => {
    return (...args: A): R => {
      calls.push(name);
      return call(...args);
    };
  };
  return webCryptoPlatform({
    ...inner,
    digest: watch("digest", inner.digest),
    verify: watch("verify", inner.verify),
    sign: watch("sign", inner.sign),
    importPublicKey: watch("import", inner.importPublicKey),
  });
}

beforeAll(async () => {
  world = await createWorld();
  calls = [];
  const snapshot = { ...world.snapshot, platform: watched(world.platform) };
  issuer = createIssuer(() => snapshot, { audit: { write: () => {} } });
});

type App = ReturnType<typeof createApp>;
const get = async (
  app: App,
  path: string,
  headers: Record<string, string> = {},
): Promise<Response> => app.fetch(new Request(ISSUER + path, { headers }));

describe("/metrics", () => {
  const wrong: Record<string, string>[] = [
    {},
    { authorization: "" },
    { authorization: "Bearer" },
    { authorization: "Bearer " },
    { authorization: `Bearer ${TOKEN}x` },
    { authorization: `Bearer ${TOKEN.slice(0, -1)}` },
    { authorization: `Bearer ${TOKEN.toUpperCase()}` },
    { authorization: `Bearer  ${TOKEN}` },
    { authorization: `bearer ${TOKEN}` },
    { authorization: `Basic ${btoa(`x:${TOKEN}`)}` },
    { authorization: TOKEN },
    { authorization: `Bearer ${TOKEN}, Bearer ${TOKEN}` },
    { "x-metrics-token": TOKEN },
    { cookie: `token=${TOKEN}` },
  ];

  it("is not there unless the operator says who may read it", async () => {
    const app = createApp(issuer, { openapi: "{}" });
    for (const headers of [{}, { authorization: `Bearer ${TOKEN}` }])
      expect((await get(app, "/metrics", headers)).status).toBe(404); // oxlint-disable-line no-await-in-loop
  });

  it.each(wrong)("looks to a stranger like any path that is not there: %j", async (headers) => {
    const app = createApp(issuer, { openapi: "{}", metrics: { token: TOKEN } });
    const shape = async (path: string, method: string): Promise<unknown> => {
      const answer = await app.fetch(new Request(ISSUER + path, { method, headers }));
      const { request_id: _, ...problem } = await problemOf(answer);
      return { problem, headers: [...answer.headers] };
    };
    for (const method of ["GET", "POST", "OPTIONS", "DELETE"])
      expect(await shape("/metrics", method)).toEqual(await shape("/metricz", method)); // oxlint-disable-line no-await-in-loop
    expect((await get(app, `/metrics?token=${TOKEN}`, headers)).status).toBe(404);
  });

  it("is given to the token, uncached", async () => {
    const app = createApp(issuer, { openapi: "{}", metrics: { token: TOKEN } });
    const answer = await get(app, "/metrics", { authorization: `Bearer ${TOKEN}` });
    expect(answer.status).toBe(200);
    expect(answer.headers.get("cache-control")).toBe("no-store");
    expect(answer.headers.get("access-control-allow-origin")).toBeNull();
  });

  it("compares the token through to its end", () => {
    // Not by a clock, which tells nothing on a shared machine: the comparison reads every byte of equal lengths.
    const secret = bytes.utf8Encode(`Bearer ${TOKEN}`);
    const read: number[] = [];
    const spy = new Proxy(secret, {
      get: (target, name) => {
        if (typeof name === "string" && /^\d+$/.test(name)) read.push(Number(name));
        const value: unknown = Reflect.get(target, name, target);
        return value;
      },
    });
    const guess = secret.slice();
    guess[0] = 0;
    expect(bytes.equalBytes(spy, guess)).toBe(false);
    expect(read.length).toBeGreaterThanOrEqual(secret.length);
  });
});

it("documents are made once for as long as nothing published changes", async () => {
  const [one, two] = await Promise.all([issuer.documents(), issuer.documents()]);
  expect(two).toEqual(one);
  expect(await issuer.documents()).toBe(await issuer.documents());
});

describe("health", () => {
  it("asks no key for anything, however often it is asked itself (HM-2)", async () => {
    const app = createApp(issuer, { openapi: "{}" });
    const before = signatures(world);
    calls.length = 0;
    for (let round = 0; round < 500; round++) {
      // oxlint-disable-next-line no-await-in-loop
      const answers = await Promise.all([get(app, "/healthz"), get(app, "/readyz")]);
      expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    }
    expect(calls).toEqual([]);
    expect(world.network.calls).toEqual([]);
    expect(signatures(world)).toBe(before);
  });

  it("says nothing of who we are", async () => {
    const app = createApp(issuer, { openapi: "{}" });
    expect(await (await get(app, "/healthz")).text()).toBe("ok\n");
    expect(await (await get(app, "/readyz")).text()).toBe("ready\n");
  });

  it.each(["x509", "jwt"] as const)("without a %s key is not ready, yet alive", async (use) => {
    const snapshot = { ...world.snapshot, keys: { ...world.keys, [use]: () => undefined } };
    const app = createApp(
      createIssuer(() => snapshot, { audit: { write: () => {} } }),
      { openapi: "{}" },
    );
    const answer = await get(app, "/readyz");
    expect([answer.status, await answer.text()]).toEqual([503, "not ready\n"]);
    expect((await get(app, "/healthz")).status).toBe(200);
    expect((await get(app, "/bundle")).status).toBe(200);
  });
});

describe("a fault of ours", () => {
  const secret = "s3cr3t-in-the-message";
  it("before the first signature is 503, one line of the log, and a refusal under the same id", async () => {
    const log: string[] = [];
    const lines: string[] = [];
    const attestors = new Map(world.snapshot.attestors);
    const oidc = attestors.get("oidc");
    if (oidc === undefined) throw new Error("fixture");
    attestors.set("oidc", { ...oidc, verify: () => Promise.reject(new TypeError(secret)) });
    const broken = createIssuer(() => ({ ...world.snapshot, attestors }), {
      metrics: createMetrics(),
      audit: { write: (line) => void lines.push(line) },
      log: (line) => void log.push(line),
    });
    const app = createApp(broken, { openapi: "{}" });
    const body = JSON.stringify({
      evidence: [await cronToken(world)],
      jwt: { audience: [AUDIENCE] },
    });
    const answer = await app.fetch(
      new Request(`${ISSUER}/v1/svids`, {
        method: "POST",
        body,
        headers: { "content-type": "application/json" },
      }),
    );
    expect(answer.headers.get("retry-after")).toBe("5");
    const problem = await problemOf(answer);
    expect(problem).toMatchObject({ status: 503, code: "unavailable" });
    expect(lines.map((line): unknown => JSON.parse(line))).toMatchObject([
      { event: "refused", reason: "internal_fault", request_id: problem.request_id },
    ]);
    expect(JSON.parse(log[0] ?? "")).toMatchObject({
      event: "fault",
      request_id: problem.request_id,
    });
    expect(log).toHaveLength(1);
    expect(`${log.join()}${lines.join()}${JSON.stringify(problem)}`).not.toContain(secret);
    expect(broken.metrics.render()).toContain("svidmint_faults_total 1");
  });

  it("in a document is 503 and tells nothing", async () => {
    const log = vi.fn<(line: string) => void>();
    const snapshot = { ...world.snapshot, documents: () => Promise.reject(new Error(secret)) };
    const app = createApp(
      createIssuer(() => snapshot, { audit: { write: () => {} }, log }),
      { openapi: "{}" },
    );
    const answer = await get(app, "/bundle");
    const problem = await problemOf(answer);
    expect(problem).toMatchObject({ status: 503, code: "unavailable" });
    expect(answer.headers.get("cache-control")).toBe("no-store");
    expect(answer.headers.get("access-control-allow-origin")).toBeNull();
    expect(log).toHaveBeenCalledTimes(1);
    expect(JSON.stringify(log.mock.calls) + JSON.stringify(problem)).not.toContain(secret);
  });
});
