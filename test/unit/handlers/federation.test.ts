import { beforeAll, describe, expect, it } from "vitest";
import { parseBundle, serializeBundle, type Bundle } from "../../../src/encoding/bundle.ts";
import { createApp } from "../../../src/handlers/app.ts";
import { tokenKey } from "../../fakes/token-issuer.ts";
import { RULES } from "../issuer/names.ts";
import {
  ciToken,
  createWorld,
  cronToken,
  workload,
  AUDIENCE,
  ISSUER,
  type Workload,
  type World,
} from "../issuer/world.ts";
import { problemOf, reasons, signatures } from "./support.ts";

const PARTNER = "partner.example";
const SILENT = "silent.example";
const BASE = `https://id.${PARTNER}`;
let world: World;
let alice: Workload;
let document: string;
const peers = new Map<string, Bundle | undefined>([[SILENT, undefined]]);

beforeAll(async () => {
  const { jwk } = await tokenKey("ES256", "partner-1");
  const text = JSON.stringify({
    keys: [{ ...jwk, use: "jwt-svid" }],
    spiffe_sequence: 3,
    spiffe_refresh_hint: 60,
  });
  const bundle = parseBundle(text);
  if (!bundle.ok) throw new Error(bundle.error.detail);
  peers.set(PARTNER, bundle.value);
  document = serializeBundle(bundle.value);
  const rules = RULES.map((rule) => ({
    ...rule,
    jwt: { ...rule.jwt, exchange_to: [PARTNER] },
    federates_with: [SILENT, PARTNER],
  }));
  world = await createWorld({ peers, rules });
  alice = await workload(world);
});

async function send(path: string, init: RequestInit = {}, host = ISSUER): Promise<Response> {
  return world.fetch(new Request(host + path, init));
}

describe("an answer under federates_with", () => {
  it("carries the bundles of peers as /bundles has them, and names those that are missing", async () => {
    const answer = await world.post({
      evidence: [await cronToken(world)],
      x509: { csr: alice.csr },
    });
    const text = await answer.text();
    const published = await (await send(`/bundles/${PARTNER}`)).text();
    expect(published).toBe(document);
    expect(text).toContain(`"federated_bundles":{"${PARTNER}":${published}}`);
    expect(JSON.parse(text)).toMatchObject({ missing_bundles: [SILENT] });
  });

  it.each([
    ["application/jwt", { jwt: { audience: [AUDIENCE] } }],
    ["application/pem-certificate-chain", { x509: {} }],
  ])("is bare as %s", async (accept, kinds) => {
    const body = {
      evidence: [await cronToken(world)],
      ...kinds,
      ...("x509" in kinds && { x509: { csr: alice.csr } }),
    };
    const answer = await world.post(body, { accept });
    expect(answer.status).toBe(200);
    expect(await answer.text()).not.toMatch(/federated|missing/);
  });

  it("says nothing of peers where the rule names none", async () => {
    const plain = await createWorld({ peers });
    const answer = await plain.post({
      evidence: [await cronToken(plain)],
      x509: { csr: alice.csr },
    });
    expect(Object.keys((await answer.json()) as object)).toEqual(["spiffe_id", "x509", "bundle"]);
  });
});

