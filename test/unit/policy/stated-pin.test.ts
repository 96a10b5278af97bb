import { describe, expect, it } from "vitest";
import type { ClaimValue, FactorInfo } from "../../../src/attestation.ts";
import { match } from "../../../src/policy/match.ts";
import { compile, errorsOf, fact, NOW, rule } from "./fixtures.ts";

const CI: FactorInfo = {
  name: "oidc.ci",
  type: "oidc",
  claims: { organization_id: "string" },
  open: true,
  pins: [{ claim: "organization_id", values: [], stated: true }],
  bindings: ["key", "audience"],
  defaultBinding: "key",
  joinable: [],
  settings: [],
};

function errors(matchers: Readonly<Record<string, unknown>>, spiffeId = "/ci") {
  const evidence = { "oidc.ci": matchers };
  return errorsOf(compile([rule({ evidence, spiffe_id: spiffeId })], undefined, {}, [CI]).issues);
}

describe("a pin whose values each rule states", () => {
  it("takes any exact value, and a list where the values lead to different ids", () => {
    expect(errors({ organization_id: "42" })).toEqual([]);
    expect(errors({ organization_id: ["42", "43"] }, "/ci/{oidc.ci.organization_id}")).toEqual([]);
  });
  it("must be stated", () => {
    expect(errors({})).toEqual([expect.stringMatching(/oidc\.ci: state organization_id/)]);
    expect(errors({ branch: "main" })).toEqual([expect.stringMatching(/state organization_id/)]);
  });
  it.each(["*", "4*", ["42", "4*"]])("is never a pattern: %j", (value) => {
    expect(errors({ organization_id: value })).toEqual([expect.stringMatching(/never a pattern/)]);
  });
  it.each(["", [], 42, null, true])("is text: refuses %j", (value) => {
    expect(errors({ organization_id: value })).not.toEqual([]);
  });
  it("is one text in evidence, too, whatever the issuer may put there", () => {
    const { policy } = compile(
      [rule({ evidence: { "oidc.ci": { organization_id: "42" } }, spiffe_id: "/ci" })],
      undefined,
      {},
      [{ ...CI, claims: {} }],
    );
    const given = (organization_id: ClaimValue) => {
      const token = fact("oidc.ci", { organization_id }, { binding: { kind: "key", jkt: "k" } });
      return policy && match(policy, [token], { now: NOW }).ok;
    };
    expect(given(["42"])).toBe(false);
    expect(given(["41", "42"])).toBe(false);
    expect(given("42")).toBe(true);
  });
  it("keeps two customers apart, as any pin does", () => {
    expect(errors({ organization_id: ["42", "43"] })).not.toEqual([]);
  });
});
