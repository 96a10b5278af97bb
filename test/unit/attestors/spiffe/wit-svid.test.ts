import { calculateJwkThumbprint } from "jose";
import { describe, expect, it } from "vitest";
import { accepted, judge } from "../../../conformance/attestor.ts";
import { tokenKey } from "../../../fakes/token-issuer.ts";
import { ISSUER, NOW } from "../support.ts";
import {
  cnfOf,
  ENDPOINT,
  hashOf,
  ID,
  JKT,
  jwtClaims,
  jwtSvid,
  make,
  own,
  OWN,
  peer,
  PEER,
  thief,
  third,
  THIEF_JKT,
  verdict,
  witSvid,
  workload,
  wptFor,
} from "./spiffe-support.ts";

const attestor = await make();

describe("a WIT-SVID of a peer", () => {
  it("attests its SPIFFE ID for the key in it, and bounds what is issued on it", async () => {
    const token = await witSvid();
    const evidence = { type: "spiffe", token, wpt: await wptFor(token) };
    expect(accepted(await judge(attestor, evidence, NOW, JKT))).toMatchObject({
      claims: { spiffe_id: ID, trust_domain: PEER, path: "/orders/api" },
      binding: { kind: "key", jkt: JKT },
      notAfter: NOW + 3600,
      svidNotAfter: NOW + 3600,
    });
  });

  it("may live for long, and is taken to the second of its leeway", async () => {
    const token = await witSvid({ exp: NOW + 90_000, iat: undefined });
    expect(await verdict(attestor, token, await wptFor(token))).toBe("accepted");
    const late = await witSvid({ exp: NOW - 59 });
    expect(await verdict(attestor, late, await wptFor(late))).toBe("accepted");
    const ended = await witSvid({ exp: NOW - 60 });
    expect(await verdict(attestor, ended, await wptFor(ended))).toBe("evidence_expired");
  });

  it.each<[string, object, string]>([
    ["an audience", { aud: ENDPOINT }, "claim_value"],
    ["no cnf", { cnf: undefined }, "claim_missing"],
    ["a thumbprint for a key", { cnf: { jkt: JKT } }, "claim_missing"],
    [
      "no alg for its key",
      { cnf: { jwk: { ...cnfOf(workload), alg: undefined } } },
      "claim_missing",
    ],
    ["a private key", { cnf: { jwk: { ...cnfOf(workload), d: "AAAA" } } }, "claim_value"],
    ["a secret", { cnf: { jwk: { kty: "oct", k: "AAAA", alg: "HS256" } } }, "claim_value"],
    ["no exp", { exp: undefined }, "claim_missing"],
    ["no sub", { sub: undefined }, "claim_missing"],
    ["the trust domain itself", { sub: `spiffe://${PEER}` }, "claim_value"],
    ["a trust domain that is not believed", { sub: `spiffe://${OWN}/a` }, "tenant_not_configured"],
  ])("is refused with %s", async (_, change, reason) => {
    const token = await witSvid(change);
    expect(await verdict(attestor, token, await wptFor(token))).toBe(reason);
  });

  it("is verified by WIT authorities of its own trust domain alone", async () => {
    const believing = await make({ trust_domains: [OWN, PEER, "third.example"] });
    for (const [key, header, reason] of [
      [own.wit, {}, "signature_invalid"],
      [third.wit, {}, "signature_invalid"],
      [peer.jwt, {}, "key_unknown"],
      [peer.jwt, { kid: "key-1-wit" }, "signature_invalid"],
      [thief, { kid: "key-1-wit" }, "signature_invalid"],
      [peer.wit, { kid: undefined }, "key_unknown"],
      [peer.wit, { alg: "none" }, "algorithm_not_allowed"],
    ] as const) {
      const token = await witSvid({}, header, key); // oxlint-disable-line no-await-in-loop -- one after another
      expect(await verdict(believing, token, await wptFor(token))).toBe(reason); // oxlint-disable-line no-await-in-loop -- one after another
    }
  });

  it("is no bearer token, and no JWT-SVID: neither passes for the other", async () => {
    const token = await witSvid();
    expect(await verdict(attestor, token)).toBe("possession_missing");
    // A WIT-SVID under another type, and a JWT-SVID under that of a WIT-SVID, each signed by its own key.
    const asJwt = await witSvid({ aud: ISSUER, exp: NOW + 300 }, { typ: "JWT" });
    expect(await verdict(attestor, asJwt)).toBe("key_unknown");
    expect(await verdict(attestor, asJwt, await wptFor(asJwt))).toBe("evidence_malformed");
    const untyped = await witSvid({ aud: ISSUER, exp: NOW + 300 }, { typ: undefined });
    expect(await verdict(attestor, untyped)).toBe("key_unknown");
    const asWit = await peer.jwt.sign(jwtClaims, { typ: "wit+jwt" });
    expect(await verdict(attestor, asWit, await wptFor(asWit))).toBe("claim_value");
    const jwt = await jwtSvid();
    expect(await verdict(attestor, jwt, await wptFor(jwt))).toBe("evidence_malformed");
  });
});

