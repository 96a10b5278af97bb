import { beforeAll, describe, expect, it } from "vitest";
import type { JsonObject } from "../../../src/encoding/json.ts";
import type { Reason } from "../../../src/reasons.ts";
import { verifyJwtSvid } from "../../../src/svid/verify-jwt-svid.ts";
import { NOW, platform } from "./forge.ts";
import { AUDIENCE, claims, header, jwtKeys, RULES, token, verdict, type JwtKeys } from "./jwt.ts";
import { ID, trustDomain } from "./mint.ts";

let keys: JwtKeys;
beforeAll(async () => {
  keys = await jwtKeys();
});

const judge = async (text: string): Promise<Reason | undefined> => verdict(text, keys.authorities);

describe("verifyJwtSvid", () => {
  it("takes what other issuers may do", async () => {
    const { jti: _, iss: __, iat: ___, ...least } = claims;
    expect(
      await judge(await token(keys.ec, { alg: "ES256", kid: "key-1" }, least)),
    ).toBeUndefined();
    expect(
      await judge(
        await token(
          keys.ec,
          { ...header, typ: "JOSE" },
          { ...least, aud: ["https://b.example", AUDIENCE], more: { a: [1] } },
        ),
      ),
    ).toBeUndefined();
  });

  it("keeps to the second of the clock and its leeway", async () => {
    const text = await token(keys.ec, header, { ...claims, nbf: NOW });
    expect(await verdict(text, keys.authorities, { now: NOW + 300 + 59 })).toBeUndefined();
    expect(await verdict(text, keys.authorities, { now: NOW + 300 + 60 })).toBe("evidence_expired");
    expect(
      await verdict(text, keys.authorities, { now: NOW + 299, leewaySeconds: 0 }),
    ).toBeUndefined();
    expect(await verdict(text, keys.authorities, { now: NOW + 300, leewaySeconds: 0 })).toBe(
      "evidence_expired",
    );
    expect(await verdict(text, keys.authorities, { now: NOW - 60 })).toBeUndefined();
    expect(await verdict(text, keys.authorities, { now: NOW - 61 })).toBe("evidence_not_yet_valid");
    expect(await judge(await token(keys.ec, header, { ...claims, iat: NOW + 61 }))).toBe(
      "evidence_not_yet_valid",
    );
    expect(await judge(await token(keys.ec, header, { ...claims, nbf: NOW + 61 }))).toBe(
      "evidence_not_yet_valid",
    );
  });

  it.each<readonly [string, JsonObject, Reason]>([
    ["alg none", { ...header, alg: "none" }, "algorithm_not_allowed"],
    ["alg None", { ...header, alg: "None" }, "algorithm_not_allowed"],
    ["alg HS256", { ...header, alg: "HS256" }, "algorithm_not_allowed"],
    ["alg EdDSA", { ...header, alg: "EdDSA", kid: "key-ed" }, "algorithm_not_allowed"],
    ["alg Ed25519", { ...header, alg: "Ed25519", kid: "key-ed" }, "algorithm_not_allowed"],
    ["alg of another curve", { ...header, alg: "ES384" }, "algorithm_not_allowed"],
    ["alg of another key type", { ...header, alg: "RS256" }, "algorithm_not_allowed"],
    ["the kid of another key type", { ...header, kid: "key-rsa" }, "algorithm_not_allowed"],
    ["alg that is no text", { ...header, alg: 256 }, "jws_malformed"],
    ["no alg", { kid: "key-1" }, "jws_malformed"],
    ["no kid", { alg: "ES256", typ: "JWT" }, "key_unknown"],
    ["an unknown kid", { ...header, kid: "key-2" }, "key_unknown"],
    ["a kid that only differs in case", { ...header, kid: "KEY-1" }, "key_unknown"],
    ["a kid that is no text", { ...header, kid: 1 }, "jws_malformed"],
    ["the kid of an inherited member", { ...header, kid: "constructor" }, "key_unknown"],
    ["typ of a WIT-SVID", { ...header, typ: "wit+jwt" }, "jws_type"],
    ["typ of a transaction token", { ...header, typ: "txntoken+jwt" }, "jws_type"],
    ["typ in lower case", { ...header, typ: "jwt" }, "jws_type"],
    ["an empty typ", { ...header, typ: "" }, "jws_type"],
    ["typ that is no text", { ...header, typ: ["JWT"] }, "jws_malformed"],
    ["jku", { ...header, jku: "https://a.example/keys" }, "jws_header_forbidden"],
    ["x5u", { ...header, x5u: "https://a.example/certificate" }, "jws_header_forbidden"],
    ["cty", { ...header, cty: "JWT" }, "jws_header_forbidden"],
    ["crit", { ...header, crit: ["exp"] }, "jws_header_forbidden"],
    ["b64", { ...header, b64: false }, "jws_header_forbidden"],
  ])("refuses %s", async (_, h, reason) => {
    const byKid = h["kid"] === "key-rsa" ? keys.rsa : h["kid"] === "key-ed" ? keys.ed : keys.ec;
    expect(await judge(await token(h["alg"] === "RS256" ? keys.rsa : byKid, h))).toBe(reason);
  });

  it("refuses a jwk in the header, whose key signed", async () => {
    const thief = await platform.generateKey("P-256");
    const h = { ...header, jwk: { kty: "EC", crv: "P-256", x: "AA", y: "AA" } };
    expect(await judge(await token(thief, h))).toBe("jws_header_forbidden");
    expect(await judge(await token(thief))).toBe("signature_invalid");
  });

  it.each<readonly [string, JsonObject, Reason]>([
    ["no sub", { ...claims, sub: undefined }, "claim_missing"],
    ["sub that is no text", { ...claims, sub: [ID] }, "claim_missing"],
    ["another trust domain", { ...claims, sub: "spiffe://other.example/a" }, "claim_value"],
    [
      "a trust domain that ends like ours",
      { ...claims, sub: `spiffe://x${trustDomain}/a` },
      "claim_value",
    ],
    ["the trust domain itself", { ...claims, sub: `spiffe://${trustDomain}` }, "claim_value"],
    ["dot segments", { ...claims, sub: `${ID}/../../b` }, "claim_value"],
    ["a line end after sub", { ...claims, sub: `${ID}\n` }, "claim_value"],
    ["no aud", { ...claims, aud: undefined }, "claim_type"],
    ["an empty aud", { ...claims, aud: "" }, "claim_type"],
    ["an empty list of aud", { ...claims, aud: [] }, "claim_type"],
    ["aud with what is no text", { ...claims, aud: [AUDIENCE, 1] }, "claim_type"],
    ["aud with an empty text", { ...claims, aud: [AUDIENCE, ""] }, "claim_type"],
    ["aud as an object", { ...claims, aud: { [AUDIENCE]: 1 } }, "claim_type"],
    ["another aud", { ...claims, aud: "https://b.example" }, "audience_mismatch"],
    ["aud with a slash more", { ...claims, aud: `${AUDIENCE}/` }, "audience_mismatch"],
    ["aud in upper case", { ...claims, aud: AUDIENCE.toUpperCase() }, "audience_mismatch"],
    ["no exp", { ...claims, exp: undefined }, "claim_missing"],
    ["exp as text", { ...claims, exp: `${NOW + 300}` }, "claim_type"],
    ["exp 1e300", { ...claims, exp: 1e300 }, "claim_type"],
    ["exp with a fraction", { ...claims, exp: NOW + 0.5 }, "claim_type"],
    ["a negative exp", { ...claims, exp: -1 }, "claim_type"],
    ["exp null", { ...claims, exp: null }, "claim_type"],
    ["iat as text", { ...claims, iat: "now" }, "claim_type"],
    ["nbf as a list", { ...claims, nbf: [NOW] }, "claim_type"],
  ])("refuses %s", async (_, c, reason) => {
    expect(await judge(await token(keys.ec, header, c))).toBe(reason);
  });

  it("refuses anything but the compact form of exactly these bytes", async () => {
    const good = await token(keys.ec);
    const [first = "", second = "", third = ""] = good.split(".");
    const forms = [
      "",
      "..",
      `${first}.${second}`,
      `${good}.`,
      `.${good}`,
      `${good}\n`,
      ` ${good}`,
      `${good}=`,
      `${first}=.${second}.${third}`,
      `${first}..${third}`,
      `${first}.${second}.`,
      JSON.stringify({ protected: first, payload: second, signature: third }),
      `${first}.${first}.${second}.${third}.${third}`,
      ".".repeat(100_000),
      "a".repeat(20_000),
    ];
    for (const text of forms) expect(await judge(text)).toBeDefined();
    for (let at = 0; at < third.length; at += 7) {
      const flipped = third.slice(0, at) + (third[at] === "A" ? "B" : "A") + third.slice(at + 1);
      expect(await judge(`${first}.${second}.${flipped}`)).toBeDefined();
    }
  });

  it("refuses any token without keys, or with those of another domain", async () => {
    expect(await verdict(await token(keys.ec), [])).toBe("key_unknown");
    const foreign = [{ kid: "key-1", info: (await platform.generateKey("P-256")).publicKey.info }];
    expect(await verdict(await token(keys.ec), foreign)).toBe("signature_invalid");
  });

  it("throws where nobody says for whom the token should be", async () => {
    await expect(
      verifyJwtSvid(await token(keys.ec), keys.authorities, { ...RULES, audience: "" }, platform),
    ).rejects.toThrow(TypeError);
  });
});
