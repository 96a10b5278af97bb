import { calculateJwkThumbprint, EmbeddedJWK, jwtVerify, SignJWT, type JWTPayload } from "jose";
import { describe, expect, it } from "vitest";
import { proveDpop } from "../../../src/attestors/possession.ts";
import { signDpop } from "../../../src/client/dpop.ts";
import { jwkOf } from "../../../src/encoding/public-key.ts";
import type { KeyKind } from "../../../src/platform/platform.ts";
import { countingPlatform } from "../../fakes/counting-platform.ts";
import { base64url, tokenKey, utf8, type TokenAlgorithm } from "../../fakes/token-issuer.ts";
import {
  bodySha256,
  body,
  CLAIMS,
  HTU,
  NONE,
  NOW,
  platform,
  proof,
  prove,
  reasons,
  refusal,
} from "./dpop-support.ts";
import { newKey } from "../../fakes/private-key.ts";

const ALGORITHMS: readonly TokenAlgorithm[] = ["ES256", "ES384", "RS256", "PS256", "EdDSA"];
const KINDS: readonly KeyKind[] = ["P-256", "P-384", "RSA-2048", "Ed25519"];

describe("possession by DPoP", () => {
  it.each(ALGORITHMS)("takes a proof that jose signed with %s", async (alg) => {
    const made = await tokenKey(alg, "k");
    const claims: JWTPayload = { ...CLAIMS };
    const header = await new SignJWT(claims)
      .setProtectedHeader({ alg, typ: "dpop+jwt", jwk: made.jwk })
      .sign(made.privateKey);
    expect(await prove(header)).toMatchObject({
      ok: true,
      value: { jti: "one-time-value", jkt: await calculateJwkThumbprint(made.jwk) },
    });
  });

  it.each(KINDS)("makes proofs with a %s key that jose takes, and takes them", async (kind) => {
    const made = await newKey(platform, kind);
    const header = await signDpop(platform, made, { url: HTU, body });
    const verified = await jwtVerify(header, EmbeddedJWK, {
      typ: "dpop+jwt",
      currentDate: new Date(NOW * 1000),
      maxTokenAge: 60,
    });
    expect(verified.payload).toMatchObject({ htm: "POST", htu: HTU, body_sha256: bodySha256 });
    const jkt = await calculateJwkThumbprint({ ...jwkOf(made.publicKey.info) });
    expect(await prove(header)).toMatchObject({
      ok: true,
      value: { jkt, jti: verified.payload["jti"] },
    });
  });

  it("costs one verification, after everything else", async () => {
    const { platform: counted, calls } = countingPlatform();
    const target = { htu: HTU, bodySha256, now: NOW };
    const deps = { platform: counted, ours: NONE };
    for (const claims of [
      { htu: "x" },
      { htm: "GET" },
      { iat: 0 },
      { jti: "" },
      { body_sha256: "x" },
    ])
      expect(await proveDpop(await proof(claims), target, deps)).toMatchObject({ ok: false });
    expect(calls).toEqual({ imports: 0, verifications: 0 });
    expect(await proveDpop(await proof(), target, deps)).toMatchObject({ ok: true });
    expect(calls).toEqual({ imports: 0, verifications: 1 });
  });

  it("refuses a proof replayed with another body", async () => {
    const other = base64url(
      await platform.digest("SHA-256", utf8('{"jwt":{"audience":["https://evil.example"]}}')),
    );
    const header = await proof();
    expect(await prove(header, { bodySha256: other })).toMatchObject(refusal("dpop_body_mismatch"));
    expect(await prove(header)).toMatchObject({ ok: true });
    expect(
      await reasons([
        proof({ body_sha256: `${bodySha256}=` }),
        proof({ body_sha256: bodySha256.toUpperCase() }),
        proof({ body_sha256: "" }),
      ]),
    ).toEqual(["dpop_body_mismatch"]);
    expect(
      await reasons([
        proof({ body_sha256: undefined }),
        proof({ body_sha256: null }),
        proof({ body_sha256: [bodySha256] }),
      ]),
    ).toEqual(["dpop_malformed"]);
  });

  it("refuses a proof for another method or URL, however alike", async () => {
    const urls = [
      `${HTU}/`,
      `${HTU}?`,
      `${HTU}?a=b`,
      `${HTU}#x`,
      HTU.replace("https", "http"),
      HTU.replace("id.", "ID."),
      HTU.replace("/v1/svids", ":443/v1/svids"),
      HTU.replace("svids", "SVIDS"),
      HTU.replace("/v1/", "/v1//"),
      HTU.replace("/v1/", "/v1/./"),
      HTU.replace("svids", "svid%73"),
      HTU.replace("prod.example", "prod.example.evil.example"),
      HTU.replace("https://", "https://user@"),
      "https://id.prod.example/v1/token",
      ` ${HTU}`,
      "/v1/svids",
      "",
      undefined,
      null,
      [HTU],
    ];
    expect(await reasons(urls.map((htu) => proof({ htu })))).toEqual(["dpop_target_mismatch"]);
    const methods = ["GET", "post", "Post", "POST ", "", undefined, null, ["POST"]];
    expect(await reasons(methods.map((htm) => proof({ htm })))).toEqual(["dpop_target_mismatch"]);
  });

  it("takes a proof 60 s old or early, and none 61 s off", async () => {
    for (const iat of [NOW - 60, NOW, NOW + 60])
      expect(await prove(await proof({ iat }))).toMatchObject({ ok: true });
    expect(
      await reasons([NOW - 61, NOW + 61, 0, -1, NOW * 1000].map((iat) => proof({ iat }))),
    ).toEqual(["dpop_time"]);
    const wrong = [undefined, null, String(NOW), NOW + 0.5, [NOW], true, 1e300, 2 ** 53];
    expect(await reasons(wrong.map((iat) => proof({ iat })))).toEqual(["dpop_malformed"]);
  });

  it("holds a proof to an end and a beginning that it states", async () => {
    for (const claims of [{ exp: NOW + 30, nbf: NOW - 30 }, { exp: NOW - 59 }, { nbf: NOW + 60 }])
      expect(await prove(await proof(claims))).toMatchObject({ ok: true });
    expect(
      await reasons([
        proof({ exp: NOW - 60 }),
        proof({ nbf: NOW + 61 }),
        proof({ exp: String(NOW + 60) }),
        proof({ nbf: null }),
      ]),
    ).toEqual(["dpop_time"]);
  });

  it("refuses a jti that is missing, empty, too long or no string", async () => {
    const wrong = [undefined, null, "", "x".repeat(257), 1, ["x"], {}];
    expect(await reasons(wrong.map((jti) => proof({ jti })))).toEqual(["dpop_malformed"]);
    for (const jti of ["x", "x".repeat(256)])
      expect(await prove(await proof({ jti }))).toMatchObject({ ok: true, value: { jti } });
  });

  it("refuses types other than dpop+jwt", async () => {
    const wrong = [undefined, "JWT", "DPOP+JWT", "application/dpop+jwt", "dpop+jwt ", "", 1];
    expect(await reasons(wrong.map((typ) => proof({}, { typ })))).toEqual(["dpop_malformed"]);
  });
});
