import { describe, expect, it } from "vitest";
import { oidcDefinition } from "../../../../src/attestors/oidc/oidc.ts";
import type { OidcPreset } from "../../../../src/attestors/oidc/preset.ts";
import { accepted, outcome, judge } from "../../../conformance/attestor.ts";
import { keySetUrl, tokenKey } from "../../../fakes/token-issuer.ts";
import { buildClean, complaints, ISSUER, NOW } from "../support.ts";

/** No real service: what a preset can say of one. */
const FORGE: OidcPreset = {
  name: "forge",
  issuer: "https://forge.example.com",
  algorithms: ["ES256"],
  claims: {
    customer_id: { kind: "string", path: ["customer", "id"], required: true },
    ref: { kind: "string" },
    runner: { kind: "number" },
    scopes: { kind: "strings" },
    protected: { kind: "boolean" },
  },
  pin: "customer_id",
  defaultBinding: "audience",
  joinable: ["customer_id"],
  instanceClaims: [],
  demands: [
    { path: ["user"], reason: "not_a_workload", absent: true },
    { path: ["cause"], reason: "run_not_allowed", oneOf: ["push"], optIn: "allow_causes" },
  ],
  issuerForm: { pattern: /^https:\/\/[a-z]+\.example\.com$/, text: "https://<x>.example.com" },
  check: ({ issuer, customers }) =>
    issuer === "https://closed.example.com" ? [["issuer", `is closed to ${customers[0]}`]] : [],
};
const OWN: OidcPreset = {
  name: "own",
  claims: { sub: { kind: "string" } },
  defaultBinding: "key",
  joinable: ["sub"],
};

const definition = oidcDefinition([FORGE, OWN]);
const key = await tokenKey("ES256", "forge-1");
const jwks = keySetUrl(key);
const entry = { preset: "forge", customer_id: ["7", "8"], jwks };
const CLAIMS = {
  iss: "https://forge.example.com",
  aud: ISSUER,
  iat: NOW,
  exp: NOW + 300,
  customer: { id: "7" },
  ref: "main",
  runner: 12,
  scopes: ["a"],
  protected: false,
  cause: "push",
  secret: "not in the preset",
};

async function judgeClaims(claims: object, settings: object = entry) {
  const attestor = await buildClean(definition, { ci: settings });
  return judge(attestor, { type: "oidc", token: await key.sign(claims) }, NOW);
}

