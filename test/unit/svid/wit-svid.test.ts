import { decodeProtectedHeader, importJWK, jwtVerify } from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import { encodeJwsInput, keyFits } from "../../../src/encoding/jws.ts";
import { jwkOf } from "../../../src/encoding/public-key.ts";
import { TOKEN_SVID_ALGORITHMS } from "../../../src/svid/token-profile.ts";
import { verifyWitSvid } from "../../../src/svid/verify-wit-svid.ts";
import { lintWitSvidInput } from "../../../src/svid/wit-lint.ts";
import { buildWitSvidInput, type WitSvidProfile } from "../../../src/svid/wit-svid.ts";
import { NOW, platform } from "./forge.ts";
import { signInput } from "./jwt.ts";
import { ID, trustDomain } from "./mint.ts";
import { witWorld, type WitWorld } from "./wit.ts";
import { newKey } from "../../fakes/private-key.ts";

let w: WitWorld;
beforeAll(async () => {
  w = await witWorld();
});

describe("a WIT-SVID of ours", () => {
  it("has three headers and five claims, and verifies", async () => {
    const token = await signInput(buildWitSvidInput(w.profile), "ES256", w.authority);
    expect(decodeProtectedHeader(token)).toEqual({ alg: "ES256", kid: "wit-1", typ: "wit+jwt" });
    const result = await verifyWitSvid(token, w.authorities, { trustDomain, now: NOW }, platform);
    expect(result).toEqual({
      ok: true,
      value: {
        spiffeId: expect.objectContaining({ uri: ID }),
        key: w.workload.publicKey.info,
        alg: "ES256",
        issuedAt: NOW,
        expiresAt: NOW + 3600,
      },
    });
  });

  it("is taken by jose, which sees these claims and no audience", async () => {
    const token = await signInput(buildWitSvidInput(w.profile), "ES256", w.authority);
    const key = await importJWK({ ...jwkOf(w.authority.publicKey.info), alg: "ES256" });
    const { payload } = await jwtVerify(token, key, {
      typ: "wit+jwt",
      currentDate: new Date(NOW * 1000),
    });
    expect(payload).toEqual({
      sub: ID,
      iat: NOW,
      exp: NOW + 3600,
      jti: w.profile.jti,
      cnf: { jwk: { ...jwkOf(w.workload.publicKey.info), alg: "ES256" } },
    });
    const confirmed = await importJWK(Object(payload["cnf"]).jwk);
    expect(confirmed).toMatchObject({ type: "public" });
  });

  it("names every algorithm that the workload's key fits", async () => {
    const rsa = await newKey(platform, "RSA-2048");
    for (const alg of TOKEN_SVID_ALGORITHMS) {
      const { info } = rsa.publicKey;
      if (!keyFits(alg, info)) continue;
      const profile = { ...w.profile, confirmation: { info, alg } };
      expect(lintWitSvidInput(buildWitSvidInput(profile), { ...profile, trustDomain }).ok).toBe(
        true,
      );
    }
  });
});

describe("the lint of a WIT-SVID", () => {
  const lint = (input: string, change: Partial<WitSvidProfile> = {}) => {
    const result = lintWitSvidInput(input, { ...w.profile, ...change, trustDomain });
    if (!result.ok) expect(result.error.reason).toBe("lint_failed");
    return result.ok ? undefined : result.error.detail;
  };

  it("names what is wrong in header and claims", () => {
    const { header, claims } = w;
    for (const [member, h, c] of [
      ["alg", { ...header, alg: "ES384" }, claims],
      ["kid", { ...header, kid: "wit-2" }, claims],
      ["kid", { alg: "ES256", typ: "wit+jwt" }, claims],
      ["typ", { ...header, typ: "JWT" }, claims],
      ["typ", { alg: "ES256", kid: "wit-1" }, claims],
      ["header members", { ...header, jwk: {} }, claims],
      ["sub", header, { ...claims, sub: `${ID}2` }],
      ["iat", header, { ...claims, iat: NOW + 1 }],
      ["exp", header, { ...claims, exp: NOW + 3601 }],
      ["jti", header, { ...claims, jti: undefined }],
      ["claims", header, { ...claims, aud: "https://orders.example.org" }],
      ["claims", header, { ...claims, iss: "https://id.example.org" }],
      ["claims", header, { ...claims, nbf: NOW }],
      ["cnf", header, { ...claims, cnf: undefined }],
      ["cnf", header, { ...claims, cnf: { jwk: claims.cnf.jwk, jkt: "x" } }],
      ["cnf", header, { ...claims, cnf: { jwk: "x" } }],
      ["cnf", header, { ...claims, cnf: [claims.cnf] }],
    ] as const)
      expect(lint(encodeJwsInput(h, c))).toBe(member);
  });

  it("lets nothing but the public members and the algorithm of that one key through", () => {
    const { jwk } = w.claims.cnf;
    for (const [member, changed] of [
      ["cnf key", { ...jwk, d: "AAAA" }],
      ["cnf key", { ...jwk, kid: "a" }],
      ["cnf key", { ...jwk, x: jwk["y"] }],
      ["cnf key", { ...jwk, crv: "P-384" }],
      ["cnf key", { alg: "ES256", kty: "EC" }],
      ["cnf alg", { ...jwk, alg: "ES384" }],
      ["cnf alg", { ...jwk, alg: undefined }],
    ] as const)
      expect(lint(encodeJwsInput(w.header, { ...w.claims, cnf: { jwk: changed } }))).toBe(member);
  });

  it.each([
    ["alg", { alg: "EdDSA" }],
    ["spiffe id", { spiffeId: `spiffe://${trustDomain}` }],
    ["spiffe id", { spiffeId: "spiffe://other.example/a" }],
    ["exp", { expiresAt: NOW + 86_401 }],
    ["exp", { expiresAt: NOW }],
    ["kid", { kid: "" }],
    ["jti", { jti: "short" }],
  ] as const)("refuses %s that should never have been decided", (member, change) => {
    expect(lint(buildWitSvidInput({ ...w.profile, ...change }), change)).toBe(member);
  });

  it.each(["EdDSA", "HS256", "none", "ES384", "RS256"])("refuses a key that signs %s", (alg) => {
    const change = { confirmation: { ...w.profile.confirmation, alg } };
    expect(lint(buildWitSvidInput({ ...w.profile, ...change }), change)).toBe("cnf alg");
  });
});
