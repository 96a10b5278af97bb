import { describe, expect, it } from "vitest";
import { ACCOUNT, GOOD_RULE, IID, IID_RULE, type Json, KEY, load } from "./config-world.ts";

describe("a configuration with one fault", () => {
  it.each<[string, Json, RegExp]>([
    ["unknown key", { peer: {} }, /^peer: unknown key$/],
    ["no trust domain", { trust_domain: undefined }, /^trust_domain: required$/],
    ["trust domain null", { trust_domain: null }, /^trust_domain: expected text, found nothing$/],
    ["trust domain empty", { trust_domain: "" }, /^trust_domain: a trust domain is/],
    [
      "trust domain a URI",
      { trust_domain: "spiffe://prod.example.org" },
      /^trust_domain: a trust domain is/,
    ],
    [
      "trust domain in capitals",
      { trust_domain: "Prod.example.org" },
      /^trust_domain: a trust domain is/,
    ],
    [
      "trust domain unicode",
      { trust_domain: "pr\u043ed.example.org" },
      /^trust_domain: a trust domain is/,
    ],
    [
      "trust domain with a port",
      { trust_domain: "prod.example.org:8080" },
      /^trust_domain: a trust domain is/,
    ],
    [
      "trust domain ending in a dot",
      { trust_domain: "prod.example.org." },
      /^trust_domain: each label/,
    ],
    [
      "trust domain with an empty label",
      { trust_domain: "prod..org" },
      /^trust_domain: each label/,
    ],
    [
      "trust domain with a long label",
      { trust_domain: "a".repeat(64) },
      /^trust_domain: each label/,
    ],
    [
      "trust domain too long",
      { trust_domain: "a.".repeat(130) },
      /^trust_domain: a trust domain is/,
    ],
    ["no issuer", { issuer: undefined }, /^issuer: required$/],
    ["issuer a number", { issuer: 5 }, /^issuer: expected text, found a number: quote it/],
    [
      "issuer http elsewhere",
      { issuer: "http://id.example.org" },
      /^issuer: expected an https URL/,
    ],
    [
      "issuer with a slash",
      { issuer: "https://id.example.org/" },
      /^issuer: expected an https URL/,
    ],
    [
      "issuer with a query",
      { issuer: "https://id.example.org?x" },
      /^issuer: expected an https URL/,
    ],
    [
      "issuer with a fragment",
      { issuer: "https://id.example.org#x" },
      /^issuer: expected an https URL/,
    ],
    [
      "issuer with a user",
      { issuer: "https://u@id.example.org" },
      /^issuer: expected an https URL/,
    ],
    [
      "issuer loopback look-alike",
      { issuer: "http://localhost.example.org" },
      /^issuer: expected an https URL/,
    ],
    ["evidence null", { evidence: null }, /^evidence: expected a map, found nothing/],
    [
      "evidence type unknown",
      { evidence: { aws_idd: {} }, rules: [] },
      /^evidence\.aws_idd: no such evidence type/,
    ],
    [
      "evidence type an object's own",
      { evidence: { constructor: {} }, rules: [] },
      /^evidence\.constructor: no such evidence type/,
    ],
    ["evidence section null", { evidence: { gcp_iit: null }, rules: [] }, /^evidence\.gcp_iit: /],
    [
      "evidence section with an unknown key",
      { evidence: { aws_iid: { accounts: [ACCOUNT], account: "x" } }, rules: [] },
      /^evidence\.aws_iid\.account: unknown key/,
    ],
    [
      "account without quotes",
      { evidence: { aws_iid: { accounts: [111122223333] } }, rules: [] },
      /^evidence\.aws_iid\.accounts\.0: expected text, found a number: quote it/,
    ],
    [
      "accounts empty",
      { evidence: { aws_iid: { accounts: [] } }, rules: [] },
      /^evidence\.aws_iid\.accounts: must not be empty/,
    ],
    ["rules absent", { rules: undefined }, /^rules: required/],
    ["rules null", { rules: null }, /^rules: expected a list/],
    ["deny null", { deny: null }, /^deny: expected a list/],
    [
      "a rule for evidence that is off",
      { rules: IID_RULE },
      /^rules\.0\.evidence\.aws_iid: is not configured/,
    ],
    [
      "class none without a store",
      { evidence: IID, rules: IID_RULE },
      /^rules\.0\.evidence\.aws_iid: .*claims/,
    ],
    ["store unknown", { claims: { store: "sqlite" } }, /^claims\.store: .*there are file, .*redis/],
    ["store without its name", { claims: { table: "x" } }, /^claims\.store: required/],
    [
      "a secret of a store in the configuration",
      { claims: { store: "azure_table", account: "acct", table: "claims", key: "c2VjcmV0" } },
      /^claims\.key: is a secret/,
    ],
    [
      "two ways to ask a store",
      {
        claims: {
          store: "azure_table",
          account: "acct",
          table: "claims",
          key: "env:KEY",
          sas: "env:SAS",
        },
      },
      /^claims\.key: one of/,
    ],
    [
      "a copy of a store that may be late",
      {
        claims: {
          store: "azure_table",
          account: "acct",
          table: "claims",
          endpoint: "https://acct-secondary.table.core.windows.net",
        },
      },
      /^claims\.endpoint: Cosmos/,
    ],
    [
      "Redis in the clear over a network",
      { claims: { store: "redis", url: "redis://cache.internal:6379" } },
      /^claims\.url: expected rediss:/,
    ],
    [
      "a password in the URL",
      { claims: { store: "redis", url: "rediss://:hunter2@cache.internal:6379" } },
      /^claims\.url: expected rediss:/,
    ],
    [
      "DynamoDB in the clear",
      {
        claims: {
          store: "dynamodb",
          table: "claims",
          region: "eu-central-1",
          endpoint: "http://dynamo.internal",
        },
      },
      /^claims\.endpoint: expected an https/,
    ],
    [
      "DynamoDB without its region",
      { claims: { store: "dynamodb", table: "claims" } },
      /^claims\.region: required/,
    ],
    ["store null", { claims: null }, /^claims: /],
    [
      "store with an unknown key",
      { single_instance: true, claims: { store: "file", table: "x" } },
      /^claims\.table: unknown key/,
    ],
    [
      "store file on several instances",
      { claims: { store: "file" } },
      /^claims\.store: .*single_instance/,
    ],
    [
      "store file, single_instance false",
      { single_instance: false, claims: { store: "file" } },
      /^claims\.store: .*single_instance/,
    ],
    [
      "store memory for the world",
      { single_instance: true, claims: { store: "memory" } },
      /^claims\.store: memory forgets/,
    ],
    [
      "single_instance as text",
      { single_instance: "true" },
      /^single_instance: expected true or false, found text/,
    ],
    [
      "bundle changed_at no instant",
      { bundle: { changed_at: "2026-13-01T00:00:00Z" } },
      /^bundle\.changed_at: must be an instant/,
    ],
    [
      "bundle changed_at a date",
      { bundle: { changed_at: "2026-11-01" } },
      /^bundle\.changed_at: must be an instant/,
    ],
    [
      "refresh hint too short",
      { bundle: { refresh_hint: "59s" } },
      /^bundle\.refresh_hint: expected 1m to 1d/,
    ],
    ["audit sink unknown", { audit: { sink: "syslog" } }, /^audit\.sink: /],
    ["audit without sink", { audit: { required: true } }, /^audit\.sink: required/],
    ["keys a list", { keys: [] }, /^keys: expected a map/],
    ["keys of an unknown use", { keys: { tls: [] } }, /^keys\.tls: unknown key/],
    [
      "key with an unknown member",
      { keys: { x509: [{ ...KEY, pin: 1 }] } },
      /^keys\.x509\.0\.pin: unknown key/,
    ],
    [
      "key without publication",
      { keys: { x509: [{ ...KEY, published_at: undefined }] } },
      /^keys\.x509\.0\.published_at: required/,
    ],
    [
      "rules give jwt, no key does",
      {
        keys: { x509: [KEY] },
        rules: [{ ...GOOD_RULE, jwt: { audiences: ["a"] } }],
      },
      /^keys\.jwt: required/,
    ],
    [
      "rules give wit, no key does",
      { keys: { x509: [KEY], jwt: [] }, rules: [{ ...GOOD_RULE, wit: {} }] },
      /^keys\.wit: required/,
    ],
  ])("refuses: %s", async (_name, parts, error) => {
    const { usable, errors } = await load(parts);
    expect(usable).toBe(false);
    expect(errors).toContainEqual(expect.stringMatching(error));
  });
});
