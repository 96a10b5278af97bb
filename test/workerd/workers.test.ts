import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import type { StoredDocument } from "../../src/issuer/stored-config.ts";
import { compiled, source, type Source } from "../unit/issuer/stored-world.ts";
import { AUDIENCE, ENDPOINT, ISSUER } from "../unit/issuer/names.ts";
import { codeOf, workload } from "../unit/issuer/world.ts";

const now = (): number => Math.floor(Date.now() / 1000);
let origin: Source;
let stored: StoredDocument;

beforeAll(async () => {
  origin = await source(now);
  stored = await compiled(origin);
});

/** A new isolate, which has served nothing yet. */
async function isolate(): Promise<(request: Request, env: object) => Promise<Response>> {
  vi.resetModules();
  const { default: worker } = await import("../../src/runtimes/workers.ts");
  return (request, env) => worker.fetch(request, { ...env });
}

function post(body: string, headers: Record<string, string> = {}): Request {
  const init = {
    method: "POST",
    body,
    headers: { "content-type": "application/json", ...headers },
  };
  return new Request(ENDPOINT, init);
}

describe("the Workers entry", () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it.each([
    ["JSON", (document: StoredDocument): unknown => document],
    ["text", (document: StoredDocument): unknown => JSON.stringify(document)],
  ])("serves a compiled configuration that is %s, from evidence to SVIDs", async (_, form) => {
    const log = vi.spyOn(console, "log").mockImplementation(() => undefined);
    const serve = await isolate();
    const env = { ...origin.secrets, SVIDMINT_CONFIG: form(stored) };
    const bundle = await serve(new Request(`${ISSUER}/bundle`), env);
    expect(bundle.status).toBe(200);
    const { keys } = await bundle.json<{ keys: { use: string }[] }>();
    expect(keys.map(({ use }) => use)).toEqual(["x509-svid", "jwt-svid"]);
    const alice = await workload({ platform: origin.platform, now: now() });
    const token = await origin.ci.sign({
      iss: "https://ci.example",
      sub: "build",
      aud: alice.bound,
      iat: now() - 10,
      exp: now() + 600,
      job: "deploy",
    });
    const evidence = [{ type: "oidc", token }];
    const body = { evidence, x509: { csr: alice.csr }, jwt: { audience: [AUDIENCE] } };
    const text = JSON.stringify(body);
    const answer = await serve(post(text, { dpop: await alice.dpop(text) }), env);
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({
      spiffe_id: "spiffe://prod.example/ci/deploy",
      x509: { certificate_chain: expect.stringContaining("BEGIN CERTIFICATE") },
      jwt: { token: expect.stringMatching(/^ey/) },
    });
    const events = log.mock.calls.map(([line]) => JSON.parse(String(line)).event);
    expect(events).toEqual(["intent", "outcome"]);
    // The same evidence, by somebody else.
    const mallory = await workload({ platform: origin.platform, now: now() });
    const stolen = JSON.stringify({ evidence, x509: { csr: mallory.csr } });
    expect(await codeOf(await serve(post(stolen), env))).toBe("evidence_rejected");
  });

  it.each([
    ["no configuration", () => ({ SVIDMINT_CONFIG: undefined }), "--for workers"],
    ["one that is not compiled", () => ({ SVIDMINT_CONFIG: origin.document }), "--for workers"],
    ["no JSON", () => ({ SVIDMINT_CONFIG: "{" }), "did not start"],
    [
      "one of another format",
      () => ({ SVIDMINT_CONFIG: { ...stored, svidmint_compiled: 0 } }),
      "another version",
    ],
    [
      "one that was edited",
      () => ({ SVIDMINT_CONFIG: JSON.stringify(stored).replace("deploy", "deplox") }),
      "was changed",
    ],
    ["no private key", () => ({ ROOT_KEY: undefined }), "ROOT_KEY is not set"],
    [
      "another private key",
      () => ({ ROOT_KEY: origin.strangeKey }),
      "is not that of the private key",
    ],
  ])("serves nothing with %s, and says why in its log alone", async (_, parts, reason) => {
    const error = vi.spyOn(console, "error").mockImplementation(() => undefined);
    const serve = await isolate();
    const env = { ...origin.secrets, SVIDMINT_CONFIG: stored, ...parts() };
    for (const path of ["/bundle", "/v1/svids", "/readyz"]) {
      const answer = await serve(new Request(ISSUER + path), env); // oxlint-disable-line no-await-in-loop -- one after another
      expect(answer.status).toBe(503);
      expect(answer.headers.get("retry-after")).toMatch(/^\d+$/);
      expect(answer.headers.get("content-type")).toBe("application/problem+json");
      const told = await answer.text(); // oxlint-disable-line no-await-in-loop -- one after another
      expect(JSON.parse(told)).toMatchObject({ status: 503, code: "unavailable" });
      expect(told).toMatch(/"request_id":"[0-9a-f]{32}"/);
      expect(told).not.toContain(reason);
    }
    expect(error).toHaveBeenCalledWith(expect.stringContaining(reason));
    expect(JSON.stringify(error.mock.calls)).not.toContain("BEGIN");
  });

  it("starts once its secret is there", async () => {
    vi.spyOn(console, "error").mockImplementation(() => undefined);
    const serve = await isolate();
    const env = { SVIDMINT_CONFIG: stored };
    expect((await serve(new Request(`${ISSUER}/readyz`), env)).status).toBe(503);
    expect(
      (await serve(new Request(`${ISSUER}/readyz`), { ...env, ...origin.secrets })).status,
    ).toBe(200);
  });
});
