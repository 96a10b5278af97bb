import { describe, expect, it } from "vitest";
import { spiffe } from "../../../../src/attestors/spiffe/spiffe.ts";
import { compilePolicy } from "../../../../src/policy/compile.ts";
import { isDenied } from "../../../../src/policy/deny.ts";
import { accepted, judge } from "../../../conformance/attestor.ts";
import { TRUST_DOMAIN } from "../../issuer/names.ts";
import { build, complaints, heldBundles, ISSUER, NOW } from "../support.ts";
import { held, ID, JKT, jwtSvid, make, OWN, PEER } from "./spiffe-support.ts";

describe("the section spiffe", () => {
  it.each<[string, object, string[]]>([
    ["no trust domains", {}, ["trust_domains"]],
    ["none", { trust_domains: [] }, ["trust_domains"]],
    ["a URI", { trust_domains: ["spiffe://partner.example"] }, ["trust_domains.0"]],
    ["a pattern", { trust_domains: ["*.example"] }, ["trust_domains.0"]],
    ["capitals", { trust_domains: [PEER, "Partner.example"] }, ["trust_domains.1"]],
    ["an audience with our mark", { trust_domains: [PEER], audience: "x/jkt/y" }, ["audience"]],
    ["a life of two days", { trust_domains: [PEER], max_lifetime: "2d" }, ["max_lifetime"]],
    ["keys of its own", { trust_domains: [PEER], jwks: "file:x" }, [""]],
  ])("refuses %s", (_, settings, paths) => {
    expect(complaints(spiffe, settings)).toEqual(paths);
  });

  it("refuses a trust domain whose bundle is not configured", async () => {
    const settings = { trust_domains: [OWN, "stranger.example", PEER] };
    const { issues } = await build(spiffe, settings, { bundles: heldBundles(held) });
    expect(issues).toEqual([
      expect.objectContaining({ path: ["trust_domains", 1], severity: "error" }),
    ]);
  });
});

function problems(
  rule: object,
  trustDomains: readonly string[],
  deny: readonly object[] = [],
): string[] {
  const factors = [
    ...spiffe.factors({ trust_domains: [...trustDomains] }),
    {
      name: "oidc.ci",
      type: "oidc",
      claims: { sub: "string" as const },
      pins: [{ claim: "iss" }],
      bindings: ["key" as const],
      defaultBinding: "key" as const,
      joinable: ["sub"],
      settings: [],
    },
  ];
  const whole = { name: "a", spiffe_id: "/a", x509: {}, ...rule };
  const context = {
    trustDomain: TRUST_DOMAIN,
    issuer: ISSUER,
    claimStore: false,
    peers: new Map(),
  };
  const { issues } = compilePolicy({ rules: [whole], deny }, factors, context);
  return issues
    .filter(({ severity }) => severity === "error")
    .map(({ path, message }) => `${path.join(".")}: ${message}`);
}

describe("rules", () => {
  const never = [expect.stringMatching(/^rules\.0\.evidence\.spiffe: .* never the only factor/)];

  it("never take an SVID of our own trust domain alone", () => {
    expect(problems({ evidence: { spiffe: { trust_domain: OWN } } }, [OWN, PEER])).toEqual(never);
    expect(problems({ evidence: { spiffe: {} } }, [OWN])).toEqual(never);
    expect(problems({ evidence: { spiffe: { path: "/ci/*" } }, mode: "audit" }, [OWN])).toEqual(
      never,
    );
    const both = { evidence: { spiffe: { trust_domain: [PEER, OWN] } }, shared_id: true };
    expect(problems(both, [OWN, PEER])).toEqual(never);
  });

  it("take it beside another factor that it is joined to, and a peer's alone", () => {
    const join = [["spiffe.spiffe_id", "oidc.ci.sub"]];
    const two = { evidence: { spiffe: { trust_domain: OWN }, "oidc.ci": {} }, join };
    expect(problems(two, [OWN, PEER])).toEqual([]);
    expect(problems({ ...two, join: undefined }, [OWN, PEER])).toEqual([
      expect.stringMatching(/^rules\.0: state join/),
    ]);
    expect(problems({ evidence: { spiffe: { trust_domain: PEER } } }, [OWN, PEER])).toEqual([]);
  });

  it("pin the trust domain by a value that evidence lists, never by a pattern", () => {
    for (const pin of ["*.example", "stranger.example"])
      expect(problems({ evidence: { spiffe: { trust_domain: pin } } }, [PEER, OWN])).toEqual([
        expect.stringMatching(/^rules\.0\.evidence\.spiffe\.trust_domain: /),
      ]);
    expect(problems({ evidence: { spiffe: {} } }, [PEER, OWN])).toEqual([
      expect.stringMatching(/state trust_domain/),
    ]);
  });
});

describe("deny", () => {
  it.each([ID, `spiffe://${PEER}/orders/*`, `spiffe://${PEER}/*/api`])(
    "refuses the SPIFFE ID that comes in: %s",
    async (spiffe_id) => {
      const token = await jwtSvid();
      const fact = accepted(await judge(await make(), { type: "spiffe", token }, NOW, JKT));
      const { policy } = compilePolicy(
        {
          rules: [{ name: "a", evidence: { spiffe: {} }, spiffe_id: "/a", x509: {} }],
          deny: [{ spiffe_id }],
        },
        spiffe.factors({ trust_domains: [PEER] }),
        { trustDomain: TRUST_DOMAIN, issuer: ISSUER, claimStore: false, peers: new Map() },
      );
      if (policy === undefined) throw new Error("no policy");
      expect(isDenied(policy.deny, fact)).toBe(true);
      const other = { ...fact, claims: { ...fact.claims, spiffe_id: `${ID}/other` } };
      expect(isDenied(policy.deny, other)).toBe(false);
    },
  );
});
