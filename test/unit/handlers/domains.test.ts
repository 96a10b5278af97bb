import { beforeAll, describe, expect, it } from "vitest";
import { createApp } from "../../../src/handlers/app.ts";
import { createDomains, selector } from "../../../src/handlers/domains.ts";
import { webCryptoPlatform } from "../../../src/platform/webcrypto.ts";
import { codeOf, workload, type Workload } from "../issuer/world.ts";
import { appOf, requestTo, twoDomains, type TestDomain } from "./domains.ts";
import { DOCUMENTS } from "./support.ts";

const now = (): number => Math.floor(Date.now() / 1000);
let prod: TestDomain;
let other: TestDomain;
let app: ReturnType<typeof appOf>;
let alice: Workload;

beforeAll(async () => {
  [prod, other] = await twoDomains();
  app = appOf([prod, other]);
  alice = await workload({ platform: webCryptoPlatform({ now }), now: now() });
});

const get = async (url: string): Promise<Response> => app.fetch(new Request(url));

describe("which trust domain a request is for", () => {
  const select = selector([
    ["https://id.example.org", "root"],
    ["https://shared.example.org/a", "a"],
    ["https://shared.example.org/ab", "ab"],
    ["https://id.example.org:8443", "port"],
    ["https://UPPER.example.org", "upper"],
    ["http://localhost", "local"],
    ["http://[::1]:8443", "v6"],
    ["https://plain.example.org:80", "odd"],
  ]);
  it.each([
    ["id.example.org", "/bundle", "root"],
    ["ID.Example.ORG", "/bundle", "root"],
    ["id.example.org:443", "/bundle", "root"],
    ["id.example.org:8443", "/bundle", "port"],
    ["shared.example.org", "/a/bundle", "a"],
    ["shared.example.org", "/ab/bundle", "ab"],
    ["shared.example.org:443", "/ab/bundle?x=/a/", "ab"],
    ["upper.example.org", "/", "upper"],
    ["localhost", "/bundle", "local"],
    ["localhost:80", "/bundle", "local"],
    ["[::1]:8443", "/bundle", "v6"],
    ["plain.example.org:80", "/bundle", "odd"],
  ])("%s %s: %s", (authority, path, site) => {
    expect(select(authority, path)).toBe(site);
  });

  it.each([
    [undefined, "/bundle"],
    ["", "/bundle"],
    ["evil.example", "/bundle"],
    ["id.example.org.", "/bundle"],
    [".id.example.org", "/bundle"],
    ["id.example.org:80", "/bundle"],
    ["id.example.org:0443", "/bundle"],
    ["id.example.org:443:443", "/bundle"],
    ["id.example.org:", "/bundle"],
    ["id.example.org:8444", "/bundle"],
    ["user@id.example.org", "/bundle"],
    ["id.example.org@evil.example", "/bundle"],
    ["id.example.org, id.example.org", "/bundle"],
    ["id.example.org,evil.example", "/bundle"],
    [" id.example.org", "/bundle"],
    ["id.example.org ", "/bundle"],
    ["id.example.org\t", "/bundle"],
    ["id.example.org/", "/bundle"],
    ["id.example.org\\", "/bundle"],
    ["id.example.org#", "/bundle"],
    ["id.example.org%00", "/bundle"],
    ["id.example.org\u0000", "/bundle"],
    ["%69d.example.org", "/bundle"],
    ["https://id.example.org", "/bundle"],
    ["*.example.org", "/bundle"],
    ["\u0131d.example.org", "/bundle"],
    ["\u{1d422}d.example.org", "/bundle"],
    ["localhost:443", "/bundle"],
    ["127.0.0.1", "/bundle"],
    ["::1", "/bundle"],
    ["[::1]", "/bundle"],
    ["::1:8443", "/bundle"],
    ["[0:0:0:0:0:0:0:1]:8443", "/bundle"],
    ["[::1%25lo]:8443", "/bundle"],
    ["plain.example.org", "/bundle"],
    ["__proto__", "/bundle"],
    ["constructor", "/bundle"],
    ["shared.example.org", "/bundle"],
    ["shared.example.org", "/a"],
    ["shared.example.org", "/a?/"],
    ["shared.example.org", "/A/bundle"],
    ["shared.example.org", "/%61/bundle"],
    ["shared.example.org", "//a/bundle"],
    ["shared.example.org", "/abc/bundle"],
    ["shared.example.org", "/x/../a/bundle"],
    ["shared.example.org", "*"],
    ["shared.example.org", ""],
  ])("%s %s: none", (authority, path) => {
    expect(select(authority, path)).toBeUndefined();
  });
});

