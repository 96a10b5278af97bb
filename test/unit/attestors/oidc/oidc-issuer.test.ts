import { describe, expect, it } from "vitest";
import { oidc } from "../../../../src/attestors/oidc/oidc.ts";
import { judge, outcome } from "../../../conformance/attestor.ts";
import { FakeNetwork } from "../../../fakes/network.ts";
import { keySet } from "../../../fakes/token-issuer.ts";
import { build, buildClean, heldBundles, ISSUER, NOW } from "../support.ts";
import { CI, KEYS, CLAIMS, key, judgeClaims, entry } from "./oidc-support.ts";

describe("oidc", () => {
  describe("issuer", () => {
    it("tells a trailing slash", async () => {
      const slash = { ...entry, issuer: `${CI}/` };
      expect(outcome(await judgeClaims({ ...CLAIMS, iss: `${CI}/` }, slash))).toBe("accepted");
      expect(outcome(await judgeClaims(CLAIMS, slash))).toBe("issuer_not_configured");
    });
    it("may be any text where keys are given", async () => {
      expect(
        outcome(
          await judgeClaims(
            { ...CLAIMS, iss: "urn:example:ci" },
            { ...entry, issuer: "urn:example:ci" },
          ),
        ),
      ).toBe("accepted");
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
      "HTTPS://ci.example.com",
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

  describe("a token that may be an SVID of a bundle that we hold, which is evidence of another type", () => {
    const bundles = heldBundles({ "prod.example": undefined, "partner.example": undefined });
    it.each([
      ["spiffe://partner.example/web", "claim_value"],
      ["spiffe://partner.example", "claim_value"],
      ["SPIFFE://Partner.Example/web", "claim_value"],
      ["spiffe://prod.example/web", "claim_value"],
      ["spiffe://elsewhere.example/web", "accepted"],
      ["spiffe://partner.example.org/web", "accepted"],
      ["of spiffe://partner.example/web", "accepted"],
      ["partner.example", "accepted"],
      [7, "accepted"],
      [undefined, "accepted"],
    ])("by its sub %j: %s", async (sub, expected) => {
      const attestor = await buildClean(oidc, { ci: entry }, { bundles });
      const token = await key.sign({ ...CLAIMS, sub });
      expect(outcome(await judge(attestor, { type: "oidc", token }, NOW))).toBe(expected);
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
      expect(outcome(await judgeBy(network))).toBe("accepted");
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
      expect(outcome(await judgeBy(network))).toBe("keys_unavailable");
      expect(network.calls).toEqual([DOCUMENT]);
    });
    it("is not led elsewhere by a redirect", async () => {
      const network = new FakeNetwork()
        .serve(DOCUMENT, () => Response.redirect("https://attacker.example/", 302))
        .serveJson("https://attacker.example/", { issuer: CI, jwks_uri: KEYS })
        .serveJson(KEYS, keySet(key));
      expect(outcome(await judgeBy(network))).toBe("keys_unavailable");
      expect(network.calls).toEqual([DOCUMENT]);
    });
    it("puts one slash between, whichever the issuer has", async () => {
      const issuer = `${CI}/`;
      const network = new FakeNetwork()
        .serveJson(DOCUMENT, { issuer, jwks_uri: KEYS })
        .serveJson(KEYS, keySet(key));
      const attestor = await buildClean(oidc, { ci: { ...settings, issuer } }, { network });
      expect(
        outcome(
          await judge(
            attestor,
            { type: "oidc", token: await key.sign({ ...CLAIMS, iss: issuer }) },
            NOW,
          ),
        ),
      ).toBe("accepted");
    });
  });
});
