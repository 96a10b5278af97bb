import * as z from "zod/mini";
import { describe, expect, it } from "vitest";
import { keysSchema } from "../../../../src/signer/keys-schema.ts";
import { jwt } from "../key-files.ts";

const VERSION = "78deebed173b48e48f55abf87ed4cf71";
const KEY = `https://svidmint.vault.azure.net/keys/jwt-7/${VERSION}`;
const { private_key: _left, ...base } = jwt;
const entry = { ...base, backend: "azure_key_vault", key: KEY, public_key: "file:jwt.pub" };

function parse(change: object) {
  const config = { jwt: [JSON.parse(JSON.stringify({ ...entry, ...change }))] };
  return z.safeParse(keysSchema, config);
}

describe("a key in Azure Key Vault", () => {
  it.each<[string, object]>([
    ["its identifier", {}],
    ["in China", { key: KEY.replace(".net", ".cn") }],
    ["of the United States' government", { key: KEY.replace("azure.net", "usgovcloudapi.net") }],
    ["in Managed HSM", { key: KEY.replace("vault", "managedhsm") }],
    ["by region", { key: { westeurope: KEY, northeurope: KEY.replace("svidmint", "other") } }],
    ["by one of several identities", { client_id: "c88229ce-c5e4-48bf-b649-c490c6e8f343" }],
  ])("is taken: %s", (_, change) => {
    expect(parse(change).success).toBe(true);
  });

  it.each<[string, object]>([
    ["no key", { key: undefined }],
    ["no version", { key: KEY.slice(0, -33) }],
    ["a version that is none", { key: KEY.slice(0, -1) }],
    ["upper case where Azure has none", { key: KEY.replace(VERSION, VERSION.toUpperCase()) }],
    ["plain http", { key: KEY.replace("https", "http") }],
    ["this machine", { key: `http://127.0.0.1:8080/keys/jwt-7/${VERSION}` }],
    ["another host", { key: KEY.replace("azure.net", "evil.example") }],
    ["a host that only begins so", { key: KEY.replace("azure.net", "azure.net.evil.example") }],
    ["a user before the host", { key: KEY.replace("https://", "https://evil.example@") }],
    ["a port", { key: KEY.replace("azure.net", "azure.net:8443") }],
    ["a private link's own name", { key: KEY.replace("vault", "privatelink.vaultcore") }],
    ["a secret", { key: KEY.replace("/keys/", "/secrets/") }],
    ["a query behind it", { key: `${KEY}?api-version=2016-10-01` }],
    ["a slash too many", { key: KEY.replace("/keys/", "//keys/") }],
    ["a line end behind it", { key: `${KEY}\n` }],
    ["no replicas", { key: {} }],
    ["an identity that is a path", { client_id: "a/b" }],
    ["no public key", { public_key: undefined }],
    ["a private key", { private_key: "env:KEY" }],
  ])("is refused: %s", (_, change) => {
    expect(parse(change).success).toBe(false);
  });
});