describe("two trust domains", () => {
  it("serve their own documents at their own hosts, to the byte as each would alone", async () => {
    const bodies = new Set<string>();
    for (const domain of [prod, other]) {
      const alone = createApp(domain.issuer, { openapi: "{}" });
      for (const path of DOCUMENTS) {
        const answer = await get(domain.url + path); // oxlint-disable-line no-await-in-loop
        const solo = await alone.fetch(new Request(domain.url + path)); // oxlint-disable-line no-await-in-loop
        const body = await answer.text(); // oxlint-disable-line no-await-in-loop
        expect(answer.status).toBe(200);
        expect(body).toBe(await solo.text()); // oxlint-disable-line no-await-in-loop
        expect([...answer.headers]).toEqual([...solo.headers]);
        bodies.add(body);
      }
    }
    expect(bodies.size).toBe(2 * DOCUMENTS.length);
  });

  it.each([
    "https://evil.example",
    "https://id.prod.example:444",
    "https://id.prod.example.",
    "https://id.prod.example%2eevil.example",
    "https://localhost",
    "https://[::1]",
  ])("are not at %s, whatever is asked for", async (host) => {
    for (const path of [...DOCUMENTS, "/v1/svids", "/"]) {
      const answer = await get(host + path); // oxlint-disable-line no-await-in-loop
      expect(answer.status).toBe(404);
      expect(await codeOf(answer)).toBe("request_malformed"); // oxlint-disable-line no-await-in-loop
    }
    const posted = await app.fetch(new Request(`${host}/v1/svids`, { method: "POST", body: "{}" }));
    expect(posted.status).toBe(404);
  });

  it("take nothing of forwarded headers", async () => {
    const spoofs = ["host", "x-forwarded-host", "x-host", "x-original-host", "x-forwarded-server"];
    const forwarded = `host=${new URL(other.url).host}`;
    const headers = Object.fromEntries(spoofs.map((name) => [name, new URL(other.url).host]));
    const honest = await (await get(`${prod.url}/bundle`)).text();
    const answer = await app.fetch(
      new Request(`${prod.url}/bundle`, { headers: { ...headers, forwarded } }),
    );
    expect(await answer.text()).toBe(honest);
    const nowhere = new Request("https://evil.example/bundle", { headers });
    expect((await app.fetch(nowhere)).status).toBe(404);
  });

  it.each(["/healthz", "/readyz", "/openapi.json"])("%s needs no host", async (path) => {
    for (const host of ["https://evil.example", "http://10.0.0.7:8080", prod.url, other.url])
      expect((await get(host + path)).status).toBe(200); // oxlint-disable-line no-await-in-loop
    const refused = await app.fetch(new Request(`https://x.example${path}`, { method: "POST" }));
    expect(refused.status).toBe(405);
    expect((await get(`https://x.example/metrics`)).status).toBe(404);
  });

  it("are ready only together", async () => {
    const broken = { ...other.issuer, ready: () => false };
    const both = createDomains([prod.issuer, broken], { openapi: "{}" });
    for (const host of [prod.url, other.url, "https://x.example"])
      expect((await both.fetch(new Request(`${host}/readyz`))).status).toBe(503); // oxlint-disable-line no-await-in-loop
  });

  it("each issue by their own keys, rules and URL", async () => {
    for (const domain of [prod, other]) {
      const evidence = await domain.evidence(alice); // oxlint-disable-line no-await-in-loop
      const answer = await app.fetch(await requestTo(domain.url, evidence, alice)); // oxlint-disable-line no-await-in-loop
      expect(answer.status).toBe(200);
      expect(await answer.json()).toMatchObject({
        spiffe_id: `spiffe://${domain.trustDomain}/ci/deploy`,
        bundle: await (await get(`${domain.url}/bundle`)).json(),
      }); // oxlint-disable-line no-await-in-loop
    }
    for (const { lines, trustDomain } of [prod, other])
      expect(new Set(lines.map((line): unknown => JSON.parse(line).trust_domain))).toEqual(
        new Set([trustDomain]),
      );
  });

  it("refuse evidence that was made for the other, and its proofs", async () => {
    const forOther = await other.evidence(alice);
    expect(await codeOf(await app.fetch(await requestTo(prod.url, forOther, alice)))).toBe(
      "evidence_rejected",
    );
    // Signed by an issuer that both believe, so that nothing but the audience is wrong.
    const same = { ...prod.origin.ci };
    const token = await same.sign({
      iss: "https://ci.example",
      sub: "build",
      aud: `${other.url}/jkt/${alice.jkt}`,
      job: "deploy",
      iat: now() - 10,
      exp: now() + 600,
    });
    const foreign = await requestTo(prod.url, { type: "oidc", token }, alice);
    expect(await codeOf(await app.fetch(foreign))).toBe("evidence_rejected");
    const proof = await requestTo(
      prod.url,
      await prod.evidence(alice),
      alice,
      `${other.url}/v1/svids`,
    );
    expect(await codeOf(await app.fetch(proof))).toBe("possession_failed");
  });
});

