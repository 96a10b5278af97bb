import { beforeAll, describe, expect, it } from "vitest";
import { encodeBase64url } from "../../../src/encoding/base64.ts";
import { utf8Encode } from "../../../src/encoding/bytes.ts";
import {
  algorithmName,
  encodeJws,
  encodeJwsInput,
  keyFits,
  parseJws,
  schemeOf,
  verifyJws,
} from "../../../src/encoding/jws.ts";
import type { PublicKey, PublicKeyInfo } from "../../../src/encoding/primitives.ts";
import { jwkOf, spkiOf } from "../../../src/encoding/public-key.ts";
import type { KeyKind, PrivateKey } from "../../../src/platform/platform.ts";
import { webCryptoPlatform } from "../../../src/platform/webcrypto.ts";

const platform = webCryptoPlatform();
const CLAIMS = { iss: "https://issuer.example", sub: "workload", aud: "audience", exp: 2000000000 };
const b64 = (text: string): string => encodeBase64url(utf8Encode(text));
const unsigned = (header: string, payload = JSON.stringify(CLAIMS)): string =>
  `${b64(header)}.${b64(payload)}.${b64("signature")}`;
const refusal = (reason: string) => ({ ok: false, error: { reason } });

async function sign(alg: string, key: PrivateKey, header = {}, claims = CLAIMS): Promise<string> {
  const scheme = schemeOf(alg);
  if (scheme === undefined) throw new Error("no such algorithm");
  const input = encodeJwsInput({ ...header, alg }, claims);
  return encodeJws(input, await platform.sign(scheme, key, utf8Encode(input)));
}

async function verify(token: string, key: PublicKey): Promise<string> {
  const jws = parseJws(token);
  if (!jws.ok) return jws.error.reason;
  const verified = await verifyJws(jws.value, key, platform);
  return verified.ok ? "ok" : verified.error.reason;
}

const made = new Map<KeyKind, PrivateKey>();
function keyOf(kind: KeyKind): PrivateKey {
  const found = made.get(kind);
  if (found === undefined) throw new Error("not made");
  return found;
}

beforeAll(async () => {
  for (const kind of ["P-256", "P-384", "RSA-2048", "Ed25519"] as const)
    made.set(kind, await platform.generateKey(kind));
});

const FITTING: readonly (readonly [string, KeyKind])[] = [
  ["RS256", "RSA-2048"],
  ["RS384", "RSA-2048"],
  ["RS512", "RSA-2048"],
  ["PS256", "RSA-2048"],
  ["PS384", "RSA-2048"],
  ["PS512", "RSA-2048"],
  ["ES256", "P-256"],
  ["ES384", "P-384"],
  ["EdDSA", "Ed25519"],
  ["Ed25519", "Ed25519"],
];

function rsa(bits: number): PublicKeyInfo {
  return { type: "RSA", n: new Uint8Array(bits / 8).fill(0xff), e: Uint8Array.of(1, 0, 1) };
}

