import { beforeAll, describe, expect, it } from "vitest";
import { decodeBase64, encodeBase64url } from "../../../src/encoding/base64.ts";
import { utf8Encode } from "../../../src/encoding/bytes.ts";
import { createApp } from "../../../src/handlers/app.ts";
import { createWorld, cronToken, AUDIENCE, ISSUER, type World } from "../issuer/world.ts";
import { DOCUMENTS as PATHS, problemOf } from "./support.ts";

type Json = { readonly [name: string]: unknown };
let world: World;

beforeAll(async () => {
  world = await createWorld();
});

async function get(path: string, headers: Record<string, string> = {}, host = ISSUER) {
  return world.fetch(new Request(host + path, { headers }));
}
const send = async (method: string, path: string): Promise<Response> =>
  world.fetch(new Request(ISSUER + path, { method }));
const json = async (path: string): Promise<Json> => (await (await get(path)).json()) as Json;

/** Every member name of every object in it. */
function names(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  const own = Array.isArray(value) ? [] : Object.keys(value);
  return [...own, ...Object.values(value).flatMap(names)];
}

describe("what they hold", () => {
  /** RFC 7518 §6: all that a private or symmetric key has beyond a public one. */
  const PRIVATE = ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "r", "t"];
  const MAY = {
    x509: ["kty", "use", "crv", "x", "y", "n", "e", "x5c"],
    jwt: ["kty", "use", "crv", "x", "y", "n", "e", "kid", "alg"],
  };

  it("is nothing private, in no document and no answer (BN-4)", async () => {
    const issued = await world.post({
      evidence: [await cronToken(world)],
      jwt: { audience: [AUDIENCE] },
    });
    const documents = [...(await Promise.all(PATHS.map(json))), (await issued.json()) as Json];
    for (const document of documents) {
      expect(names(document).filter((name) => PRIVATE.includes(name))).toEqual([]);
      expect(JSON.stringify(document)).not.toMatch(/PRIVATE KEY/);
    }
  });

  it("/bundle: keys of both uses with the members of their use alone (BN-3)", async () => {
    const bundle = await json("/bundle");
    expect(Object.keys(bundle).toSorted()).toEqual([
      "keys",
      "spiffe_refresh_hint",
      "spiffe_sequence",
    ]);
    const keys = bundle["keys"] as Json[];
    expect(keys.map(({ use }) => use)).toEqual(["x509-svid", "jwt-svid"]);
    const [x509 = {}, jwt = {}] = keys;
    expect(Object.keys(x509).filter((name) => !MAY.x509.includes(name))).toEqual([]);
    expect(Object.keys(jwt).filter((name) => !MAY.jwt.includes(name))).toEqual([]);
    const chain = x509["x5c"] as string[];
    expect(chain).toHaveLength(1);
    expect(decodeBase64(chain[0] ?? "")).toEqual({ ok: true, value: world.keys.root });
    expect(typeof jwt["kid"]).toBe("string");
  });

  it("jwks.json: the keys of JWT-SVIDs and no other (OD-2)", async () => {
    const { keys, ...rest } = await json("/.well-known/jwks.json");
    expect(rest).toEqual({});
    const bundled = ((await json("/bundle"))["keys"] as Json[]).filter(
      ({ use }) => use === "jwt-svid",
    );
    expect((keys as Json[]).map(({ kid }) => kid)).toEqual(bundled.map(({ kid }) => kid));
    for (const key of keys as Json[]) {
      expect(key["use"]).toBe("sig");
      expect(Object.keys(key).filter((name) => !MAY.jwt.includes(name))).toEqual([]);
    }
  });

  it("discovery: the configured issuer to the letter, keys on its host", async () => {
    const document = await json("/.well-known/openid-configuration");
    expect(document["issuer"]).toBe(ISSUER);
    expect(document["jwks_uri"]).toBe(`${ISSUER}/.well-known/jwks.json`);
    // RS256 though no key here is RSA: Discovery §3 has it in every list.
    expect(document["id_token_signing_alg_values_supported"]).toEqual(["ES256", "RS256"]);
    expect(document["response_types_supported"]).toEqual(["id_token"]);
    expect(document["subject_types_supported"]).toEqual(["public"]);
    const urls = JSON.stringify(document).match(/https?:[^"]*/g);
    expect(urls?.every((url) => url.startsWith(ISSUER))).toBe(true);
  });
});

describe("headers that lie about who asks and where", () => {
  const SPOOFS: readonly Record<string, string>[] = [
    { host: "evil.example" },
    { host: "" },
    { "x-forwarded-host": "evil.example" },
    { "x-forwarded-proto": "http" },
    { "x-forwarded-port": "8443" },
    { "x-forwarded-prefix": "/evil" },
    { "x-forwarded-server": "evil.example" },
    { "x-forwarded-for": "127.0.0.1" },
    { forwarded: "host=evil.example;proto=http;for=127.0.0.1" },
    { "x-original-url": "/evil" },
    { "x-rewrite-url": "/evil" },
    { "x-original-host": "evil.example" },
    { "x-host": "evil.example" },
    { "x-http-method-override": "POST" },
    { "cf-connecting-ip": "127.0.0.1" },
    { "true-client-ip": "127.0.0.1" },
    { origin: "https://evil.example" },
    { referer: "https://evil.example/" },
    { cookie: "issuer=evil" },
    { authorization: "Bearer evil" },
    { "accept-language": "de", accept: "text/html" },
    { range: "bytes=0-0" },
  ];

  it.each(PATHS)("change no byte of %s (BN-1, OD-1)", async (path) => {
    const honest = await get(path);
    const body = await honest.text();
    const headers = [...honest.headers];
    for (const spoof of SPOOFS) {
      const answer = await get(path, spoof); // oxlint-disable-line no-await-in-loop
      expect(answer.status).toBe(200);
      expect(await answer.text()).toBe(body); // oxlint-disable-line no-await-in-loop
      expect([...answer.headers]).toEqual(headers);
    }
    for (const host of ["http://evil.example", "https://id.prod.example:444", "https://[::1]"])
      expect(await (await get(path, {}, host)).text()).toBe(body); // oxlint-disable-line no-await-in-loop
    for (const query of ["?", "?issuer=evil", "?x=1&x=2", "?%00", `?${"x".repeat(8000)}`])
      expect(await (await get(path + query)).text()).toBe(body); // oxlint-disable-line no-await-in-loop
  });

  it("change nothing of what is issued", async () => {
    const body = { evidence: [await cronToken(world)], jwt: { audience: [AUDIENCE] } };
    for (const spoof of SPOOFS.filter((one) => one["accept"] === undefined)) {
      const answer = await world.post(body, spoof); // oxlint-disable-line no-await-in-loop
      const { jwt, spiffe_id: id } = (await answer.json()) as {
        jwt: { token: string };
        spiffe_id: string;
      }; // oxlint-disable-line no-await-in-loop
      expect(id).toBe("spiffe://prod.example/cron/nightly");
      const claims = JSON.parse(
        atob((jwt.token.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/")),
      ) as Json;
      expect(claims).toMatchObject({ iss: ISSUER, sub: id, aud: AUDIENCE });
      expect(Object.keys(claims).toSorted()).toEqual(["aud", "exp", "iat", "iss", "jti", "sub"]);
    }
    expect(world.network.calls).toEqual([]);
  });
});

describe("caching", () => {
  it.each(PATHS)(
    "%s has a strong ETag over its bytes, and says how long it may be kept",
    async (path) => {
      const answer = await get(path);
      const body = await answer.text();
      const digest = await crypto.subtle.digest("SHA-256", new Uint8Array(utf8Encode(body)));
      expect(answer.headers.get("etag")).toBe(`"${encodeBase64url(new Uint8Array(digest))}"`);
      expect(answer.headers.get("cache-control")).toBe("public, max-age=75");
      expect(answer.headers.get("content-type")).toBe("application/json");
      expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
      expect(answer.headers.get("vary")).toBeNull();
    },
  );

  it("If-None-Match is weak comparison over a list", async () => {
    const etag = (await get("/bundle")).headers.get("etag") ?? "";
    for (const header of [etag, `W/${etag}`, "*", `"x", ${etag}`, `"x",W/${etag} `, ` ${etag}`]) {
      const answer = await get("/bundle", { "if-none-match": header }); // oxlint-disable-line no-await-in-loop
      expect(answer.status).toBe(304);
      expect(await answer.text()).toBe(""); // oxlint-disable-line no-await-in-loop
      expect(answer.headers.get("etag")).toBe(etag);
      expect(answer.headers.get("cache-control")).toBe("public, max-age=75");
    }
    const far = `${'"x",'.repeat(3000)}${etag}`;
    for (const header of [
      "",
      "x",
      etag.slice(1, -1),
      etag.toUpperCase(),
      `${etag}x`,
      '"*"',
      "w/*",
      far,
    ]) {
      const answer = await get("/bundle", { "if-none-match": header }); // oxlint-disable-line no-await-in-loop
      expect(answer.status).toBe(200);
    }
  });

  it.each(PATHS)("HEAD of %s is GET without the body", async (path) => {
    const [head, full] = [await send("HEAD", path), await get(path)];
    expect(head.status).toBe(200);
    expect(await head.text()).toBe("");
    expect(head.headers.get("etag")).toBe(full.headers.get("etag"));
  });
});

describe("CORS", () => {
  it.each(PATHS)("any page may read %s, with no credentials and no other method", async (path) => {
    expect((await get(path)).headers.get("access-control-allow-origin")).toBe("*");
    const { status, headers } = await send("OPTIONS", path);
    expect(status).toBe(204);
    expect(headers.get("access-control-allow-origin")).toBe("*");
    expect(headers.get("access-control-allow-methods")).toBe("GET, HEAD");
    expect(headers.get("access-control-allow-credentials")).toBeNull();
  });

  it.each(["/v1/svids", "/healthz", "/readyz", "/metrics"])("no page may use %s", async (path) => {
    const preflight = await send("OPTIONS", path);
    expect(preflight.status).toBeGreaterThanOrEqual(404);
    for (const answer of [preflight, await get(path), await send("POST", path)])
      expect(answer.headers.get("access-control-allow-origin")).toBeNull();
  });
});

describe("what is not there", () => {
  it.each([
    ["PUT", "/v1/svids", "POST"],
    ["GET", "/v1/svids", "POST"],
    ["HEAD", "/v1/svids", "POST"],
    ["DELETE", "/bundle", "HEAD, GET, OPTIONS"],
    ["POST", "/bundle", "HEAD, GET, OPTIONS"],
    ["PATCH", "/.well-known/jwks.json", "HEAD, GET, OPTIONS"],
    ["POST", "/healthz", "HEAD, GET"],
    ["PROPFIND", "/openapi.json", "HEAD, GET"],
  ])("%s %s: 405, and which methods there are", async (method, path, allow) => {
    const answer = await send(method, path);
    expect(answer.status).toBe(405);
    expect(answer.headers.get("allow")).toBe(allow);
    if (method !== "HEAD")
      expect(await problemOf(answer)).toMatchObject({ code: "request_malformed" }); // oxlint-disable-line vitest/no-conditional-expect
  });

  it.each([
    "/",
    "/v1",
    "/v1/svids/",
    "/v1/svids/x",
    "/v2/svids",
    "//v1/svids",
    "/V1/SVIDS",
    "/bundle/",
    "/bundle.json",
    "/bundle;x",
    "/bundle%00",
    "/bundle%2f",
    "/%62undle",
    "/v1%2fsvids",
    "/.well-known",
    "/.well-known/oauth-authorization-server",
    "/.env",
    "/.svidmint/keys.yaml",
    "/__proto__",
    "/constructor",
    "/%",
    "/%ff",
    `/${"a/".repeat(4000)}`,
  ])("%s: 404, without a word of the path", async (path) => {
    for (const method of ["GET", "POST"]) {
      const answer = await send(method, path); // oxlint-disable-line no-await-in-loop
      const problem = await problemOf(answer); // oxlint-disable-line no-await-in-loop
      expect(problem).toMatchObject({
        status: 404,
        code: "request_malformed",
        detail: "no such path",
      });
    }
  });

  it("leaves no line in the audit log: nobody asked for an identity", async () => {
    world.audit.lines.length = 0;
    await Promise.all([
      send("GET", "/nothing"),
      send("POST", "/v1/token"),
      send("GET", "/v1/svids"),
    ]);
    expect(world.audit.lines).toEqual([]);
  });
});

it("an issuer under a path serves under that path alone, and its operator's paths without it", async () => {
  const app = createApp({ ...world.issuer, url: `${ISSUER}/spiffe/prod` }, { openapi: "{}" });
  const status = async (path: string): Promise<number> =>
    (await app.fetch(new Request(ISSUER + path))).status;
  for (const path of PATHS) {
    expect(await status(`/spiffe/prod${path}`)).toBe(200); // oxlint-disable-line no-await-in-loop
    for (const other of [
      path,
      `/spiffe${path}`,
      `/spiffe/prod/x/..${path}/x`,
      `/spiffe/prodx${path}`,
    ])
      expect(await status(other)).toBe(404); // oxlint-disable-line no-await-in-loop
  }
  for (const path of ["/healthz", "/readyz", "/openapi.json"]) expect(await status(path)).toBe(200); // oxlint-disable-line no-await-in-loop
});
