import { calculateJwkThumbprint } from "jose";
import { describe, expect, it } from "vitest";
import { base64url, tokenKey, utf8 } from "../../fakes/token-issuer.ts";
import {
  CLAIMS,
  HEADER,
  HTU,
  key,
  proof,
  prove,
  publicJwk,
  reasons,
  refusal,
  rsa,
} from "./dpop-support.ts";

/** What would be signed, were there a key for `alg`. */
function input(alg: string): string {
  const parts = [{ ...HEADER, alg }, CLAIMS].map((part) => base64url(utf8(JSON.stringify(part))));
  return parts.join(".");
}

function withMember(text: string, member: string): string {
  return text.replace("{", `{${member},`);
}

describe("forged DPoP proofs", () => {
  it("refuses private, symmetric and malformed keys in the header", async () => {
    const wrong = [
      undefined,
      null,
      "jwk",
      [publicJwk],
      {},
      { ...publicJwk, d: base64url(new Uint8Array(32)) },
      { kty: "oct", k: base64url(new Uint8Array(32)) },
      { ...publicJwk, k: "AA" },
      { ...publicJwk, x: undefined },
      { ...publicJwk, x: `${String(publicJwk["x"])}=` },
      { ...publicJwk, y: publicJwk["x"] },
      { ...publicJwk, kty: 1 },
    ];
    const judged = await Promise.all(wrong.map(async (jwk) => prove(await proof({}, { jwk }))));
    for (const result of judged)
      expect(["dpop_malformed", "key_unsupported"]).toContain(result.ok || result.error.reason);
    const curve = { ...publicJwk, crv: "secp256k1" };
    expect(await prove(await proof({}, { jwk: curve }))).toMatchObject(refusal("key_unsupported"));
  });

  it("refuses weak keys", async () => {
    const { n } = rsa.jwk;
    const weak = [
      { kty: "RSA", n, e: "Aw" },
      { kty: "RSA", n: base64url(new Uint8Array(128).fill(0xa5)), e: "AQAB" },
    ];
    expect(await reasons(weak.map((jwk) => proof({}, { jwk }, rsa)))).toEqual(["key_weak"]);
    const huge = { kty: "RSA", n: base64url(new Uint8Array(2048).fill(0xa5)), e: "AQAB" };
    expect(await prove(await proof({}, { jwk: huge }, rsa))).toMatchObject(
      refusal("key_unsupported"),
    );
  });

  it("refuses no algorithm, shared secrets, and algorithms that are not the key's", async () => {
    const secret = await crypto.subtle.importKey(
      "raw",
      utf8(String(publicJwk["x"])),
      { name: "HMAC", hash: "SHA-256" },
      false,
      ["sign"],
    );
    const mac = base64url(
      new Uint8Array(await crypto.subtle.sign("HMAC", secret, utf8(input("HS256")))),
    );
    expect(
      await reasons([
        `${input("none")}.`,
        `${input("None")}.`,
        `${input("HS256")}.${mac}`,
        proof({}, { alg: undefined }),
        proof({}, { alg: "es256" }),
        proof({}, { alg: "ES384" }),
        proof({}, { alg: "ES512" }),
        proof({}, { alg: "RS256" }),
        proof({}, { alg: "EdDSA" }),
        proof({}, { alg: "RS1" }),
        proof({}, { alg: ["ES256"] }),
        proof({}, { jwk: publicJwk, alg: "ES256K" }),
      ]),
    ).toEqual(["dpop_malformed"]);
  });

  it("refuses a signature by another key, of another form, or of nothing", async () => {
    const other = await tokenKey("ES256", "k");
    const good = await proof();
    const signed = good.slice(0, good.lastIndexOf("."));
    expect(
      await reasons([
        proof({}, {}, other),
        `${signed}.`,
        `${signed}.${base64url(new Uint8Array(64))}`,
        `${signed}.${base64url(new Uint8Array(63).fill(1))}`,
        `${signed}.${good.slice(good.lastIndexOf(".") + 1)}AAAA`,
      ]),
    ).toEqual(["dpop_signature_invalid"]);
  });

  it("refuses two headers, which arrive as one list, and texts that are no JWS", async () => {
    const good = await proof();
    const twice = new Headers([
      ["DPoP", good],
      ["DPoP", await proof({ jti: "another" })],
    ]);
    expect(
      await reasons([
        twice.get("dpop") ?? "",
        `${good},`,
        `, ${good}`,
        ` ${good}`,
        `${good}\n`,
        `${good}.`,
        `${good}=`,
        `DPoP ${good}`,
        "",
        "..",
        "a.b",
        "a.b.c.d",
        "x".repeat(9000),
        proof({ more: "x".repeat(8192) }),
      ]),
    ).toEqual(["dpop_malformed"]);
  });

  it("refuses what two readers could read differently", async () => {
    const header = JSON.stringify({ ...HEADER, alg: "ES256" });
    const payload = JSON.stringify(CLAIMS);
    expect(
      await reasons([
        key.signText(withMember(header, '"alg":"none"'), payload),
        key.signText(withMember(header, '"jwk":{}'), payload),
        key.signText(header, withMember(payload, `"htu":"${HTU}/"`)),
        key.signText(header, withMember(payload, '"jti":"other"')),
        key.signText(header, withMember(payload, String.raw`"\u006ati":"other"`)),
        key.signText(header.replace('"kty"', '"kty":"RSA","kty"'), payload),
        key.signText(`\uFEFF${header}`, payload),
        key.signText(header, `[${payload}]`),
        key.signText(header, "null"),
      ]),
    ).toEqual(["dpop_malformed"]);
    expect(
      await reasons([
        proof({}, { crit: ["exp"] }),
        proof({}, { b64: false }),
        proof({}, { kid: 7 }),
      ]),
    ).toEqual(["dpop_malformed"]);
  });

  it("does not follow references to other keys", async () => {
    const other = await tokenKey("ES256", "k");
    const elsewhere = {
      jku: "https://evil.example/jwks",
      x5u: "https://evil.example/x",
      x5c: ["AA"],
      kid: "k",
    };
    expect(await prove(await proof({}, elsewhere))).toMatchObject({
      ok: true,
      value: { jkt: await calculateJwkThumbprint(key.jwk) },
    });
    expect(await prove(await proof({}, elsewhere, other))).toMatchObject(
      refusal("dpop_signature_invalid"),
    );
  });

  it("refuses the issuer's own keys", async () => {
    const ours = new Set([await calculateJwkThumbprint(key.jwk)]);
    expect(await prove(await proof(), { ours })).toMatchObject(refusal("key_is_ours"));
  });
});
