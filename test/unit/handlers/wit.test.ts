import { importJWK, jwtVerify, SignJWT, calculateJwkThumbprint } from "jose";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { encodeBase64url } from "../../../src/encoding/base64.ts";
import { utf8Encode } from "../../../src/encoding/bytes.ts";
import { jwkOf } from "../../../src/encoding/public-key.ts";
import type { KeyKind } from "../../../src/platform/platform.ts";
import { csrPem } from "../../fakes/csr.ts";
import { tokenKey } from "../../fakes/token-issuer.ts";
import {
  AUDIENCE,
  bootedVm,
  ciToken,
  createWorld,
  cronToken,
  ENDPOINT,
  ISSUER,
  workload,
  type Workload,
  type World,
} from "../issuer/world.ts";
import { forget, problemOf, reasons, signatures } from "./support.ts";
import { post, witOf } from "./wit-support.ts";

let world: World;
let alice: Workload;
let mallory: Workload;

beforeAll(async () => {
  world = await createWorld();
});
beforeEach(async () => {
  forget(world);
  [alice, mallory] = await Promise.all([workload(world), workload(world)]);
});

describe("POST /v1/svids with wit", () => {
  it("is for the key of x509.csr, and lasts an hour", async () => {
    const body = {
      evidence: [await ciToken(world, alice.bound)],
      x509: { csr: alice.csr },
      wit: {},
    };
    const { wit, answer } = await witOf(world, await post(world, body));
    expect(answer.spiffe_id).toBe("spiffe://prod.example/ci/deploy");
    expect(wit.spiffeId.uri).toBe(answer.spiffe_id);
    expect(wit.key).toEqual(alice.key.publicKey.info);
    expect(wit.alg).toBe("ES256");
    expect([wit.expiresAt, answer.wit.expires_at]).toEqual([world.now + 3600, world.now + 3600]);
    expect(signatures(world)).toBe(2);
  });

  it("is for the key of its own csr, or of the DPoP proof", async () => {
    const evidence = [await ciToken(world, alice.bound)];
    const byCsr = await witOf(
      world,
      await post(world, { evidence, wit: { csr: alice.csr, ttl_seconds: 60 } }),
    );
    expect(byCsr.wit.key).toEqual(alice.key.publicKey.info);
    expect(byCsr.wit.expiresAt).toBe(world.now + 60);
    const byDpop = await witOf(
      world,
      await post(world, { evidence, wit: { ttl_seconds: 86_400 } }, alice),
    );
    expect(byDpop.wit.key).toEqual(alice.key.publicKey.info);
    expect(byDpop.wit.expiresAt).toBe(world.now + 3600);
    expect(world.keys.witSigner.signed).toHaveLength(2);
  });

  it("is taken by jose with the published key, and its key with what the workload signs", async () => {
    const body = { evidence: [await ciToken(world, alice.bound)], wit: { csr: alice.csr } };
    const { token } = await witOf(world, await post(world, body));
    const published = (await (await world.fetch(new Request(`${ISSUER}/bundle/wit`))).json()) as {
      keys: { use: string; kid: string }[];
    };
    const jwk = published.keys.find(({ use }) => use === "wit-svid");
    const key = await importJWK({ ...jwk, alg: "ES256" });
    const { payload, protectedHeader } = await jwtVerify(token, key, {
      typ: "wit+jwt",
      currentDate: new Date(world.now * 1000),
    });
    expect(protectedHeader).toEqual({ alg: "ES256", kid: jwk?.kid, typ: "wit+jwt" });
    expect(Object.keys(payload).toSorted()).toEqual(["cnf", "exp", "iat", "jti", "sub"]);
    const confirmed = Object(payload["cnf"]).jwk;
    expect(await calculateJwkThumbprint(confirmed)).toBe(alice.jkt);
    expect(confirmed).toEqual({ ...jwkOf(alice.key.publicKey.info), alg: "ES256" });
  });

  it.each<[KeyKind, string]>([
    ["P-384", "ES384"],
    ["RSA-2048", "RS256"],
  ])("names the algorithm of a %s key: %s", async (kind, alg) => {
    const key = await world.platform.generateKey(kind);
    const csr = await csrPem(world.platform, key);
    const { wit } = await witOf(
      world,
      await post(world, { evidence: [await cronToken(world)], wit: { csr } }),
    );
    expect(wit).toMatchObject({ alg, key: key.publicKey.info });
  });

  it("names the algorithm of the DPoP proof where an RSA key has several", async () => {
    const key = await tokenKey("PS256", "w");
    const text = JSON.stringify({ evidence: [await cronToken(world)], wit: {} });
    const hash = await world.platform.digest("SHA-256", utf8Encode(text));
    const { kty, n, e } = key.jwk as Record<string, string>;
    const proof = await new SignJWT({
      htm: "POST",
      htu: ENDPOINT,
      jti: "one-time-value",
      iat: world.now,
      body_sha256: encodeBase64url(hash),
    })
      .setProtectedHeader({ alg: "PS256", typ: "dpop+jwt", jwk: { kty, n, e } as JsonWebKey })
      .sign(key.privateKey);
    const { wit } = await witOf(world, await world.post(text, { dpop: proof }));
    expect(wit).toMatchObject({ alg: "PS256", key: { type: "RSA" } });
  });

  it("under a claim is for a new key, and the DPoP key stays the owner", async () => {
    const evidence = [await bootedVm(world)];
    const { wit } = await witOf(
      world,
      await post(world, { evidence, wit: { csr: mallory.csr } }, alice),
    );
    expect(wit.key).toEqual(mallory.key.publicKey.info);
    const again = await post(world, { evidence, wit: { csr: mallory.csr } });
    expect((await problemOf(again)).code).toBe("evidence_claimed");
    expect((await post(world, { evidence, wit: {} }, alice)).status).toBe(200);
  });
});

