import { env } from "cloudflare:workers";
import { afterEach, beforeAll, expect, it, vi } from "vitest";
import worker from "../../src/runtimes/workers-claims.ts";
import { httpClaims } from "../../src/stores/admin-http.ts";
import { freshKey, NOW } from "../conformance/store-subject.ts";
import { firstObject } from "./first-object.ts";

beforeAll(firstObject, 60_000);

const TOKEN = "0123456789abcdef0123456789abcdef";
const OWNER = "A".repeat(43);
const claims = (token: string, secret: unknown = TOKEN) =>
  httpClaims(
    {
      fetch: (url, init) =>
        worker.fetch(new Request(url, init), { ...env, SVIDMINT_CLAIMS_TOKEN: secret }),
    },
    "https://claims.example.org",
    token,
  );

afterEach(() => {
  vi.restoreAllMocks();
});

it("lets operators at the claims that the issuer's objects hold", async () => {
  const log = vi.spyOn(console, "log").mockImplementation(() => undefined);
  const key = freshKey();
  await claims(TOKEN).assign(key, OWNER, NOW, 100);
  const object = env.CLAIMS.get(env.CLAIMS.idFromName(`claim.${key}`));
  expect(await object.show()).toMatchObject({ owners: [{ owner: OWNER }] });
  expect(await claims(TOKEN).release(key)).toBe(true);
  expect(log).toHaveBeenCalledTimes(2);
});

it.each([undefined, "", "short", 32])("lets nobody in where its secret is %j", async (secret) => {
  vi.spyOn(console, "error").mockImplementation(() => undefined);
  await expect(claims(String(secret), secret).show(freshKey())).rejects.toMatchObject({
    code: "refused",
  });
});
