import { beforeAll, describe, expect, it } from "vitest";
import { encodeBase64url } from "../../../src/encoding/base64.ts";
import { utf8Encode } from "../../../src/encoding/bytes.ts";
import { jwkOf, spkiOf } from "../../../src/encoding/public-key.ts";
import { platform, rsaModulus } from "../svid/forge.ts";
import { OTHER_JKT } from "../../conformance/attestor.ts";
import { oddProof, proofFor, S } from "./pop-support.ts";
import { ISSUER, NOW } from "./support.ts";
import { issueLeaf, makeBench, type Holder, type PopBench } from "./x509/pop-support.ts";
import { newKey } from "../../fakes/private-key.ts";

/** The proof that goes with a certificate, judged where both are used: by `x509_pop`. */
let bench: PopBench;
let holder: Holder;
beforeAll(async () => {
  bench = await makeBench();
  holder = await issueLeaf(bench.intermediate);
});

const judged = (proof: string, now?: number) => bench.outcomeOf(holder, { proof }, now);
const odd = async (claims: object, header: object = {}) =>
  judged(await oddProof(holder.key, { ...claims }, { ...header }));

describe("a proof of possession of a certificate's key", () => {
  it.each(["P-256", "P-384", "Ed25519", "RSA-2048"] as const)(
    "is taken of a %s key",
    async (kind) => {
      const own = await issueLeaf(bench.intermediate, {}, await newKey(platform, kind));
      expect(await bench.outcomeOf(own)).toBe("accepted");
    },
  );

  it("is taken of a P-521 key", async () => {
    const curve = { name: "ECDSA", namedCurve: "P-521" };
    const pair = await crypto.subtle.generateKey(curve, true, ["sign", "verify"]);
    const pkcs8 = await crypto.subtle.exportKey("pkcs8", pair.privateKey);
    const imported = await platform.importPrivateKey(new Uint8Array(pkcs8));
    if (!imported.ok) throw new Error("not imported");
    const own = await issueLeaf(bench.intermediate, {}, imported.value);
    for (const [alg, expected] of [
      ["ES512", "accepted"],
      ["ES256", "algorithm_not_allowed"],
    ] as const) {
      const proof = await oddProof(own.key, {}, { alg }); // oxlint-disable-line no-await-in-loop
      expect(await bench.outcomeOf(own, { proof })).toBe(expected); // oxlint-disable-line no-await-in-loop
    }
  });

  it("is taken in any algorithm of the key, and in none of another kind of key", async () => {
    const rsa = await issueLeaf(bench.intermediate, {}, await newKey(platform, "RSA-2048"));
    for (const alg of ["RS256", "RS512", "PS256", "PS384"]) {
      const proof = await oddProof(rsa.key, {}, { alg }); // oxlint-disable-line no-await-in-loop
      expect(await bench.outcomeOf(rsa, { proof })).toBe("accepted"); // oxlint-disable-line no-await-in-loop
    }
    for (const alg of [
      "ES384",
      "ES512",
      "EdDSA",
      "RS256",
      "HS256",
      "none",
      "ES256 ",
      "es256",
      "",
    ]) {
      const good = (await oddProof(holder.key)).split(".");
      const header = encodeBase64url(utf8Encode(JSON.stringify({ typ: "svidmint-pop+jwt", alg })));
      expect(await judged([header, good[1], good[2]].join("."))).toBe("algorithm_not_allowed"); // oxlint-disable-line no-await-in-loop
      expect(await judged([header, good[1], ""].join("."))).toBe("algorithm_not_allowed"); // oxlint-disable-line no-await-in-loop
    }
  });

  it("is not asked of a key that anybody can compute", async () => {
    const spki = spkiOf({ type: "RSA", n: rsaModulus(256), e: Uint8Array.of(1, 0, 1) });
    const { certificate } = await issueLeaf(bench.intermediate, { spki });
    const key = await newKey(platform, "RSA-2048");
    expect(await bench.outcomeOf({ key, certificate })).toBe("algorithm_not_allowed");
  });

  it("is signed by the certificate's key, whatever key its header shows", async () => {
    const thief = await platform.generateKey("P-256");
    const jwk = jwkOf(thief.publicKey.info);
    for (const header of [
      {},
      { jwk },
      { kid: "1" },
      { x5c: ["MII"] },
      { jku: "https://evil.example" },
    ]) {
      const proof = await oddProof(thief, {}, header); // oxlint-disable-line no-await-in-loop
      expect(await judged(proof)).toBe("signature_invalid"); // oxlint-disable-line no-await-in-loop
    }
    expect(await odd({}, { jwk })).toBe("accepted");
  });

  it.each([
    "JWT",
    "dpop+jwt",
    "wpt+jwt",
    "SVIDMINT-POP+JWT",
    "application/svidmint-pop+jwt",
    undefined,
  ])("of the type %s is another kind of token", async (typ) => {
    expect(await odd({}, { typ })).toBe("jws_type");
  });

  it.each([
    [ISSUER, "audience_mismatch"],
    [`${ISSUER}/`, "audience_mismatch"],
    [`${ISSUER}/jkt/`, "audience_mismatch"],
    [`${S}x`, "audience_mismatch"],
    [[S, S], "audience_mismatch"],
    [undefined, "audience_mismatch"],
    [S.replace("id.prod", "id.other"), "audience_mismatch"],
    [`${ISSUER}/jkt/${OTHER_JKT}`, "binding_mismatch"],
    [[S], "accepted"],
  ])("for %j: %s", async (aud, expected) => {
    expect(await odd({ aud })).toBe(expected);
  });

  it("is of now, and its replay is over after a minute", async () => {
    const proof = await proofFor(holder.key);
    expect(await judged(proof, NOW + 60)).toBe("accepted");
    expect(await judged(proof, NOW + 61)).toBe("evidence_expired");
    expect(await judged(proof, NOW - 60)).toBe("accepted");
    expect(await judged(proof, NOW - 61)).toBe("evidence_not_yet_valid");
  });

  it.each([
    [{ iat: undefined }, "claim_missing"],
    [{ jti: undefined }, "claim_missing"],
    [{ iat: String(NOW) }, "claim_type"],
    [{ iat: NOW + 0.5 }, "claim_type"],
    [{ iat: null }, "claim_type"],
    [{ iat: NOW * 1000 }, "evidence_not_yet_valid"],
    [{ jti: "" }, "claim_type"],
    [{ jti: 1 }, "claim_type"],
    [{ jti: "x".repeat(256) }, "accepted"],
    [{ jti: "x".repeat(257) }, "claim_type"],
    [{ exp: NOW - 59 }, "accepted"],
    [{ exp: NOW - 60 }, "evidence_expired"],
    [{ exp: "never" }, "evidence_expired"],
    [{ exp: String(NOW + 60) }, "evidence_expired"],
    [{ nbf: NOW + 60 }, "accepted"],
    [{ nbf: NOW + 61 }, "evidence_not_yet_valid"],
    [{ nbf: String(NOW) }, "evidence_not_yet_valid"],
    [{ exp: NOW + 1, nbf: NOW - 1, other: 1 }, "accepted"],
  ])("with %j: %s", async (claims, expected) => {
    expect(await odd(claims)).toBe(expected);
  });

  it("is one JWS of some length, without extensions that change its meaning", async () => {
    expect(await odd({}, { crit: ["b64"], b64: false })).toBe("jws_header_forbidden");
    expect(await odd({ x: "x".repeat(4096) })).toBe("evidence_too_large");
    const proof = await proofFor(holder.key);
    expect(await judged(`${proof}.`)).toBe("jws_malformed");
    expect(await judged(`${proof}=`)).toBe("encoding_invalid");
  });
});
