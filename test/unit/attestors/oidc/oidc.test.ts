import { describe, expect, it } from "vitest";
import { oidc } from "../../../../src/attestors/oidc/oidc.ts";
import { accepted, expectRefused, JKT, judge } from "../../../conformance/attestor.ts";
import { tokenAttestorConformance } from "../../../conformance/token-attestor.ts";
import { FakeNetwork } from "../../../fakes/network.ts";
import { keySet, keySetUrl, tokenKey, type TokenAlgorithm } from "../../../fakes/token-issuer.ts";
import { build, buildClean, complaints, ISSUER, NOW } from "../support.ts";

const CI = "https://ci.example.com";
const KEYS = "https://ci.example.com/keys";
const CLAIMS = {
  iss: CI,
  aud: ISSUER as unknown,
  sub: "org:42:pipeline:deploy",
  organization_id: "42",
  branch: "main",
  iat: NOW - 10,
  exp: NOW + 300,
};

const key = await tokenKey("ES256", "ci-1");
const jwks = keySetUrl(key);
const entry = { issuer: CI, pin: { claim: "organization_id", values: ["42", "43"] }, jwks };

tokenAttestorConformance("oidc", async () => {
  const network = new FakeNetwork();
  return {
    attestor: await buildClean(oidc, { ci: entry }, { network }),
    elsewhere: await buildClean(oidc, { ci: entry }, { trustDomain: "test.example" }),
    factor: oidc.factors(oidc.config.parse({ ci: entry }))[0]!,
    now: NOW,
    key,
    network,
    audience: ISSUER,
    maxLifetimeSeconds: 3600,
    claims: (aud) => ({ ...CLAIMS, aud }),
    members: { type: "oidc" },
    foreign: async () => ({
      type: "oidc",
      token: await key.sign({ ...CLAIMS, organization_id: "44" }),
    }),
    fetching: (served) => buildClean(oidc, { ci: { ...entry, jwks: KEYS } }, { network: served }),
    keysUrl: KEYS,
  };
});

async function judgeClaims(claims: object, settings: object = entry, more: object = {}) {
  const attestor = await buildClean(oidc, { ci: settings });
  return judge(attestor, { type: "oidc", token: await key.sign(claims), ...more }, NOW, JKT);
}

