import { beforeAll, describe, expect, it } from "vitest";
import type { KeyAuthority } from "../../../src/encoding/bundle.ts";
import type { JsonObject } from "../../../src/encoding/json.ts";
import { jwkOf } from "../../../src/encoding/public-key.ts";
import type { PrivateKey } from "../../../src/platform/platform.ts";
import type { Reason } from "../../../src/reasons.ts";
import type { TokenRules } from "../../../src/svid/read-token.ts";
import { verifyJwtSvid } from "../../../src/svid/verify-jwt-svid.ts";
import { verifyWitSvid } from "../../../src/svid/verify-wit-svid.ts";
import { NOW, platform } from "./forge.ts";
import { token } from "./jwt.ts";
import { ID, trustDomain } from "./mint.ts";
import { witWorld, type WitWorld } from "./wit.ts";

let w: WitWorld;
let thief: PrivateKey;
beforeAll(async () => {
  w = await witWorld();
  thief = await platform.generateKey("P-256");
});

async function verdict(
  text: string,
  rules: Partial<TokenRules> = {},
  keys: readonly KeyAuthority[] = w.authorities,
): Promise<Reason | undefined> {
  const result = await verifyWitSvid(text, keys, { trustDomain, now: NOW, ...rules }, platform);
  return result.ok ? undefined : result.error.reason;
}
/** Signed by the authority. */
const signed = (header: JsonObject = w.header, claims: JsonObject = w.claims): Promise<string> =>
  token(w.authority, header, claims);