it("one trust domain is served whatever host a request names", async () => {
  const alone = appOf([prod]);
  for (const host of ["https://evil.example", "http://10.0.0.7:8080", prod.url])
    expect((await alone.fetch(new Request(`${host}/bundle`))).status).toBe(200); // oxlint-disable-line no-await-in-loop
});

it("two under one host are told apart by their paths", async () => {
  const host = "https://id.example";
  const [one, two] = await twoDomains([`${host}/one`, `${host}/two`]);
  const both = appOf([one, two]);
  const status = async (path: string): Promise<number> =>
    (await both.fetch(new Request(host + path))).status;
  for (const path of DOCUMENTS) {
    const bodies = await Promise.all(
      [one, two].map(async ({ url }) => (await both.fetch(new Request(url + path))).text()),
    ); // oxlint-disable-line no-await-in-loop
    expect(new Set(bodies).size).toBe(2);
    for (const wrong of [path, `/three${path}`, `/one${path}/x`, `/one/two${path}`])
      expect(await status(wrong)).toBe(404); // oxlint-disable-line no-await-in-loop
  }
  expect(await status("/healthz")).toBe(200);
  expect(await status("/one/healthz")).toBe(404);
});

it("never mix, however their requests alternate with a hostile one's (DS-9)", async () => {
  const [evidence, strange] = await Promise.all([other.evidence(alice), prod.evidence(alice)]);
  const solo = createApp(other.issuer, { openapi: "{}" });
  const shape = async (answer: Response): Promise<unknown> => {
    if (answer.status !== 200) return [answer.status, await codeOf(answer)];
    const text = await answer.text();
    const { jwt, spiffe_id, bundle } = JSON.parse(text) as Record<string, { token: string }>;
    if (jwt === undefined) return text;
    const claims: unknown = JSON.parse(
      atob(jwt.token.split(".")[1]?.replaceAll("-", "+").replaceAll("_", "/") ?? ""),
    );
    const { iss, sub, aud } = claims as Record<string, unknown>;
    return { iss, sub, aud, spiffe_id, bundle, head: jwt.token.split(".")[0] };
  };
  const asks: readonly (() => Promise<Request>)[] = [
    async () => new Request(`${other.url}/bundle`),
    async () => new Request(`${other.url}/.well-known/jwks.json`),
    async () => new Request(`${other.url}/nothing`),
    () => requestTo(other.url, evidence, alice),
    () => requestTo(other.url, strange, alice),
  ];
  const alone = await Promise.all(asks.map(async (ask) => shape(await solo.fetch(await ask()))));
  const noise: readonly (() => Promise<Request>)[] = [
    async () => new Request(`${prod.url}/bundle`),
    async () => new Request("https://evil.example/bundle"),
    async () => new Request(`${prod.url}/v1/svids`, { method: "POST", body: "{" }),
    async () => new Request(`${prod.url}/bundle`, { headers: { host: new URL(other.url).host } }),
  ];
  for (let round = 0; round < 100; round++) {
    // The costly ones less often: what is signed takes a millisecond.
    const sent = Array.from({ length: 100 }, async (_, at) => {
      const hostile = noise[at % noise.length];
      if (at % 2 === 0 && hostile !== undefined) return (await app.fetch(await hostile())).text();
      const which = at > 96 ? 3 : at > 94 ? 4 : at % 3;
      const ask = asks[which];
      if (ask === undefined) throw new Error("no such request");
      expect(await shape(await app.fetch(await ask()))).toEqual(alone[which]);
      return "";
    });
    await Promise.all(sent); // oxlint-disable-line no-await-in-loop -- a hundred at a time
  }
}, 60_000);
