import { describe, expect, it } from "vitest";
import { UNREAD } from "../../../../src/attestation.ts";
import { oidc } from "../../../../src/attestors/oidc/oidc.ts";
import { accepted, judge, outcome } from "../../../conformance/attestor.ts";
import { tokenAttestorConformance } from "../../../conformance/token-attestor.ts";
import { FakeNetwork } from "../../../fakes/network.ts";
import { keySet, keySetUrl, tokenKey } from "../../../fakes/token-issuer.ts";
import { buildClean, ISSUER, NOW } from "../support.ts";
import { CI, KEYS, CLAIMS, key, entry, judgeClaims } from "./oidc-support.ts";

tokenAttestorConformance("oidc", async () => {
  const network = new FakeNetwork();
  return {
    attestor: await buildClean(oidc, { ci: entry }, { network }),
    elsewhere: await buildClean(oidc, { ci: entry }, { trustDomain: "test.example" }),
    factor: oidc.factors(oidc.config().parse({ ci: entry }))[0]!,
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
      mixed: ["a", 1],
      holes: ["a", null],
      numbers: [1],
      none: [],
      empty: "",
      nothing: null,
    };
    const attested = accepted(await judgeClaims(claims));
    expect(attested).toEqual({
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
        nested: UNREAD,
        mixed: UNREAD,
        holes: UNREAD,
        numbers: UNREAD,
        none: [],
      },
      binding: { kind: "audience" },
      notBefore: NOW - 10,
      notAfter: NOW + 300,
      claimKey: expect.stringMatching(/^[0-9a-f]{64}$/),
      generation: 0,
    });
    const unread = Object.entries(attested.claims).filter(([, value]) => value === UNREAD);
    expect(unread.map(([name]) => name)).toEqual(["nested", "mixed", "holes", "numbers"]);
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
      expect(
        outcome(await judge(await buildClean(oidc, { ci: entry }), { type: "oidc", token }, NOW)),
      ).toBe("claim_type");
    },
  );

  it.each([
    ["RS256", "accepted"],
    ["ES256", "accepted"],
    ["ES384", "accepted"],
    ["PS256", "algorithm_not_allowed"],
    ["EdDSA", "algorithm_not_allowed"],
  ] as const)("judges unasked %s: %s; takes it where the entry names it", async (alg, unasked) => {
    const other = await tokenKey(alg, "k");
    const token = await other.sign(CLAIMS);
    const settings = { ...entry, jwks: keySetUrl(other) };
    const plain = await judge(
      await buildClean(oidc, { ci: settings }),
      { type: "oidc", token },
      NOW,
    );
    expect(outcome(plain)).toBe(unasked);
    expect(
      outcome(
        await judge(
          await buildClean(oidc, { ci: { ...settings, algorithms: [alg] } }),
          { type: "oidc", token },
          NOW,
        ),
      ),
    ).toBe("accepted");
    const others = ["RS256", "ES256", "ES384", "PS256", "EdDSA"].filter((name) => name !== alg);
    const without = await buildClean(oidc, { ci: { ...settings, algorithms: others } });
    expect(outcome(await judge(without, { type: "oidc", token }, NOW))).toBe(
      "algorithm_not_allowed",
    );
  });

  it("takes the audience of its entry in place of the issuer's", async () => {
    const own = { ...entry, audience: "https://own.example" };
    expect(outcome(await judgeClaims({ ...CLAIMS, aud: "https://own.example" }, own))).toBe(
      "accepted",
    );
    expect(outcome(await judgeClaims(CLAIMS, own))).toBe("audience_mismatch");
  });

  it("takes a key set of more than 64 KiB only where its entry says so", async () => {
    const large = { ...keySet(key), filler: "x".repeat(65_536) };
    for (const [more, expected] of [
      [{}, "keys_unavailable"],
      [{ jwks_max_bytes: 131_072 }, "accepted"],
    ] as const) {
      const network = new FakeNetwork().serveJson(KEYS, large);
      // oxlint-disable-next-line no-await-in-loop -- two
      const attestor = await buildClean(
        oidc,
        { ci: { ...entry, ...more, jwks: KEYS } },
        { network },
      );
      const token = await key.sign(CLAIMS); // oxlint-disable-line no-await-in-loop
      expect(outcome(await judge(attestor, { type: "oidc", token }, NOW))).toBe(expected); // oxlint-disable-line no-await-in-loop
    }
  });

  it("takes up to max_lifetime and no more", async () => {
    const long = { ...entry, max_lifetime: "6h" };
    expect(outcome(await judgeClaims({ ...CLAIMS, iat: NOW, exp: NOW + 21_600 }, long))).toBe(
      "accepted",
    );
    expect(outcome(await judgeClaims({ ...CLAIMS, iat: NOW, exp: NOW + 21_601 }, long))).toBe(
      "evidence_lifetime",
    );
    const short = { ...entry, max_lifetime: "10m" };
    expect(outcome(await judgeClaims({ ...CLAIMS, iat: NOW, exp: NOW + 601 }, short))).toBe(
      "evidence_lifetime",
    );
  });

  describe("pin", () => {
    it.each(["44", "4", "", "42 ", "*", undefined, null, 42, ["42"], true])(
      "refuses the customer %j",
      async (id) => {
        expect(["tenant_not_configured", "claim_missing", "claim_type"]).toContain(
          outcome(await judgeClaims({ ...CLAIMS, organization_id: id })),
        );
      },
    );
    it("leaves the value to the rules where only the claim is named", async () => {
      const settings = { ...entry, pin: "organization_id" };
      expect(outcome(await judgeClaims({ ...CLAIMS, organization_id: "44" }, settings))).toBe(
        "accepted",
      );
      expect(outcome(await judgeClaims({ ...CLAIMS, organization_id: undefined }, settings))).toBe(
        "claim_missing",
      );
      expect(outcome(await judgeClaims({ ...CLAIMS, organization_id: 44 }, settings))).toBe(
        "claim_type",
      );
      expect(oidc.factors(oidc.config().parse({ ci: settings }))[0]?.pins).toEqual([
        { claim: "organization_id", values: [], stated: true },
      ]);
    });
    it("may be the issuer", async () => {
      const settings = { ...entry, pin: "issuer" };
      expect(outcome(await judgeClaims({ ...CLAIMS, organization_id: undefined }, settings))).toBe(
        "accepted",
      );
      expect(oidc.factors(oidc.config().parse({ ci: settings }))[0]?.pins).toEqual([
        { claim: "iss" },
      ]);
    });
    it("offers rules its claim, and any other", () => {
      expect(oidc.factors(oidc.config().parse({ ci: entry }))).toEqual([
        {
          name: "oidc.ci",
          type: "oidc",
          claims: { iss: "string", sub: "string", organization_id: "string" },
          open: true,
          withheld: ["aud", "exp", "nbf", "iat"],
          pins: [{ claim: "organization_id", values: ["42", "43"] }],
          bindings: ["key", "audience"],
          defaultBinding: "key",
          joinable: ["sub", "organization_id"],
          settings: [],
        },
      ]);
    });
  });
});