describe("the proof beside it", () => {
  it("is made by the one algorithm that the token holds its key to", async () => {
    const rsa = await tokenKey("RS256", "rsa");
    const { kty, n, e } = rsa.jwk;
    const jkt = await calculateJwkThumbprint(rsa.jwk);
    for (const [alg, reason] of [
      ["RS256", "accepted"],
      ["PS256", "algorithm_not_allowed"],
      ["RS512", "algorithm_not_allowed"],
    ]) {
      const token = await witSvid({ cnf: { jwk: { kty, n, e, alg } } }); // oxlint-disable-line no-await-in-loop -- one after another
      expect(await verdict(attestor, token, await wptFor(token, {}, {}, rsa), jkt)).toBe(reason); // oxlint-disable-line no-await-in-loop -- one after another
    }
  });

  it.each<[string, object]>([
    [
      "more claims, an iat, and its audience in a list of one",
      { iat: NOW, nbf: NOW, iss: "x", aud: [ENDPOINT] },
    ],
    ["two minutes to go and the leeway", { exp: NOW + 180 }],
    ["a beginning within the leeway", { iat: NOW + 60, nbf: NOW + 60 }],
    ["a jti of the greatest length", { jti: "x".repeat(256) }],
  ])("may have %s", async (_, change) => {
    const token = await witSvid();
    expect(await verdict(attestor, token, await wptFor(token, change))).toBe("accepted");
  });

  it.each<[string, object, string]>([
    ["no aud", { aud: undefined }, "audience_mismatch"],
    ["the issuer for an audience", { aud: ISSUER }, "audience_mismatch"],
    ["another endpoint", { aud: "https://b.example/v1/svids" }, "audience_mismatch"],
    ["a query", { aud: `${ENDPOINT}?x` }, "audience_mismatch"],
    ["two audiences", { aud: [ENDPOINT, "https://b.example"] }, "audience_mismatch"],
    ["no jti", { jti: undefined }, "claim_missing"],
    ["an empty jti", { jti: "" }, "claim_missing"],
    ["a long jti", { jti: "x".repeat(257) }, "claim_missing"],
    ["no exp", { exp: undefined }, "claim_missing"],
    ["exp as text", { exp: `${NOW}` }, "claim_type"],
    ["an end", { exp: NOW - 60 }, "evidence_expired"],
    ["more than minutes to go", { exp: NOW + 181 }, "evidence_lifetime"],
    ["a beginning", { nbf: NOW + 61 }, "evidence_not_yet_valid"],
    ["an iat in the future", { iat: NOW + 61 }, "evidence_not_yet_valid"],
    ["an iat that is no time", { iat: "now" }, "claim_type"],
    ["an nbf that is no time", { nbf: "later" }, "claim_type"],
    ["an exp between two seconds", { exp: NOW + 60.5 }, "claim_type"],
    ["an iat before all time", { iat: -1 }, "claim_type"],
    ["no hash of the token", { wth: undefined }, "binding_mismatch"],
    [
      "the hash of nothing",
      { wth: "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU" },
      "binding_mismatch",
    ],
    ["the hash of an access token", { ath: "x" }, "claim_value"],
    ["the hash of a transaction token", { tth: "x" }, "claim_value"],
    ["hashes of other tokens", { oth: {} }, "claim_value"],
  ])("is refused with %s", async (_, change, reason) => {
    const token = await witSvid();
    expect(await verdict(attestor, token, await wptFor(token, change))).toBe(reason);
  });

  it.each<[string, object, string]>([
    ["no typ", { typ: undefined }, "jws_type"],
    ["typ JWT", { typ: "JWT" }, "jws_type"],
    ["the typ of a DPoP proof", { typ: "dpop+jwt" }, "jws_type"],
    ["an algorithm that cnf does not name", { alg: "ES384" }, "algorithm_not_allowed"],
    ["alg none", { alg: "none" }, "algorithm_not_allowed"],
    ["crit", { crit: ["wth"] }, "jws_header_forbidden"],
  ])("is refused with %s in its header", async (_, header, reason) => {
    const token = await witSvid();
    expect(await verdict(attestor, token, await wptFor(token, {}, header))).toBe(reason);
  });

  it("is that of this token, by the key in it", async () => {
    const token = await witSvid();
    const other = await witSvid({ jti: "another" });
    expect(await verdict(attestor, token, await wptFor(other))).toBe("binding_mismatch");
    const proof = await wptFor(token, {}, {}, thief);
    expect(await verdict(attestor, token, proof)).toBe("signature_invalid");
    // The thief's own key in the request, or in the proof's header, is not the one in the token.
    expect(await verdict(attestor, token, proof, THIEF_JKT)).toBe("binding_mismatch");
    const carried = await wptFor(token, {}, { jwk: cnfOf(thief) }, thief);
    expect(await verdict(attestor, token, carried)).toBe("signature_invalid");
    const mine = await witSvid({ cnf: { jwk: cnfOf(thief) } }, {}, thief);
    expect(await verdict(attestor, mine, await wptFor(mine, {}, {}, thief), THIEF_JKT)).toBe(
      "key_unknown",
    );
  });

  it("is of no use after its time, nor with another key proved", async () => {
    const token = await witSvid();
    const wpt = await wptFor(token);
    expect(await verdict(attestor, token, wpt, JKT, NOW + 119)).toBe("accepted");
    expect(await verdict(attestor, token, wpt, JKT, NOW + 120)).toBe("evidence_expired");
    expect(await verdict(attestor, token, wpt, THIEF_JKT)).toBe("binding_mismatch");
    const bare = await judge(attestor, { type: "spiffe", token, wpt }, NOW);
    expect(bare).toMatchObject({ ok: false, error: { reason: "binding_mismatch" } });
  });

  it("is text, and never throws, whatever it is", async () => {
    const token = await witSvid();
    const good = await wptFor(token);
    const texts = ["", ".", "..", "x.y.z", good.slice(1), `${good}A`, `${good} `, good + good];
    for (const wpt of [...texts, "A".repeat(100_000), token])
      expect(await verdict(attestor, token, wpt)).not.toBe("accepted"); // oxlint-disable-line no-await-in-loop -- one after another
    for (const wpt of [null, 1, [good], { token: good }])
      expect(attestor.evidence.safeParse({ type: "spiffe", token, wpt }).success).toBe(false);
    expect(await hashOf(token)).toHaveLength(43);
  });
});
