import { expect, it } from "vitest";
import { GOOD_RULE, load, type Json } from "./config-world.ts";

/** Slips of somebody who has read the documentation: each is told what mends it, and nothing that leads elsewhere. */

const oidc = (entry: Json): Json => ({
  evidence: { oidc: { ci: { issuer: "https://ci.example.com", pin: "issuer", ...entry } } },
  rules: [],
});
const LONG = "https://a-name-of-some-length.orders.example.org";

it.each<[string, Json, readonly string[]]>([
  [
    "a text where a list is expected, longer than the list may be",
    { rules: [{ ...GOOD_RULE, jwt: { audiences: LONG } }] },
    ["rules.0.jwt.audiences: expected a list, found text"],
  ],
  [
    "an empty text where a list is expected",
    { rules: [{ ...GOOD_RULE, jwt: { audiences: "" } }] },
    ["rules.0.jwt.audiences: expected a list, found an empty text"],
  ],
  [
    "a pin with one value",
    oidc({ pin: { claim: "org", values: "42" } }),
    ["evidence.oidc.ci.pin.values: expected a list, found text"],
  ],
  [
    "a pin without values",
    oidc({ pin: { claim: "org" } }),
    ["evidence.oidc.ci.pin.values: required"],
  ],
  [
    "a pin with more than it has",
    oidc({ pin: { claim: "org", values: ["42"], issuer: true } }),
    ["evidence.oidc.ci.pin.issuer: unknown key"],
  ],
  [
    "a pin that is a list",
    oidc({ pin: ["org"] }),
    ["evidence.oidc.ci.pin: found a list, which is not allowed here"],
  ],
  [
    "an issuer that is no URL",
    oidc({ issuer: "ci" }),
    [
      "evidence.oidc.ci.issuer: expected an https: URL in its one plain spelling, or, with jwks, text that is no URL",
      "evidence.oidc.ci.issuer: expected an https: URL without user information",
    ],
  ],
  ["a key by its id", { keys: { jwt: ["jwt-7"] } }, ["keys.jwt.0: expected a map"]],
  ["a key of no backend", { keys: { jwt: [{ id: "jwt-7" }] } }, ["keys.jwt.0.backend: required"]],
  [
    "a login by its method",
    { keys: { jwt: [{ ...vaultKey(), login: "token" }] } },
    ["keys.jwt.0.login: expected a map"],
  ],
  [
    "the name of a table that is too short",
    { claims: { store: "dynamodb", table: "t", region: "eu-central-1" } },
    [
      "claims.table: expected the name of a table, not its ARN: 3 to 255 letters, digits, _ . and -",
    ],
  ],
])("%s", async (_, parts, errors) => {
  expect((await load(parts)).errors).toEqual(errors);
});

function vaultKey(): Json {
  return {
    id: "jwt-7",
    backend: "vault_transit",
    key: "https://vault.example.org:8200/v1/transit/keys/jwt",
    public_key: "data:,x",
    published_at: "2026-11-01T00:00:00Z",
  };
}

it("a claim in the plural: the nearest of those that begin alike", async () => {
  const rules = [{ ...GOOD_RULE, evidence: { gcp_iit: { instance_ids: "1" } } }];
  const evidence = { gcp_iit: { projects: ["payments-prod"] } };
  const [error] = (await load({ evidence, rules })).errors;
  expect(error).toMatch(/has no claim "instance_ids": perhaps instance_id$/);
  const azure = {
    azure_msi: { tenants: ["6f0c1c92-0d5d-4c3f-9d1c-2a6f3f1f7b10"], audience: "api://x" },
  };
  const typed = [
    { ...GOOD_RULE, spiffe_id: "/vm", evidence: { azure_msi: { resource_types: "x" } } },
  ];
  const { errors } = await load({ evidence: azure, rules: typed });
  expect(errors.join("\n")).toMatch(/has no claim "resource_types": perhaps resource_type$/m);
});