describe("an oidc preset", () => {
  it("gives the claims that it names, wherever they lie in the token", async () => {
    expect(accepted(await judgeClaims(CLAIMS)).claims).toEqual({
      customer_id: "7",
      ref: "main",
      runner: 12,
      scopes: ["a"],
      protected: false,
    });
  });
  it("believes the customers that its entry lists", async () => {
    expect(outcome(await judgeClaims({ ...CLAIMS, customer: { id: "8" } }))).toBe("accepted");
    expect(outcome(await judgeClaims(CLAIMS, { ...entry, customer_id: "7" }))).toBe("accepted");
    expect(outcome(await judgeClaims({ ...CLAIMS, customer: { id: "9" } }))).toBe(
      "tenant_not_configured",
    );
    expect(outcome(await judgeClaims({ ...CLAIMS, customer_id: "7", customer: { id: "9" } }))).toBe(
      "tenant_not_configured",
    );
  });
  it.each([undefined, null, "", {}, { id: "" }, { id: null }])(
    "refuses the customer %j",
    async (customer) => {
      expect(outcome(await judgeClaims({ ...CLAIMS, customer_id: "7", customer }))).toBe(
        "claim_missing",
      );
    },
  );
  it.each([
    ["customer", { id: 7 }],
    ["customer", []],
    ["customer", "7"],
    ["ref", 1],
    ["runner", "12"],
    ["runner", 1.5],
    ["scopes", "a"],
    ["scopes", [1]],
    ["protected", "false"],
  ])("refuses %s of another type: %j", async (member, value) => {
    expect(outcome(await judgeClaims({ ...CLAIMS, [member]: value }))).toBe("claim_type");
  });
  it("leaves absent what the token does not say", async () => {
    const { ref: _, runner: __, ...rest } = CLAIMS;
    expect(accepted(await judgeClaims({ ...rest, scopes: null })).claims).toEqual({
      customer_id: "7",
      protected: false,
    });
  });
  it("demands more of a token, as far as the entry does not widen it", async () => {
    expect(outcome(await judgeClaims({ ...CLAIMS, user: "x" }))).toBe("not_a_workload");
    const pulled = { ...CLAIMS, cause: "pull" };
    expect(outcome(await judgeClaims(pulled))).toBe("run_not_allowed");
    expect(outcome(await judgeClaims(pulled, { ...entry, allow_causes: ["tag", "pull"] }))).toBe(
      "accepted",
    );
    expect(outcome(await judgeClaims(pulled, { ...entry, allow_causes: "pul" }))).toBe(
      "run_not_allowed",
    );
    expect(outcome(await judgeClaims(CLAIMS, { ...entry, allow_causes: "pull" }))).toBe("accepted");
  });
  it("has its algorithms", async () => {
    const rsa = await tokenKey("RS256", "forge-2");
    const attestor = await buildClean(definition, { ci: { ...entry, jwks: keySetUrl(rsa) } });
    expect(
      outcome(await judge(attestor, { type: "oidc", token: await rsa.sign(CLAIMS) }, NOW)),
    ).toBe("algorithm_not_allowed");
  });
  it("tells rules what it is", () => {
    expect(
      definition.factors(
        definition.config().parse({
          ci: entry,
          mine: { preset: "own", issuer: "https://own.example", jwks },
        }),
      ),
    ).toEqual([
      {
        name: "oidc.ci",
        type: "oidc",
        claims: {
          customer_id: "string",
          ref: "string",
          runner: "number",
          scopes: "strings",
          protected: "boolean",
        },
        pins: [{ claim: "customer_id", values: ["7", "8"] }],
        bindings: ["key", "audience"],
        defaultBinding: "audience",
        joinable: ["customer_id"],
        instanceClaims: [],
        settings: [],
      },
      {
        name: "oidc.mine",
        type: "oidc",
        claims: { iss: "string", sub: "string" },
        pins: [{ claim: "iss" }],
        bindings: ["key", "audience"],
        defaultBinding: "key",
        joinable: ["sub"],
        settings: [],
      },
    ]);
  });
  it.each<[object, string]>([
    [{ preset: "forge" }, "ci.customer_id"],
    [{ preset: "forge", customer_id: [] }, "ci.customer_id"],
    [{ preset: "forge", customer_id: [7] }, "ci.customer_id"],
    [{ preset: "forge", customer_id: "7", pin: "issuer" }, "ci.pin"],
    [{ preset: "own" }, "ci.issuer"],
    [{ preset: "own", issuer: "https://own.example", customer_id: "7" }, "ci.customer_id"],
    [{ issuer: "https://own.example", pin: "sub", customer_id: "7" }, "ci.customer_id"],
    [{ preset: "forge", customer_id: "7", dev: true, jwks }, "ci.dev"],
    [{ preset: "forge", customer_id: "7", issuer: "https://forge.example.org" }, "ci.issuer"],
    [{ preset: "forge", customer_id: "7", issuer: "https://closed.example.com" }, "ci.issuer"],
    [{ preset: "forge", customer_id: "7", audience: "sts.amazonaws.com" }, "ci.audience"],
    [{ preset: "forge", customer_id: "7", allow_causes: [] }, "ci.allow_causes"],
    [{ preset: "own", issuer: "https://own.example", allow_causes: "x" }, "ci.allow_causes"],
    [{ issuer: "https://own.example", pin: "sub", allow_causes: "x" }, "ci.allow_causes"],
    [{ preset: "smithy", issuer: "https://own.example", pin: "sub" }, "ci.preset"],
  ])("refuses the entry %j", (settings, path) => {
    expect(complaints(definition, { ci: settings })).toEqual([path]);
  });
});