describe("verifyJws", () => {
  it.each(FITTING)("verifies %s by %s", async (alg, kind) => {
    const token = await sign(alg, keyOf(kind), { kid: "k", typ: "JWT" });
    expect(await verify(token, keyOf(kind).publicKey)).toBe("ok");
    expect(parseJws(token)).toMatchObject({
      ok: true,
      value: { alg, kid: "k", typ: "JWT", claims: CLAIMS },
    });
  });

  it("refuses every other pair of algorithm and key before any cryptography", async () => {
    const outcomes: string[] = [];
    for (const [alg] of FITTING) {
      for (const [kind, { publicKey }] of made) {
        const fits = FITTING.some((pair) => pair[0] === alg && pair[1] === kind);
        expect(keyFits(alg, publicKey.info)).toBe(fits);
        if (!fits) outcomes.push(await verify(unsigned(`{"alg":"${alg}"}`), publicKey));
      }
    }
    expect(new Set(outcomes)).toEqual(new Set(["algorithm_not_allowed"]));
  });

  it("refuses a signature by another key, over other bytes, cut, or longer", async () => {
    const other = await platform.generateKey("P-256");
    const token = await sign("ES256", keyOf("P-256"));
    const [header, payload, signature = ""] = token.split(".");
    expect(await verify(token, other.publicKey)).toBe("signature_invalid");
    for (const changed of [
      `${header}.${b64('{"sub":"other"}')}.${signature}`,
      `${b64('{"alg":"ES256","kid":"x"}')}.${payload}.${signature}`,
      `${header}.${payload}.`,
      `${header}.${payload}.${signature.slice(0, 80)}`,
      `${header}.${payload}.${signature}AAAA`,
    ])
      expect(await verify(changed, keyOf("P-256").publicKey)).not.toBe("ok");
  });

  it("never takes a public key for an HMAC secret", async () => {
    const { publicKey } = keyOf("RSA-2048");
    const secrets = [spkiOf(publicKey.info), utf8Encode(JSON.stringify(jwkOf(publicKey.info)))];
    for (const secret of secrets) {
      const hmac = await crypto.subtle.importKey(
        "raw",
        new Uint8Array(secret),
        { name: "HMAC", hash: "SHA-256" },
        false,
        ["sign"],
      );
      const input = encodeJwsInput({ alg: "HS256" }, CLAIMS);
      const mac = await crypto.subtle.sign("HMAC", hmac, new Uint8Array(utf8Encode(input)));
      expect(await verify(encodeJws(input, new Uint8Array(mac)), publicKey)).toBe(
        "algorithm_not_allowed",
      );
    }
  });

  it.each(["none", "None", "nOnE", "", "HS256", "HS512", "RS1", "ES256K", "ES521", "rs256", "RSA"])(
    "knows no algorithm %j",
    async (alg) => {
      expect(schemeOf(alg)).toBeUndefined();
      for (const { publicKey } of made.values()) expect(keyFits(alg, publicKey.info)).toBe(false);
      const token = `${b64(JSON.stringify({ alg }))}.${b64("{}")}.`;
      expect(await verify(token, keyOf("RSA-2048").publicKey)).toBe("algorithm_not_allowed");
    },
  );

  it("finds no algorithm by a name that objects inherit", () => {
    for (const name of ["constructor", "toString", "__proto__", "hasOwnProperty"])
      expect(schemeOf(name)).toBeUndefined();
  });

  it("refuses RSA keys below 2048 bits", () => {
    expect(keyFits("RS256", rsa(2048))).toBe(true);
    const n = new Uint8Array(256).fill(0xff).with(0, 0x7f);
    expect(keyFits("RS256", { type: "RSA", n, e: Uint8Array.of(1, 0, 1) })).toBe(false);
    expect(keyFits("RS256", rsa(2040))).toBe(false);
    expect(keyFits("RS256", rsa(1024))).toBe(false);
  });
});

describe("algorithmName", () => {
  it.each(FITTING)("finds %s again by its scheme and a key of %s", (alg, kind) => {
    const { info } = keyOf(kind).publicKey;
    const scheme = schemeOf(alg);
    expect(scheme && algorithmName(scheme, info)).toBe(alg === "Ed25519" ? "EdDSA" : alg);
  });

  it("names ECDSA by its curve, whatever the hash", () => {
    for (const hash of ["SHA-256", "SHA-384", "SHA-512"] as const) {
      const scheme = { name: "ECDSA", hash } as const;
      expect(algorithmName(scheme, keyOf("P-256").publicKey.info)).toBe("ES256");
      expect(algorithmName(scheme, keyOf("P-384").publicKey.info)).toBe("ES384");
    }
  });

  it("has no name for a scheme with a key that cannot have made it", () => {
    const outcomes = FITTING.flatMap(([alg, fitting]) => {
      const scheme = schemeOf(alg);
      const others = [...made].filter(
        ([kind]) => kind !== fitting && !(alg.startsWith("ES") && kind.startsWith("P-")),
      );
      return others.map(([, { publicKey }]) => scheme && algorithmName(scheme, publicKey.info));
    });
    expect(new Set(outcomes)).toEqual(new Set([undefined]));
    expect(algorithmName({ name: "RSA-PSS", hash: "SHA-256" }, rsa(1024))).toBeUndefined();
  });
});

