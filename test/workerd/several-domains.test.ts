import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { portableOpeners } from "../../src/attestors/openers.ts";
import type { StoredDocument } from "../../src/issuer/stored-config.ts";
import { severalDomains, worker, type WorkerEnv } from "../../src/runtimes/workers.ts";
import { twoDomains, type TestDomain } from "../unit/handlers/domains.ts";
import { compiled } from "../unit/issuer/stored-world.ts";

let domains: readonly [TestDomain, TestDomain];
let stored: readonly [StoredDocument, StoredDocument];
let secrets: Record<string, string>;

beforeAll(async () => {
  domains = await twoDomains();
  const [one, two] = domains.map(({ origin }) => origin);
  if (one === undefined || two === undefined) throw new Error("fixture");
  const keys: unknown = JSON.parse(
    JSON.stringify(two.document.keys).replaceAll("env:", "env:TWO_"),
  );
  secrets = {
    ...one.secrets,
    ...Object.fromEntries(
      Object.entries(two.secrets).map(([name, value]) => [`TWO_${name}`, value]),
    ),
  };
  const named = { ...two, secrets };
  stored = [await compiled(one, { deny: [] }), await compiled(named, { deny: [], keys })];
});
afterEach(() => {
  vi.restoreAllMocks();
});

const several = () => worker(portableOpeners, { domains: severalDomains });
const statuses = (env: WorkerEnv, entry = several()): Promise<number[]> =>
  Promise.all(
    [...domains.map(({ url }) => url), "https://evil.example"].map(
      async (url) => (await entry.fetch(new Request(`${url}/bundle`), env)).status,
    ),
  );

describe("a Worker of several trust domains", () => {
  it.each<[string, () => WorkerEnv]>([
    ["a list", () => ({ SVIDMINT_CONFIG: stored })],
    ["text of a list", () => ({ SVIDMINT_CONFIG: JSON.stringify(stored) })],
    [
      "names of bindings",
      () => ({
        SVIDMINT_CONFIG: '["env:ONE","env:TWO"]',
        ONE: stored[0],
        TWO: JSON.stringify(stored[1]),
      }),
    ],
  ])("is configured by %s, and serves each at its host", async (_, config) => {
    const entry = several();
    const env = { ...secrets, ...config() };
    expect(await statuses(env, entry)).toEqual([200, 200, 404]);
    for (const { url, issuer } of domains) {
      const answer = await entry.fetch(new Request(`${url}/.well-known/jwks.json`), env); // oxlint-disable-line no-await-in-loop
      expect(await answer.text()).toBe((await issuer.documents()).jwks.body); // oxlint-disable-line no-await-in-loop
    }
    expect((await entry.fetch(new Request("https://evil.example/readyz"), env)).status).toBe(200);
  });

  it.each<[string, () => unknown, string]>([
    ["the same twice", () => [stored[0], stored[0]], "is that of prod.example, too"],
    ["none", () => [], "did not start"],
    ["a name of nothing", () => ["env:THREE"], "--for workers"],
    ["itself", () => ["env:SVIDMINT_CONFIG"], "--for workers"],
  ])("serves nothing of %s, and says why in its log", async (_, config, reason) => {
    const error = vi.spyOn(console, "error").mockImplementation(() => undefined);
    expect(await statuses({ ...secrets, SVIDMINT_CONFIG: config() })).toEqual([503, 503, 503]);
    expect(error).toHaveBeenCalledWith(expect.stringContaining(reason));
  });

  it("has what serves several named by its entry", async () => {
    const error = vi.spyOn(console, "error").mockImplementation(() => undefined);
    const env = { ...secrets, SVIDMINT_CONFIG: stored };
    expect(await statuses(env, worker(portableOpeners))).toEqual([503, 503, 503]);
    expect(error).toHaveBeenCalledWith(expect.stringContaining("--for workers"));
  });
});

it("one whose keys are another's is refused", async () => {
  const error = vi.spyOn(console, "error").mockImplementation(() => undefined);
  const [one, two] = domains;
  const thief = await compiled(two.origin, {
    deny: [],
    keys: { jwt: one.origin.document.keys["jwt"] },
    rules: [],
  });
  expect(await statuses({ ...secrets, SVIDMINT_CONFIG: [stored[0], thief] })).toEqual([
    503, 503, 503,
  ]);
  expect(error).toHaveBeenCalledWith(
    expect.stringContaining(
      "jwt is a key of prod.example, too: no key signs for two trust domains",
    ),
  );
});