describe("verifyWitSvid", () => {
  it("takes what other issuers may do: no iat, no jti, an iss, more headers and claims", async () => {
    const { iat: _, jti: __, ...least } = w.claims;
    expect(await verdict(await signed(w.header, least))).toBeUndefined();
    const more = { ...w.claims, iss: "spiffe://prod.example.org", tenant: 7 };
    expect(await verdict(await signed({ ...w.header, x: 1, jku: "https://a" }, more))).toBe(
      undefined,
    );
    const jwk = { ...w.claims.cnf.jwk, kid: "mine", use: "sig" };
    expect(await verdict(await signed(w.header, { ...w.claims, cnf: { jwk } }))).toBeUndefined();
  });

  it("keeps to the second of exp and nbf, and lets iat limit nothing", async () => {
    const text = await signed(w.header, { ...w.claims, nbf: NOW, iat: NOW + 9999 });
    expect(await verdict(text, { now: NOW + 3600 + 59 })).toBeUndefined();
    expect(await verdict(text, { now: NOW + 3600 + 60 })).toBe("evidence_expired");
    expect(await verdict(text, { now: NOW - 60 })).toBeUndefined();
    expect(await verdict(text, { now: NOW - 61 })).toBe("evidence_not_yet_valid");
    expect(await verdict(text, { now: NOW + 3600, leewaySeconds: 0 })).toBe("evidence_expired");
  });

  it.each<readonly [string, JsonObject, Reason]>([
    ["alg none", { alg: "none" }, "algorithm_not_allowed"],
    ["alg HS256", { alg: "HS256" }, "algorithm_not_allowed"],
    ["alg EdDSA", { alg: "EdDSA" }, "algorithm_not_allowed"],
    ["alg of another key", { alg: "ES384" }, "algorithm_not_allowed"],
    ["no typ", { typ: undefined }, "jws_type"],
    ["typ of a JWT-SVID", { typ: "JWT" }, "jws_type"],
    ["typ of a WPT", { typ: "wpt+jwt" }, "jws_type"],
    ["typ in capitals", { typ: "WIT+JWT" }, "jws_type"],
    ["no kid", { kid: undefined }, "key_unknown"],
    ["an empty kid", { kid: "" }, "key_unknown"],
    ["another kid", { kid: "wit-2" }, "key_unknown"],
    ["crit", { crit: ["exp"] }, "jws_header_forbidden"],
  ])("refuses %s", async (_, change, reason) => {
    expect(await verdict(await signed({ ...w.header, ...change }))).toBe(reason);
  });

  it.each<readonly [string, JsonObject, Reason]>([
    ["no sub", { sub: undefined }, "claim_missing"],
    ["another trust domain", { sub: "spiffe://other.example/a" }, "claim_value"],
    ["the trust domain itself", { sub: `spiffe://${trustDomain}` }, "claim_value"],
    ["a path with dots", { sub: `${ID}/..` }, "claim_value"],
    ["no exp", { exp: undefined }, "claim_missing"],
    ["exp as text", { exp: "9999999999" }, "claim_type"],
    ["exp as a fraction", { exp: NOW + 0.5 }, "claim_type"],
    ["an aud", { aud: "https://orders.example.org" }, "claim_value"],
    ["an empty aud", { aud: [] }, "claim_value"],
    ["aud null", { aud: null }, "claim_value"],
    ["no cnf", { cnf: undefined }, "claim_missing"],
    ["cnf that is text", { cnf: "jwk" }, "claim_missing"],
    ["cnf without jwk", { cnf: { jkt: "A".repeat(43) } }, "claim_missing"],
    ["cnf.jwk that is a list", { cnf: { jwk: [] } }, "claim_missing"],
  ])("refuses %s", async (_, change, reason) => {
    expect(await verdict(await signed(w.header, { ...w.claims, ...change }))).toBe(reason);
  });

  it.each<readonly [string, JsonObject, Reason]>([
    ["no alg", { alg: undefined }, "claim_missing"],
    ["alg that is no text", { alg: 256 }, "claim_missing"],
    ["alg HS256", { alg: "HS256" }, "claim_value"],
    ["alg none", { alg: "none" }, "claim_value"],
    ["alg of another curve", { alg: "ES384" }, "claim_value"],
    ["a private member", { d: "AAAA" }, "claim_value"],
    ["a symmetric key", { kty: "oct", k: "AAAA" }, "claim_value"],
    ["a curve that is not there", { crv: "secp256k1" }, "claim_value"],
    ["no coordinates", { x: undefined }, "claim_value"],
  ])("refuses a key in cnf with %s", async (_, change, reason) => {
    const cnf = { jwk: { ...w.claims.cnf.jwk, ...change } };
    expect(await verdict(await signed(w.header, { ...w.claims, cnf }))).toBe(reason);
  });

  it("refuses Ed25519 in cnf, which the profile does not know", async () => {
    const { publicKey } = await platform.generateKey("Ed25519");
    for (const alg of ["EdDSA", "Ed25519"]) {
      const cnf = { jwk: { ...jwkOf(publicKey.info), alg } };
      expect(await verdict(await signed(w.header, { ...w.claims, cnf }))).toBe("claim_value"); // oxlint-disable-line no-await-in-loop -- two
    }
  });

  it("refuses what another key signed, and what was changed since", async () => {
    expect(await verdict(await token(thief, w.header, w.claims))).toBe("signature_invalid");
    // The workload's own key vouches for nobody.
    expect(await verdict(await token(w.workload, w.header, w.claims))).toBe("signature_invalid");
    const [head = "", body = "", signature = ""] = (await signed()).split(".");
    const other = await signed(w.header, { ...w.claims, sub: `${ID}/admin` });
    expect(await verdict(`${head}.${other.split(".")[1]}.${signature}`)).toBe("signature_invalid");
    expect(await verdict(`${head}.${body}.`)).toBe("signature_invalid");
  });

  it("is no JWT-SVID, and a JWT-SVID is none", async () => {
    const rules = { trustDomain, now: NOW, audience: "https://orders.example.org" };
    const asJwt = await verifyJwtSvid(await signed(), w.authorities, rules, platform);
    expect(asJwt).toMatchObject({ ok: false, error: { reason: "jws_type" } });
    const jwt = await signed({ ...w.header, typ: "JWT" }, { ...w.claims, aud: rules.audience });
    expect(await verdict(jwt)).toBe("jws_type");
  });
});