describe("parseJws", () => {
  it.each([
    ["nothing", ""],
    ["no dot", "abc"],
    ["one dot", "abc.def"],
    ["an empty header", `.${b64("{}")}.AA`],
    ["five parts, a JWE", "a.b.c.d.e"],
    ["four parts", `${unsigned('{"alg":"ES256"}')}.`],
    ["a JSON serialization", '{"payload":"e30","signatures":[]}'],
    ["a flattened JSON serialization", '{"payload":"e30","protected":"e30","signature":"AA"}'],
    ["a missing alg", unsigned("{}")],
    ["an alg that is no text", unsigned('{"alg":256}')],
    ["an alg that is null", unsigned('{"alg":null}')],
    ["a list of algs", unsigned('{"alg":["ES256"]}')],
    ["a kid that is no text", unsigned('{"alg":"ES256","kid":1}')],
    ["a typ that is no text", unsigned('{"alg":"ES256","typ":{}}')],
  ])("refuses %s", (_, token) => {
    expect(parseJws(token)).toMatchObject(refusal("jws_malformed"));
  });

  it.each([
    '"crit":["b64"]',
    '"crit":[]',
    '"crit":null',
    '"b64":false',
    '"b64":true',
    '"b64":null',
  ])("refuses a header with %s", (member) => {
    expect(parseJws(unsigned(`{"alg":"ES256",${member}}`))).toMatchObject(
      refusal("jws_header_forbidden"),
    );
  });

  it.each([
    ["a header that is no object", unsigned("[]"), "json_malformed"],
    ["a header that is no JSON", unsigned("alg"), "json_malformed"],
    ["claims that are no object", unsigned('{"alg":"ES256"}', "[1]"), "json_malformed"],
    ["no claims", unsigned('{"alg":"ES256"}', ""), "json_malformed"],
    ["alg twice", unsigned('{"alg":"none","alg":"ES256"}'), "json_duplicate_key"],
    ["alg twice, escaped", unsigned('{"alg":"none","\\u0061lg":"ES256"}'), "json_malformed"],
    ["a claim twice", unsigned('{"alg":"ES256"}', '{"sub":"a","sub":"b"}'), "json_duplicate_key"],
    [
      "a claim twice, deep",
      unsigned('{"alg":"ES256"}', '{"a":{"b":1,"b":1}}'),
      "json_duplicate_key",
    ],
  ])("refuses %s", (_, token, reason) => {
    expect(parseJws(token)).toMatchObject(refusal(reason));
  });

  it("refuses the other spellings of one token", async () => {
    const token = await sign("RS256", keyOf("RSA-2048"));
    const [header = "", payload = "", signature = ""] = token.split(".");
    const last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const next = last[last.indexOf(signature.at(-1) ?? "") + 1] ?? "A";
    for (const spelling of [
      `${token}==`,
      `${token}=`,
      `${token}\n`,
      ` ${token}`,
      `${header} .${payload}.${signature}`,
      `${header}.${payload.slice(0, 4)}\n${payload.slice(4)}.${signature}`,
      `${header}.${payload}.${signature.slice(0, -1)}${next}`,
      `${header}.${payload}=.${signature}`,
      `${header}.${payload}.${signature}\u0000`,
      `${header}.${payload}.${signature}\u0141`,
      token.replaceAll("-", "+").replaceAll("_", "/"),
    ])
      expect(parseJws(spelling).ok && spelling !== token).toBe(false);
  });

  it("keeps header members that name keys, and does nothing with them", () => {
    const parsed = parseJws(
      unsigned('{"alg":"ES256","jku":"https://evil.example","x5c":["AA"],"jwk":{"kty":"EC"}}'),
    );
    expect(parsed).toMatchObject({ ok: true, value: { header: { jku: "https://evil.example" } } });
  });

  it("takes 16 KiB and not one character more, or as many as told", () => {
    const fixed = unsigned('{"alg":"ES256"}').length;
    const sized = (length: number) => `${unsigned('{"alg":"ES256"}')}${"A".repeat(length - fixed)}`;
    expect(parseJws(sized(16384)).ok).toBe(true);
    expect(parseJws(sized(16385))).toMatchObject(refusal("evidence_too_large"));
    expect(parseJws(sized(fixed + 1), { maxBytes: fixed })).toMatchObject(
      refusal("evidence_too_large"),
    );
  });

  it("looks at a million dots no longer than it takes to see their number", () => {
    expect(parseJws(".".repeat(1_000_000))).toMatchObject(refusal("evidence_too_large"));
    expect(parseJws("a.".repeat(500_000), { maxBytes: 1_000_000 })).toMatchObject(
      refusal("jws_malformed"),
    );
  });
});

const genuine = import.meta.glob<string>(
  [
    "../../../../shared/vectors/{gcp-iit,gcp-confidential-space,azure-msi,azure-maa,k8s,oidc}/*.jwt",
    "../../../../shared/vectors/aws-outbound-jwt/*.jwt",
  ],
  { query: "?raw", import: "default", eager: true },
);

describe.skipIf(Object.keys(genuine).length === 0)("genuine tokens", () => {
  it.each(Object.entries(genuine))("are parsed: %s", (_, token) => {
    const parsed = parseJws(token.trim());
    expect(parsed.ok && Object.keys(parsed.value.claims).length).toBeGreaterThan(2);
  });
});
