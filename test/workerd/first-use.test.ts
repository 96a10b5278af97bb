import { env } from "cloudflare:workers";
import { beforeAll, expect, it, vi } from "vitest";
import { ENDPOINT, ISSUER } from "../unit/issuer/names.ts";
import { compiled, source } from "../unit/issuer/stored-world.ts";
import { codeOf, workload } from "../unit/issuer/world.ts";
import { firstObject } from "./first-object.ts";

beforeAll(firstObject, 60_000);

const now = (): number => Math.floor(Date.now() / 1000);

it("gives a token to the first of many keys, by the Durable Objects of the Worker's binding", async () => {
  const log = vi.spyOn(console, "log").mockImplementation(() => undefined);
  vi.resetModules(); // a new isolate, which has served nothing yet
  const { default: entry } = await import("../../src/runtimes/workers.ts");
  const origin = await source(now);
  const stored = await compiled(origin, {
    claims: { store: "durable_object" },
    rules: [
      {
        name: "ci",
        evidence: { "oidc.ci": { job: "deploy" } },
        binding: { "oidc.ci": "audience" },
        replay: { "oidc.ci": "once" },
        spiffe_id: "/ci/deploy",
        x509: {},
      },
    ],
  });
  const token = await origin.ci.sign({
    iss: "https://ci.example",
    sub: "build",
    aud: ISSUER,
    iat: now() - 10,
    exp: now() + 600,
    job: "deploy",
  });
  const ask = async (): Promise<string> => {
    const { csr } = await workload({ platform: origin.platform, now: now() });
    const body = JSON.stringify({ evidence: [{ type: "oidc", token }], x509: { csr } });
    const headers = { "content-type": "application/json" };
    const request = new Request(ENDPOINT, { method: "POST", headers, body });
    const bindings = { ...origin.secrets, CLAIMS: env.CLAIMS, SVIDMINT_CONFIG: stored };
    const answer = await entry.fetch(request, bindings);
    return answer.status === 200 ? "issued" : codeOf(answer);
  };
  const outcomes = await Promise.all(Array.from({ length: 8 }, ask));
  expect(outcomes.toSorted()).toEqual([...Array(7).fill("evidence_claimed"), "issued"]);
  expect(await ask()).toBe("evidence_claimed");
  const alarms = log.mock.calls.filter(([line]) => String(line).includes("claim_taken"));
  expect(alarms.length).toBeGreaterThan(7);
  log.mockRestore();
});