describe("wit without the right key", () => {
  it.each<[string, (evidence: object[]) => Promise<Response>, string, string]>([
    [
      "no key at all",
      (evidence) => post(world, { evidence, wit: {} }),
      "possession_failed",
      "missing",
    ],
    [
      "another CSR than that of x509",
      (evidence) => post(world, { evidence, x509: { csr: alice.csr }, wit: { csr: mallory.csr } }),
      "possession_failed",
      "key_mismatch",
    ],
    [
      "a CSR of another key than the evidence names",
      (evidence) => post(world, { evidence, wit: { csr: mallory.csr } }),
      "evidence_rejected",
      "binding_mismatch",
    ],
    [
      "another DPoP key than the evidence names",
      (evidence) => post(world, { evidence, wit: {} }, mallory),
      "evidence_rejected",
      "binding_mismatch",
    ],
    [
      "a CSR of another key than the DPoP proof",
      (evidence) => post(world, { evidence, wit: { csr: mallory.csr } }, alice),
      "possession_failed",
      "key_mismatch",
    ],
    [
      "a CSR that is none",
      (evidence) => post(world, { evidence, wit: { csr: "x" } }),
      "possession_failed",
      "csr_malformed",
    ],
  ])("is refused: %s", async (_, send, code, reason) => {
    const answer = await send([await ciToken(world, alice.bound)]);
    expect((await problemOf(answer)).code).toBe(code);
    expect(reasons(world)).toEqual([expect.stringContaining(reason)]);
    expect(signatures(world)).toBe(0);
  });

  it.each([
    ["alone", {}],
    ["beside a token that needs no key", { jwt: { audience: [AUDIENCE] } }],
  ])("is refused for mere audience, too, where no key is proved: %s", async (_, beside) => {
    const body = { evidence: [await cronToken(world)], wit: {}, ...beside };
    expect((await problemOf(await post(world, body))).code).toBe("possession_failed");
    expect(reasons(world)).toEqual(["possession_missing"]);
    expect(signatures(world)).toBe(0);
  });

  it("is refused for mere audience, too, where CSR and DPoP name two keys", async () => {
    const body = { evidence: [await cronToken(world)], wit: { csr: mallory.csr } };
    expect((await problemOf(await post(world, body, alice))).code).toBe("possession_failed");
    expect(reasons(world)).toEqual(["key_mismatch"]);
  });

  it("is refused for a key that no WIT-SVID names, before anything is claimed", async () => {
    const ed = await world.platform.generateKey("Ed25519");
    const csr = await csrPem(world.platform, ed);
    const evidence = [await bootedVm(world, "i-0fedcba9876543210")];
    expect((await problemOf(await post(world, { evidence, wit: { csr } }))).code).toBe(
      "possession_failed",
    );
    expect(reasons(world)).toEqual(["key_unsupported"]);
    expect((await post(world, { evidence, wit: { csr: alice.csr } })).status).toBe(200);
  });

  it("is no matter of a certificate alone, for which the rule takes such a key", async () => {
    const taking = await createWorld({
      rules: [
        {
          name: "cron",
          evidence: { "oidc.cron": {} },
          spiffe_id: "/cron",
          binding: { "oidc.cron": "audience" },
          x509: { key_types: ["ed25519"] },
        },
      ],
    });
    const csr = await csrPem(taking.platform, await taking.platform.generateKey("Ed25519"));
    const evidence = [await cronToken(taking)];
    expect((await post(taking, { evidence, x509: { csr } })).status).toBe(200);
  });

  it("does not spare jwt its DPoP proof", async () => {
    const evidence = [await ciToken(world, alice.bound)];
    const body = { evidence, jwt: { audience: [AUDIENCE] }, wit: { csr: alice.csr } };
    expect((await problemOf(await post(world, body))).code).toBe("possession_failed");
    expect(signatures(world)).toBe(0);
  });
});

describe("what is asked for", () => {
  it.each([
    [null],
    [[]],
    [true],
    ["ES256"],
    [{ audience: [AUDIENCE] }],
    [{ csr: "" }],
    [{ csr: null }],
    [{ csr: "x".repeat(16_385) }],
    [{ ttl_seconds: 0 }],
    [{ ttl_seconds: 1.5 }],
    [{ ttl: 60 }],
    [{ jwk: {} }],
  ])("has no such form: %j", async (wit) => {
    const answer = await post(world, { evidence: [await cronToken(world)], wit }, alice);
    expect((await problemOf(answer)).code).toBe("request_malformed");
  });

  it("is refused as a whole where the rule gives no wit", async () => {
    const stingy = await createWorld({
      rules: [{ name: "ci", evidence: { "oidc.ci": {} }, spiffe_id: "/ci", x509: {} }],
    });
    const evidence = [await ciToken(stingy, alice.bound)];
    const body = { evidence, x509: { csr: alice.csr }, wit: {} };
    expect((await problemOf(await post(stingy, body))).code).toBe("refused");
    expect(reasons(stingy)).toEqual(["kind_not_granted"]);
    expect(signatures(stingy)).toBe(0);
  });

  it.each(["application/jwt", "application/pem-certificate-chain"])(
    "is never answered as a bare %s",
    async (accept) => {
      const text = JSON.stringify({ evidence: [await cronToken(world)], wit: {} });
      const answer = await world.post(text, { accept, dpop: await alice.dpop(text) });
      expect((await problemOf(answer)).code).toBe("request_malformed");
    },
  );
});