describe("a token to be exchanged at a peer", () => {
  const ask = async (audience: string[], parts: { proof?: boolean; evidence?: object } = {}) => {
    world.audit.lines.length = 0;
    const evidence = [parts.evidence ?? (await cronToken(world))];
    const body = JSON.stringify({ evidence, jwt: { audience } });
    return world.post(body, parts.proof === true ? { dpop: await alice.dpop(body) } : {});
  };
  const audienceOf = async (answer: Response): Promise<unknown> => {
    const { jwt } = (await answer.json()) as { jwt: { token: string } };
    const payload = (jwt.token.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/");
    return (JSON.parse(atob(payload)) as { aud: unknown }).aud;
  };

  it("is for the peer, or for the proved key at it", async () => {
    expect(await audienceOf(await ask([BASE]))).toBe(BASE);
    const bound = `${BASE}/jkt/${alice.jkt}`;
    expect(await audienceOf(await ask([bound], { proof: true }))).toBe(bound);
    const evidence = await ciToken(world, alice.bound);
    expect(await audienceOf(await ask([bound], { proof: true, evidence }))).toBe(bound);
  });

  it("is for no key that was not proved, and nobody else beside", async () => {
    const bob = await workload(world);
    const before = signatures(world);
    const bound = `${BASE}/jkt/${alice.jkt}`;
    for (const [audience, proof] of [
      [[bound], false],
      [[`${BASE}/jkt/${bob.jkt}`], true],
      [[`${BASE}/jkt/${bob.jkt}`], false],
      [[`${ISSUER}/jkt/${alice.jkt}`], true],
      [[ISSUER], true],
      [[`https://id.${SILENT}`], true],
      [[`${BASE}/jkt/undefined`], false],
      [[BASE, bound], true],
      [[BASE, AUDIENCE], true],
    ] as const) {
      const answer = await ask([...audience], { proof }); // oxlint-disable-line no-await-in-loop
      expect(await problemOf(answer)).toMatchObject({ status: 403, code: "refused" }); // oxlint-disable-line no-await-in-loop
      expect(reasons(world)).toEqual(["audience_not_granted"]);
    }
    expect(signatures(world)).toBe(before);
  });
});

describe("GET /bundles/…", () => {
  const PATHS = ["/bundles", `/bundles/${PARTNER}`, "/bundles/prod.example"];
  const LIES: readonly Record<string, string>[] = [
    { host: "evil.example" },
    { "x-forwarded-host": PARTNER },
    { "x-forwarded-proto": "http" },
    { "x-forwarded-port": "8443" },
    { "x-forwarded-prefix": "/bundles" },
    { "x-forwarded-server": "evil.example" },
    { forwarded: "host=evil.example;proto=http" },
    { "x-original-url": `/bundles/${SILENT}` },
    { "x-rewrite-url": "/bundle" },
    { "x-original-host": "evil.example" },
    { "x-host": "evil.example" },
    { "x-http-method-override": "DELETE" },
    { authorization: "Bearer evil" },
    { "accept-language": "de", accept: "text/html" },
    { range: "bytes=0-0" },
  ];

  it.each(PATHS)(
    "%s: any page may read it, and no header or query changes a byte",
    async (path) => {
      const honest = await send(path);
      const body = await honest.text();
      const headers = [...honest.headers];
      expect(honest.headers.get("access-control-allow-origin")).toBe("*");
      expect(honest.headers.get("content-type")).toBe("application/json");
      expect(honest.headers.get("vary")).toBeNull();
      for (const lie of LIES) {
        const answer = await send(path, { headers: lie }); // oxlint-disable-line no-await-in-loop
        expect([answer.status, await answer.text()]).toEqual([200, body]); // oxlint-disable-line no-await-in-loop
        expect([...answer.headers]).toEqual(headers);
      }
      for (const query of ["?", "?x=1", `?/bundles/${SILENT}`])
        expect(await (await send(path + query)).text()).toBe(body); // oxlint-disable-line no-await-in-loop
      expect(await (await send(path, {}, "http://evil.example")).text()).toBe(body);
    },
  );

  it.each(PATHS)("%s: HEAD, OPTIONS and If-None-Match; no other method", async (path) => {
    const etag = (await send(path)).headers.get("etag") ?? "";
    const head = await send(path, { method: "HEAD" });
    expect([head.status, await head.text(), head.headers.get("etag")]).toEqual([200, "", etag]);
    const again = await send(path, { headers: { "if-none-match": etag } });
    expect([again.status, await again.text()]).toEqual([304, ""]);
    expect((await send(path, { method: "OPTIONS" })).status).toBe(204);
    for (const method of ["POST", "PUT", "DELETE", "PATCH"]) {
      const answer = await send(path, { method }); // oxlint-disable-line no-await-in-loop
      expect(answer.status).toBe(405);
      expect(answer.headers.get("allow")).toBe("HEAD, GET, OPTIONS");
    }
  });

  it("is cached by the peer's own hint; our name is our bundle", async () => {
    expect((await send(`/bundles/${PARTNER}`)).headers.get("cache-control")).toBe(
      "public, max-age=15",
    );
    expect((await send("/bundles")).headers.get("cache-control")).toBe("public, max-age=15");
    expect(await (await send("/bundles/prod.example")).text()).toBe(
      await (await send("/bundle")).text(),
    );
  });

  it("is 503 where nothing is held, and 404 for whoever is no peer", async () => {
    const answer = await send(`/bundles/${SILENT}`);
    expect(answer.headers.get("retry-after")).toMatch(/^\d+$/);
    expect(await problemOf(answer)).toMatchObject({ status: 503, code: "unavailable" });
    for (const name of [
      "stranger.example",
      "Partner.example",
      `${PARTNER}/`,
      `%70artner.example`,
      "__proto__",
      "constructor",
      "",
      "?",
      "..",
      `x/../${PARTNER}x`,
    ])
      expect((await send(`/bundles/${name}`)).status).toBe(404); // oxlint-disable-line no-await-in-loop
    for (const path of ["/bundlesx", "/Bundles", "/bundles;x"])
      expect((await send(path)).status).toBe(404); // oxlint-disable-line no-await-in-loop
  });

  it("is nowhere without peers, and under the issuer's own path alone", async () => {
    const plain = await createWorld();
    for (const path of PATHS)
      expect((await plain.fetch(new Request(ISSUER + path))).status).toBe(404); // oxlint-disable-line no-await-in-loop
    const app = createApp({ ...world.issuer, url: `${ISSUER}/spiffe` }, { openapi: "{}" });
    for (const path of PATHS) {
      expect((await app.fetch(new Request(`${ISSUER}/spiffe${path}`))).status).toBe(200); // oxlint-disable-line no-await-in-loop
      expect((await app.fetch(new Request(ISSUER + path))).status).toBe(404); // oxlint-disable-line no-await-in-loop
    }
  });
});
