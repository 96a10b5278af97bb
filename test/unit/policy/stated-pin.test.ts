import { describe, expect, it } from "vitest";
import type { FactorInfo } from "../../../src/attestation.ts";
import { compile, errorsOf, rule } from "./fixtures.ts";

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
  it("keeps two customers apart, as any pin does", () => {
    expect(errors({ organization_id: ["42", "43"] })).not.toEqual([]);
  });
});
