import { beforeAll, describe, expect, it } from "vitest";
import { decodeBase64url, encodeBase64 } from "../../../src/encoding/base64.ts";
import { utf8Decode } from "../../../src/encoding/bytes.ts";
import { createApp } from "../../../src/handlers/app.ts";
import { formatInstant } from "../../../src/signer/instant.ts";
import { tokenKey, type TokenAlgorithm } from "../../fakes/token-issuer.ts";
import { AUDIENCE, ISSUER } from "../issuer/names.ts";
import { compiled, open, source, type Source } from "../issuer/stored-world.ts";
import { workload } from "../issuer/world.ts";
import { faults, type Json, RELYING_PARTIES, type Seen } from "./relying-party-rules.ts";

const HOUR = 3600;
const begin = Math.floor(Date.now() / 1000);
let now = begin;
let origin: Source;
/** Of two keys each: what they sign with is what the key is. */
const KINDS = ["RS256", "PS256", "ES256", "ES384"] as const;
const secrets: Record<string, string> = {};

beforeAll(async () => {
  origin = await source(() => now);
  Object.assign(secrets, origin.secrets);
  const names = KINDS.flatMap((alg) => [`${alg}_1`, `${alg}_2`]);
  await Promise.all(names.map(async (name) => (secrets[name] = await pem(name))));
});

async function pem(name: string): Promise<string> {
  const key = await tokenKey(name.slice(0, 5) as TokenAlgorithm, "any");
  const der = new Uint8Array(await crypto.subtle.exportKey("pkcs8", key.privateKey));
  return `-----BEGIN PRIVATE KEY-----\n${encodeBase64(der)}\n-----END PRIVATE KEY-----\n`;
}

/** An instance of its own: a timeline of two keys, of which the second takes over after an hour. */
async function instance(alg: TokenAlgorithm) {
  const rest = { backend: "local", algorithm: alg };
  const [at, soon, later] = [begin - HOUR, begin + HOUR, begin + 2 * HOUR].map(formatInstant);
  const ends = { retired_at: soon, removed_at: later };
  const jwt = [
    { ...rest, id: "one", private_key: `env:${alg}_1`, published_at: at, ...ends },
    { ...rest, id: "two", private_key: `env:${alg}_2`, published_at: at, active_from: soon },
  ];
  const keys = { ...origin.document.keys, jwt };
  const issuer = await open(await compiled(origin, { keys }), { ...origin, secrets });
  return createApp(issuer, { openapi: "{}" });
}

function part(token: string, index: number): Json {
  const bytes = decodeBase64url(token.split(".")[index] ?? "");
  return JSON.parse((bytes.ok && utf8Decode(bytes.value)) || "null") as Json;
}

async function look(app: Awaited<ReturnType<typeof instance>>): Promise<Seen> {
  const read = async (path: string) => (await app.fetch(new Request(ISSUER + path))).json();
  const alice = await workload({ platform: origin.platform, now });
  const times = { iat: now, exp: now + 600 };
  const token = await origin.ci.sign({
    iss: "https://ci.example",
    sub: "x",
    aud: alice.bound,
    job: "deploy",
    ...times,
  });
  const body = JSON.stringify({
    evidence: [{ type: "oidc", token }],
    jwt: { audience: [AUDIENCE] },
  });
  const answer = await app.fetch(
    new Request(`${ISSUER}/v1/svids`, {
      method: "POST",
      headers: { "content-type": "application/json", dpop: await alice.dpop(body) },
      body,
    }),
  );
  const { jwt } = (await answer.json()) as { jwt: { token: string } };
  return {
    issuer: ISSUER,
    discovery: (await read("/.well-known/openid-configuration")) as Json,
    jwks: (await read("/.well-known/jwks.json")) as Seen["jwks"],
    header: part(jwt.token, 0),
    claims: part(jwt.token, 1),
  };
}

describe.each(RELYING_PARTIES)("$name", (party) => {
  it("finds no fault with our documents and a JWT-SVID, whatever the key, where it takes the algorithm", async () => {
    for (const alg of KINDS) {
      now = begin;
      const seen = await look(await instance(alg)); // oxlint-disable-line no-await-in-loop
      expect(seen.header["alg"]).toBe(alg);
      expect(faults(party, seen)).toEqual(
        party.algorithms.includes(alg) ? [] : ["alg of the token"],
      );
    }
  });

  it("would find fault with a changed one", async () => {
    now = begin;
    const seen = await look(await instance("RS256"));
    const [key = {}, ...others] = seen.jwks.keys;
    const changed: readonly (readonly [string, Partial<Seen>])[] = [
      ["iss", { claims: { ...seen.claims, iss: `${ISSUER}/` } }],
      ["alg of the token", { header: { ...seen.header, alg: "EdDSA" } }],
      ["kid of the token", { header: { ...seen.header, kid: "other" } }],
      ["typ of the token", { header: { ...seen.header, typ: "wit+jwt" } }],
      ["use", { jwks: { keys: [{ ...key, use: "jwt-svid" }, ...others] } }],
      ["aud: one text", { claims: { ...seen.claims, aud: ["a", "b"] } }],
      ["claim exp", { claims: { iss: ISSUER, sub: "x", aud: "x", iat: 1 } }],
      ["kid twice", { jwks: { keys: [key, key] } }],
    ];
    for (const [fault, change] of changed)
      expect(faults(party, { ...seen, ...change })).toContain(fault);
    const long = { ...seen.claims, sub: `spiffe://x/${"y".repeat(600)}` };
    expect(faults(party, { ...seen, claims: long }).includes("sub: length")).toBe(
      party.maxSubject !== undefined,
    );
    const other = "https://id.prod.example:8443";
    expect(faults(party, { ...seen, issuer: other }).includes("issuer: port")).toBe(
      party.noPort === true,
    );
  });
});

describe("kid", () => {
  it.each(KINDS)("%s: the same at every start and in every region, whoever signs", async (alg) => {
    now = begin;
    const [one, two] = [await look(await instance(alg)), await look(await instance(alg))];
    expect(two.jwks).toEqual(one.jwks);
    expect(two.header["kid"]).toBe(one.header["kid"]);
  });

  it("stays with its key while another takes over, and goes with it", async () => {
    now = begin;
    const app = await instance("ES256");
    const before = await look(app);
    now = begin + HOUR + 1;
    const during = await look(app);
    now = begin + 2 * HOUR + 1;
    const after = await look(app);
    const kids = ({ jwks }: Seen) => jwks.keys.map(({ kid }) => kid);
    const [first, second] = kids(before);
    expect(during.jwks).toEqual(before.jwks);
    expect([before, during, after].map(({ header }) => header["kid"])).toEqual([
      first,
      second,
      second,
    ]);
    expect(kids(after)).toEqual([second]);
    expect(after.jwks.keys).toEqual(before.jwks.keys.slice(1));
  });
});
