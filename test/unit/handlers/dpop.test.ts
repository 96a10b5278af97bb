import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  createWorld,
  cronToken,
  workload,
  AUDIENCE,
  type Workload,
  type World,
} from "../issuer/world.ts";
import { postRaw, problemOf, reasons } from "./support.ts";

let world: World;
let alice: Workload;
let good: () => object;

beforeAll(async () => {
  world = await createWorld();
  alice = await workload(world);
  const evidence = [await cronToken(world)];
  good = () => ({ evidence, jwt: { audience: [AUDIENCE] } });
});
beforeEach(() => {
  world.audit.lines.length = 0;
});

it("the proof all others vary is good", async () => {
  const body = JSON.stringify(good());
  expect((await world.post(body, { dpop: await alice.dpop(body) })).status).toBe(200);
});

describe("DPoP header", () => {
  it.each(["", " ", "x", "a.b.c", "..", "eyJhbGciOiJub25lIn0.e30.", "\t", "x".repeat(9000)])(
    "%j is possession_failed",
    async (dpop) => {
      const problem = await problemOf(await world.post(good(), { dpop }));
      expect(problem).toMatchObject({ status: 400, code: "possession_failed" });
      expect(reasons(world)).toEqual(["dpop_malformed"]);
    },
  );

  it.each([
    [-600, "dpop time: iat"],
    ["now", "dpop malformed: iat"],
  ])("of iat %j is told apart from others: it may be the clock", async (iat, detail) => {
    const body = JSON.stringify(good());
    const dpop = await alice.dpop(body, { iat: typeof iat === "number" ? world.now + iat : iat });
    expect(await problemOf(await world.post(body, { dpop }))).toMatchObject({ detail });
  });

  it("twice is none", async () => {
    const body = JSON.stringify(good());
    const proof = await alice.dpop(body);
    const headers = new Headers({ "content-type": "application/json", dpop: proof });
    headers.append("dpop", await alice.dpop(body));
    const answer = await postRaw(world, body, Object.fromEntries(headers));
    expect(await problemOf(answer)).toMatchObject({ status: 400, code: "possession_failed" });
  });

  it.each([
    ["GET", { htm: "GET" }],
    ["lower case", { htm: "post" }],
    ["another path", { htu: "https://id.prod.example/v1/token" }],
    ["a query", { htu: "https://id.prod.example/v1/svids?x" }],
    ["another host", { htu: "https://other.example/v1/svids" }],
    ["http", { htu: "http://id.prod.example/v1/svids" }],
    ["a port", { htu: "https://id.prod.example:443/v1/svids" }],
    ["upper case", { htu: "https://ID.prod.example/v1/svids" }],
    ["no jti", { jti: undefined }],
    ["an empty jti", { jti: "" }],
    ["a jti without end", { jti: "x".repeat(257) }],
    ["a jti that is a number", { jti: 1 }],
    ["no body_sha256", { body_sha256: undefined }],
    ["the hash of nothing", { body_sha256: "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU" }],
    [
      "a hash in hex",
      { body_sha256: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
    ],
    ["iat as text", { iat: "1800000000" }],
    ["iat in milliseconds", { iat: 1_800_000_000_000 }],
    ["iat beyond numbers", { iat: 1e300 }],
    ["iat with a fraction", { iat: 1_800_000_000.5 }],
    ["exp gone", { exp: 1 }],
    ["nbf to come", { nbf: 1_900_000_000 }],
  ])("for %s is refused", async (_, claims) => {
    const body = JSON.stringify(good());
    const answer = await world.post(body, { dpop: await alice.dpop(body, claims) });
    expect(await problemOf(answer)).toMatchObject({ status: 400, code: "possession_failed" });
  });
});
