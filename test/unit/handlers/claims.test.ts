import { beforeEach, describe, expect, it } from "vitest";
import { claimsResponse } from "../../../src/handlers/claims.ts";
import { httpClaims } from "../../../src/stores/admin-http.ts";
import { memoryStore } from "../../../src/stores/memory.ts";
import type { ClaimStore } from "../../../src/stores/claim-store.ts";

const KEY = "3f79bb7b435b05321651daefd374cdc681dc06faa65e374e38337b88ca046dea";
const OWNER = "A".repeat(43);
const TOKEN = "0123456789abcdef0123456789abcdef";
const SITE = "https://claims.example.org";
const NOW = 1_800_000_000;

let store: ClaimStore = memoryStore();
let logged: string[] = [];
beforeEach(() => {
  store = memoryStore();
  logged = [];
});

const serve = (request: Request, token = TOKEN): Promise<Response> =>
  claimsResponse(request, store, token, (line) => logged.push(line));
const over = (token: string) =>
  httpClaims({ fetch: (url, init) => serve(new Request(url, init)) }, SITE, token);

function asked(
  body: string,
  parts: { path?: string; method?: string; token?: string } = {},
): Request {
  const { path = "/claims", method = "POST", token = `Bearer ${TOKEN}` } = parts;
  const init = { method, headers: { authorization: token }, ...(method === "POST" && { body }) };
  return new Request(SITE + path, init);
}

describe("an operator's questions over HTTP", () => {
  it("are answered as the store does, and logged", async () => {
    const claims = over(TOKEN);
    expect(claims.list).toBeUndefined();
    expect(await claims.show(KEY)).toBeUndefined();
    await claims.assign(KEY, OWNER, NOW, 100);
    expect(await claims.show(KEY)).toEqual(await store.show(KEY));
    expect(await claims.release(KEY, { owner: "B".repeat(43) })).toBe(false);
    await claims.ban(KEY, NOW);
    expect(await claims.show(KEY)).toMatchObject({ banned: true, expiresAt: Infinity });
    expect(await claims.release(KEY)).toBe(true);
    expect(logged).toHaveLength(7);
    expect(JSON.parse(logged[1] ?? "")).toMatchObject({ event: "claims", op: "assign", key: KEY });
    expect(logged.join()).not.toContain(TOKEN);
  });

  it.each<[string, Request]>([
    ["no token", asked("{}", { token: "" })],
    ["another token", asked("{}", { token: `Bearer ${TOKEN.slice(0, -1)}x` })],
    ["half the token", asked("{}", { token: `Bearer ${TOKEN.slice(0, 16)}` })],
    ["the token alone", asked("{}", { token: TOKEN })],
    ["another path", asked("{}", { path: "/" })],
    ["another method", asked("", { method: "GET" })],
  ])("are not found with %s", async (_, request) => {
    const answer = await serve(request);
    expect([answer.status, await answer.text()]).toEqual([404, "not found\n"]);
    expect(logged).toEqual([]);
  });

  it.each([
    ["", 400],
    ["[]", 400],
    ['{"id":1,"op":"claim"}', 400],
    [`{"id":1,"op":"show","key":"${KEY.toUpperCase()}"}`, 400],
    [`{"id":1,"op":"release","key":"${KEY}","unusedBy":"r"}`, 400],
    [`{"id":1,"op":"show","key":"${KEY}"${" ".repeat(5000)}}`, 400],
  ])("are questions, which %s is not", async (body, status) => {
    expect((await serve(asked(body))).status).toBe(status);
  });

  it("come back as what the store said where it failed", async () => {
    store = { ...store, show: () => Promise.reject(new Error("secret internals")) };
    await expect(over(TOKEN).show(KEY)).rejects.toMatchObject({
      code: "unavailable",
      message: "the store failed",
    });
    await expect(over("another").show(KEY)).rejects.toMatchObject({
      code: "refused",
      message: "https://claims.example.org refuses: status 404",
    });
    const liar = httpClaims({ fetch: async () => new Response("<html>") }, SITE, TOKEN);
    await expect(liar.show(KEY)).rejects.toMatchObject({ code: "refused" });
  });
});
