import { encodeBase64url } from "../../../src/encoding/base64.ts";
import { utf8Encode } from "../../../src/encoding/bytes.ts";
import { keySet, tokenKey, type TokenKey } from "../../fakes/token-issuer.ts";
import { AUDIENCE, ISSUER, workload, type World } from "../issuer/world.ts";

const encode = (value: unknown): string =>
  encodeBase64url(utf8Encode(typeof value === "string" ? value : JSON.stringify(value)));

async function hmac(secret: Uint8Array, header: object, claims: object): Promise<string> {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", new Uint8Array(secret), algorithm, false, [
    "sign",
  ]);
  const input = `${encode(header)}.${encode(claims)}`;
  const signature = await crypto.subtle.sign("HMAC", key, new Uint8Array(utf8Encode(input)));
  return `${input}.${encodeBase64url(new Uint8Array(signature))}`;
}

function trailingBits(text: string): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  return text.slice(0, -1) + (alphabet[alphabet.indexOf(text.at(-1) ?? "A") ^ 1] ?? "");
}

/**
 * Tokens that say everything an entry wants to hear, by family of the attack on who signed them or how they are
 * written. None is genuine; a verifier that believes one has a CVE.
 */
export async function forgedTokens(
  world: World,
): Promise<Readonly<Record<string, readonly string[]>>> {
  const { cron, ci } = world;
  const good = {
    iss: "https://cron.example",
    sub: "cron",
    aud: ISSUER,
    iat: world.now - 10,
    exp: world.now + 600,
    job: "nightly",
  };
  const own = await tokenKey("ES256", "cron-1");
  const ownRsa = await tokenKey("RS256", "cron-1");
  const spki = new Uint8Array(await crypto.subtle.exportKey("spki", cron.publicKey));
  const base64 = btoa(String.fromCharCode(...spki));
  const pem = `-----BEGIN PUBLIC KEY-----\n${base64.replace(/.{64}/g, "$&\n")}\n-----END PUBLIC KEY-----\n`;
  const genuine = await cron.sign(good);
  const [head = "", payload = "", signature = ""] = genuine.split(".");
  const es256 = { alg: "ES256", kid: "cron-1", typ: "JWT" };
  const evil = "https://evil.example/keys";
  world.network.serveJson(evil, keySet(own));
  const alice = await workload(world);
  const svid = await world.post({
    evidence: [{ type: "oidc", token: genuine }],
    jwt: { audience: [AUDIENCE] },
  });
  const { jwt } = (await svid.json()) as { jwt: { token: string } };
  const of = (key: TokenKey, ...headers: object[]): Promise<string[]> =>
    Promise.all(headers.map((header) => key.sign(good, header)));

  return {
    "no signature": ["none", "None", "NONE", "nOnE", "", "ES256"].map(
      (alg) => `${encode({ ...es256, alg })}.${payload}.`,
    ),
    "a signature of another token": [
      `${encode({ ...es256, alg: "none" })}.${payload}.${signature}`,
      `${head}.${encode({ ...good, job: "root" })}.${signature}`,
      `${encode({ ...es256, kid: "cron-2" })}.${payload}.${signature}`,
    ],
    "HMAC with the public key": await Promise.all(
      [
        spki,
        utf8Encode(pem),
        utf8Encode(pem.trim()),
        utf8Encode(base64),
        utf8Encode(JSON.stringify(cron.jwk)),
        new Uint8Array(32),
      ].map((secret) => hmac(secret, { alg: "HS256", kid: "cron-1" }, good)),
    ),
    "a key of the forger under a known kid": [
      ...(await of(own, {}, { alg: "ES384" }, { alg: "RS256" })),
      ...(await of(ownRsa, {}, { alg: "PS256" }, { alg: "ES256" })),
    ],
    "a key that the token brings": await of(
      own,
      { jwk: own.jwk },
      { jwk: own.jwk, kid: undefined },
      { x5c: ["MIIB"], jwk: own.jwk },
      { kid: JSON.stringify(own.jwk) },
    ),
    "a place where the token says its key lies": await of(
      own,
      { jku: evil },
      { x5u: evil },
      { jku: evil, kid: undefined },
      { kid: evil },
      { kid: "../../../../dev/null" },
      { kid: "cron-1' UNION SELECT 'x" },
      { kid: "file:///etc/passwd" },
    ),
    "another issuer's key": [
      await ci.sign(good),
      await ci.sign(good, { kid: "cron-1" }),
      await cron.sign({ ...good, iss: "https://ci.example" }),
    ],
    "an algorithm that is not the key's": [
      "ES384",
      "ES512",
      "EdDSA",
      "RS256",
      "PS256",
      "es256",
      "ES256K",
    ].map((alg) => `${encode({ ...es256, alg })}.${payload}.${signature}`),
    "extensions that must be understood": await of(
      cron,
      { crit: ["exp"] },
      { crit: [] },
      { crit: ["b64"], b64: false },
      { b64: false },
      { zip: "DEF", crit: ["zip"] },
    ),
    "a token of another kind": [
      ...(await of(
        cron,
        { typ: "at+jwt" },
        { typ: "dpop+jwt" },
        { typ: "svidmint-pop+jwt" },
        { typ: "wit+jwt" },
        { typ: "" },
      )),
      await alice.dpop("{}"),
      jwt.token,
    ],
    "a blank signature": [0, 1, 255].flatMap((octet) =>
      [64, 0, 63, 65, 128].map(
        (length) => `${head}.${payload}.${encodeBase64url(new Uint8Array(length).fill(octet))}`,
      ),
    ),
    "another spelling": [
      `${genuine}=`,
      ` ${genuine}`,
      `${genuine}\n`,
      `${genuine}.`,
      `${head}.${payload}`,
      `${head}.${payload}.${trailingBits(signature)}`,
      `${head}.${trailingBits(payload)}.${signature}`,
      `${head}..${signature}`,
      `Bearer ${genuine}`,
      JSON.stringify({ payload, signatures: [{ protected: head, signature }] }),
      `${encode(JSON.stringify(es256).replace("{", '{"alg":"none",'))}.${payload}.${signature}`,
      await cron.signText(
        JSON.stringify(es256),
        JSON.stringify(good).replace("{", '{"job":"root",'),
      ),
      await cron.signText(JSON.stringify(es256), `[${JSON.stringify(good)}]`),
      await cron.signText(JSON.stringify(es256), `\ufeff${JSON.stringify(good)}`),
      encode(genuine),
    ],
    "too much": [
      ".".repeat(60_000),
      "a.".repeat(30_000),
      `${head}.${"A".repeat(50_000)}.${signature}`,
      `${encode({ ...es256, x: "y".repeat(20_000) })}.${payload}.${signature}`,
      `${encode("[".repeat(5000))}.${payload}.${signature}`,
      await cron.sign({ ...good, filler: "x".repeat(16_384) }),
    ],
  };
}