describe("oidc", () => {
  it("attests what the token says, under the entry's name", async () => {
    const claims = {
      ...CLAIMS,
      nbf: NOW - 300,
      jti: "7",
      protected: true,
      attempt: 3,
      groups: ["a", "b"],
      nested: { x: 1 },
      empty: "",
      nothing: null,
    };
    expect(accepted(await judgeClaims(claims))).toEqual({
      type: "oidc",
      name: "oidc.ci",
      claims: {
        iss: CI,
        sub: CLAIMS.sub,
        organization_id: "42",
        branch: "main",
        jti: "7",
        protected: true,
        attempt: 3,
        groups: ["a", "b"],
      },
      binding: { kind: "audience" },
      notBefore: NOW - 10,
      notAfter: NOW + 300,
      claimKey: expect.stringMatching(/^[0-9a-f]{64}$/),
      generation: 0,
    });
  });

  it("attests no names that objects inherit", async () => {
    const text = JSON.stringify({ ...CLAIMS, constructor: "x" });
    const token = await key.signText(
      JSON.stringify({ alg: "ES256", kid: "ci-1" }),
      `${text.slice(0, -1)},"__proto__":"p"}`,
    );
    const { claims } = accepted(
      await judge(await buildClean(oidc, { ci: entry }), { type: "oidc", token }, NOW),
    );
    expect(Object.getPrototypeOf(claims)).toBe(null);
    expect(claims["constructor"]).toBe("x");
    expect(claims["toString"]).toBeUndefined();
    expect(claims["hasOwnProperty"]).toBeUndefined();
  });

  it.each(["9007199254740993", "1e300", "1.5", "-0.1"])(
    "refuses a claim that is the number %s",
    async (text) => {
      const payload = JSON.stringify({ ...CLAIMS, build: "HERE" }).replace('"HERE"', text);
      const token = await key.signText(JSON.stringify({ alg: "ES256", kid: "ci-1" }), payload);
      expectRefused(
        await judge(await buildClean(oidc, { ci: entry }), { type: "oidc", token }, NOW),
        "claim_type",
      );
    },
  );

  it.each<[TokenAlgorithm, boolean]>([
    ["RS256", true],
    ["ES256", true],
    ["ES384", true],
    ["PS256", false],
    ["EdDSA", false],
  ])("takes %s unasked: %s, and each where the entry names it", async (alg, unasked) => {
    const other = await tokenKey(alg, "k");
    const token = await other.sign(CLAIMS);
    const settings = { ...entry, jwks: keySetUrl(other) };
    const plain = await judge(
      await buildClean(oidc, { ci: settings }),
      { type: "oidc", token },
      NOW,
    );
    expect(plain.ok).toBe(unasked);
    if (!plain.ok) expectRefused(plain, "algorithm_not_allowed");
    accepted(
      await judge(
        await buildClean(oidc, { ci: { ...settings, algorithms: [alg] } }),
        { type: "oidc", token },
        NOW,
      ),
    );
    const others = ["RS256", "ES256", "ES384", "PS256", "EdDSA"].filter((name) => name !== alg);
    const without = await buildClean(oidc, { ci: { ...settings, algorithms: others } });
    expectRefused(await judge(without, { type: "oidc", token }, NOW), "algorithm_not_allowed");
  });

  it("takes up to max_lifetime and no more", async () => {
    const long = { ...entry, max_lifetime: "6h" };
    accepted(await judgeClaims({ ...CLAIMS, iat: NOW, exp: NOW + 21_600 }, long));
    expectRefused(
      await judgeClaims({ ...CLAIMS, iat: NOW, exp: NOW + 21_601 }, long),
      "evidence_lifetime",
    );
    const short = { ...entry, max_lifetime: "10m" };
    expectRefused(
      await judgeClaims({ ...CLAIMS, iat: NOW, exp: NOW + 601 }, short),
      "evidence_lifetime",
    );
  });

  describe("pin", () => {
    it.each(["44", "4", "", "42 ", "*", undefined, null, 42, ["42"], true])(
      "refuses the customer %j",
      async (id) => {
        expectRefused(
          await judgeClaims({ ...CLAIMS, organization_id: id }),
          "tenant_not_configured",
          "claim_missing",
          "claim_type",
        );
      },
    );
    it("leaves the value to the rules where only the claim is named", async () => {
      const settings = { ...entry, pin: "organization_id" };
      accepted(await judgeClaims({ ...CLAIMS, organization_id: "44" }, settings));
      expectRefused(
        await judgeClaims({ ...CLAIMS, organization_id: undefined }, settings),
        "claim_missing",
      );
      expectRefused(await judgeClaims({ ...CLAIMS, organization_id: 44 }, settings), "claim_type");
      expect(oidc.factors(oidc.config.parse({ ci: settings }))[0]?.pins).toEqual([
        { claim: "organization_id", values: [], stated: true },
      ]);
    });
    it("may be the issuer", async () => {
      const settings = { ...entry, pin: "issuer" };
      accepted(await judgeClaims({ ...CLAIMS, organization_id: undefined }, settings));
      expect(oidc.factors(oidc.config.parse({ ci: settings }))[0]?.pins).toEqual([
        { claim: "iss" },
      ]);
    });
    it("offers rules its claim, and any other", () => {
      expect(oidc.factors(oidc.config.parse({ ci: entry }))).toEqual([
        {
          name: "oidc.ci",
          type: "oidc",
          claims: { iss: "string", sub: "string", organization_id: "string" },
          open: true,
          pins: [{ claim: "organization_id", values: ["42", "43"] }],
          bindings: ["key", "audience"],
          defaultBinding: "key",
          joinable: ["sub", "organization_id"],
          settings: [],
        },
      ]);
    });
  });

  describe("entries of one issuer", async () => {
    const second = await tokenKey("ES256", "ci-1");
    const third = await tokenKey("ES256", "ci-1");
    const attestor = await buildClean(oidc, {
      first: entry,
      second: { ...entry, jwks: keySetUrl(second) },
      alone: { ...entry, issuer: "https://alone.example.com", jwks: keySetUrl(third) },
    });
    const judgeEntry = async (signer: typeof key, name: unknown, claims: object = CLAIMS) =>
      judge(
        attestor,
        {
          type: "oidc",
          token: await signer.sign(claims),
          ...(name !== undefined && { entry: name }),
        },
        NOW,
      );

    it("must be told apart by the request", async () => {
      expectRefused(await judgeEntry(key, undefined), "entry_required");
      expect(accepted(await judgeEntry(key, "first")).name).toBe("oidc.first");
      expect(accepted(await judgeEntry(second, "second")).name).toBe("oidc.second");
    });
    it("never share their keys, even under one kid", async () => {
      expectRefused(await judgeEntry(key, "second"), "signature_invalid");
      expectRefused(await judgeEntry(second, "first"), "signature_invalid");
      expectRefused(await judgeEntry(third, "first"), "signature_invalid");
    });
    it("can be chosen only among those of the token's issuer", async () => {
      for (const name of ["alone", "third", "", "oidc.first", "__proto__"]) {
        expectRefused(await judgeEntry(key, name), "issuer_not_configured"); // oxlint-disable-line no-await-in-loop
      }
      expectRefused(await judgeEntry(key, 1), "body_schema");
    });
    it("need not be named where one has its issuer", async () => {
      const claims = { ...CLAIMS, iss: "https://alone.example.com" };
      expect(accepted(await judgeEntry(third, undefined, claims)).name).toBe("oidc.alone");
      expect(accepted(await judgeEntry(third, "alone", claims)).name).toBe("oidc.alone");
    });
  });

  describe("issuer", () => {
    it("tells a trailing slash", async () => {
      const slash = { ...entry, issuer: `${CI}/` };
      accepted(await judgeClaims({ ...CLAIMS, iss: `${CI}/` }, slash));
      expectRefused(await judgeClaims(CLAIMS, slash), "issuer_not_configured");
    });
    it("may be any text where keys are given", async () => {
      accepted(
        await judgeClaims(
          { ...CLAIMS, iss: "urn:example:ci" },
          { ...entry, issuer: "urn:example:ci" },
        ),
      );
    });
    it.each([ISSUER, `${ISSUER}/`, "https://ID.prod.example", "https://id.prod.example:443"])(
      "must not be our own: %s",
      async (issuer) => {
        const { issues } = await build(oidc, { ci: { ...entry, issuer } });
        expect(issues).toContainEqual(
          expect.objectContaining({ path: ["ci", "issuer"], severity: "error" }),
        );
      },
    );
    it.each([
      "http://ci.example.com",
      "https://ci.example.com/../x",
      "https://u@ci.example.com",
      "https://ci.example.com?x",
      "http://127.0.0.1:9",
    ])("must be plain https: %s", async (issuer) => {
      for (const settings of [
        { ...entry, issuer },
        { ...entry, issuer, jwks: undefined },
      ]) {
        const { issues } = await build(oidc, { ci: settings }); // oxlint-disable-line no-await-in-loop
        expect(issues).toContainEqual(
          expect.objectContaining({ path: ["ci", "issuer"], severity: "error" }),
        );
      }
    });
    it("may be on this machine where ours is", async () => {
      const settings = { ...entry, issuer: "http://127.0.0.1:9000" };
      const { issues } = await build(oidc, { ci: settings }, { issuer: "http://localhost:8080" });
      expect(issues).toEqual([]);
    });
    it("must be a URL where its discovery document names the keys", async () => {
      const { issues } = await build(oidc, {
        ci: { ...entry, issuer: "urn:example:ci", jwks: undefined },
      });
      expect(issues.length).toBeGreaterThan(0);
    });
  });

  describe("discovery", () => {
    const DOCUMENT = `${CI}/.well-known/openid-configuration`;
    const settings = { issuer: CI, pin: "organization_id" };
    async function judgeBy(network: FakeNetwork, by: object = settings) {
      const attestor = await buildClean(oidc, { ci: by }, { network });
      return judge(attestor, { type: "oidc", token: await key.sign(CLAIMS) }, NOW);
    }
    it("finds the keys on the issuer's host", async () => {
      const network = new FakeNetwork()
        .serveJson(DOCUMENT, { issuer: CI, jwks_uri: KEYS })
        .serveJson(KEYS, keySet(key));
      accepted(await judgeBy(network));
      expect(network.calls).toEqual([DOCUMENT, KEYS]);
    });
    it.each<unknown>([
      { issuer: CI, jwks_uri: "https://attacker.example/keys" },
      { issuer: CI, jwks_uri: "https://ci.example.com.attacker.example/keys" },
      { issuer: CI, jwks_uri: "https://ci.example.com:8443/keys" },
      { issuer: CI, jwks_uri: "https://keys.ci.example.com/" },
      { issuer: CI, jwks_uri: "https://ci.example.com@attacker.example/keys" },
      { issuer: CI, jwks_uri: "http://ci.example.com/keys" },
      { issuer: CI, jwks_uri: "/keys" },
      { issuer: CI, jwks_uri: [KEYS] },
      { issuer: CI },
      { issuer: `${CI}/`, jwks_uri: KEYS },
      { issuer: "https://attacker.example", jwks_uri: KEYS },
      { jwks_uri: KEYS },
      [],
      null,
    ])("goes nowhere with %j (CVE-2026-49478)", async (document) => {
      const network = new FakeNetwork()
        .serveJson(DOCUMENT, document)
        .serveJson(KEYS, keySet(key))
        .serveJson("https://attacker.example/keys", keySet(key));
      expectRefused(await judgeBy(network), "keys_unavailable");
      expect(network.calls).toEqual([DOCUMENT]);
    });
    it("is not led elsewhere by a redirect", async () => {
      const network = new FakeNetwork()
        .serve(DOCUMENT, () => Response.redirect("https://attacker.example/", 302))
        .serveJson("https://attacker.example/", { issuer: CI, jwks_uri: KEYS })
        .serveJson(KEYS, keySet(key));
      expectRefused(await judgeBy(network), "keys_unavailable");
      expect(network.calls).toEqual([DOCUMENT]);
    });
    it("puts one slash between, whichever the issuer has", async () => {
      const issuer = `${CI}/`;
      const network = new FakeNetwork()
        .serveJson(DOCUMENT, { issuer, jwks_uri: KEYS })
        .serveJson(KEYS, keySet(key));
      const attestor = await buildClean(oidc, { ci: { ...settings, issuer } }, { network });
      accepted(
        await judge(
          attestor,
          { type: "oidc", token: await key.sign({ ...CLAIMS, iss: issuer }) },
          NOW,
        ),
      );
    });
  });

  describe("dev", () => {
    const dev = { dev: { dev: true, pin: "issuer", jwks } };
    it("serves on a loopback host", async () => {
      const issuer = "http://127.0.0.1:8080";
      const attestor = await buildClean(oidc, dev, { issuer });
      const token = await key.sign({
        ...CLAIMS,
        iss: "urn:svidmint:dev:dev",
        aud: `${issuer}/jkt/${JKT}`,
      });
      expect(accepted(await judge(attestor, { type: "oidc", token }, NOW, JKT))).toMatchObject({
        name: "oidc.dev",
        binding: { kind: "key", jkt: JKT },
      });
    });
    it.each([
      "https://id.prod.example",
      "https://127.0.0.1",
      "https://localhost",
      "http://id.prod.example",
      "http://127.0.0.1.example",
      "http://10.0.0.1",
    ])("is refused where the issuer is %s", async (issuer) => {
      const { issues } = await build(oidc, dev, { issuer });
      expect(issues).toContainEqual(
        expect.objectContaining({ path: ["dev", "dev"], severity: "error" }),
      );
    });
    it("needs keys and no preset", () => {
      expect(complaints(oidc, { dev: { dev: true, pin: "issuer" } })).toEqual(["dev.jwks"]);
      expect(complaints(oidc, { dev: { ...dev.dev, dev: false } })).toContain("dev.dev");
    });
  });

  describe("configuration", () => {
    it.each<[object, string]>([
      [{ ci: {} }, "ci.issuer,ci.pin"],
      [{ ci: { issuer: CI } }, "ci.pin"],
      [{ ci: { pin: "issuer" } }, "ci.issuer"],
      [{ ci: { ...entry, pin: "" } }, "ci.pin"],
      [{ ci: { ...entry, pin: { claim: "x", values: [] } } }, "ci.pin.values"],
      [{ ci: { ...entry, pin: { claim: "x" } } }, "ci.pin"],
      [{ ci: { ...entry, pin: "aud" } }, "ci.pin"],
      [{ ci: { ...entry, pin: { claim: "exp", values: ["1"] } } }, "ci.pin"],
      [{ ci: { ...entry, preset: "github_actions" } }, "ci.preset"],
      [{ ci: { ...entry, algorithms: ["HS256"] } }, "ci.algorithms.0"],
      [{ ci: { ...entry, algorithms: ["none"] } }, "ci.algorithms.0"],
      [{ ci: { ...entry, algorithms: [] } }, "ci.algorithms"],
      [{ ci: { ...entry, max_lifetime: "25h" } }, "ci.max_lifetime"],
      [{ ci: { ...entry, max_lifetime: "0s" } }, "ci.max_lifetime"],
      [{ ci: { ...entry, jwks: "keys.json" } }, "ci.jwks"],
      [{ ci: { ...entry, jwks_max_bytes: 1_000_000 } }, "ci.jwks_max_bytes"],
      [{ ci: { ...entry, audience: `${ISSUER}/jkt/x` } }, "ci.audience"],
      [{ ci: { ...entry, unknown: 1 } }, "ci"],
      [{ "c.i": entry }, "c.i"],
    ])("refuses %j", (section, paths) => {
      expect(complaints(oidc, section).join(",")).toBe(paths);
    });
    it("reports a key set that is none, or has a key twice", async () => {
      const twice = `data:,${JSON.stringify({ keys: [key.jwk, key.jwk, { kty: "oct", k: "AA", kid: "x" }] })}`;
      const warned = await build(oidc, { ci: { ...entry, jwks: twice } });
      expect(warned.issues).toMatchObject([{ path: ["ci", "jwks"], severity: "warning" }]);
      for (const text of [
        "",
        "[]",
        '{"keys":{}}',
        '{"keys":[]}',
        '{"keys":[],"keys":[]}',
        JSON.stringify({ keys: [{ ...key.jwk, kid: undefined }] }),
      ]) {
        const broken = await build(oidc, { ci: { ...entry, jwks: `data:,${text}` } }); // oxlint-disable-line no-await-in-loop
        expect(broken.issues).toMatchObject([{ path: ["ci", "jwks"], severity: "error" }]);
      }
    });
  });
});
