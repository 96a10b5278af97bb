import { beforeAll, expect, it } from "vitest";
import { GOOD, GOOD_RULE, loadDocument, type Json } from "../../unit/issuer/config-world.ts";
import { publishedJson, unfit } from "./published-schema.ts";

/** An editor that marks what the issuer takes teaches its user to look away. */

let schema: Record<string, unknown>;
beforeAll(async () => {
  schema = await publishedJson("schema/svidmint.schema.json");
});

const WHOLE: Json = {
  ...GOOD,
  issuer: "http://localhost:8443",
  single_instance: true,
  claims: { store: "file" },
  audit: { sink: "stdout", required: true },
  bundle: { refresh_hint: "5m", changed_at: "2026-11-01T00:00:00Z" },
  peers: { "partner.example": { url: "https://partner.example/bundle", profile: "https_web" } },
  deny: [{ instance_id: "1" }],
  rules: [{ ...GOOD_RULE, jwt: { audiences: ["x"] }, wit: {}, federates_with: ["partner.example"] }],
};

it("refuses what is misspelt", () => {
  expect(unfit(schema, { ...WHOLE, trust_domains: "x" })).not.toEqual([]);
  expect(unfit(schema, { ...WHOLE, audit: { sink: "syslog" } })).not.toEqual([]);
});

it.each(["trust_domain", "issuer", "rules"])("demands %s, as the issuer does", async (key) => {
  const { [key]: _, ...rest } = WHOLE;
  expect((await loadDocument(rest)).usable).toBe(false);
  expect(unfit(schema, rest)).not.toEqual([]);
});

it.each([
  "single_instance",
  "claims",
  "audit",
  "bundle",
  "peers",
  "deny",
  "evidence",
])("takes what the issuer takes without %s", async (key) => {
  // Rules and entries of deny speak of what is left out.
  const { [key]: _, ...rest } = { ...WHOLE, rules: [], deny: [] } as Json;
  expect((await loadDocument(rest)).errors).toEqual([]);
  expect(unfit(schema, rest)).toEqual([]);
});

it("takes what the issuer takes with all of it", async () => {
  expect((await loadDocument(WHOLE)).errors).toEqual([]);
  expect(unfit(schema, WHOLE)).toEqual([]);
});
