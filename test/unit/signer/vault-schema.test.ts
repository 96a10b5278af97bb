import { describe, expect, it } from "vitest";
import { keysSchema } from "../../../src/signer/keys-schema.ts";

const KEY = "https://vault.example.org:8200/v1/transit/keys/svidmint-root";
const entry = {
  id: "jwt",
  backend: "vault_transit",
  key: KEY,
  public_key: "file:jwt.pub",
  published_at: "2026-11-01T00:00:00Z",
};
const accepts = (changes: object) => keysSchema.safeParse({ jwt: [{ ...entry, ...changes }] });
const jwt = { method: "jwt", role: "svidmint", token: "file:/var/run/secrets/vault/token" };
const azure = { ...jwt, token: "azure" };
const aws = { method: "aws", role: "svidmint", region: "eu-central-1" };

describe("the members of vault_transit", () => {
  it.each<[string, object]>([
    ["no more than the key", {}],
    ["a version", { version: 2 }],
    [
      "an engine deep in paths, behind a proxy's path",
      { key: "https://p.example/vault/v1/a/b/keys/k.1" },
    ],
    ["http on loopback", { key: "http://127.0.0.1:8200/v1/transit/keys/k" }],
    ["IPv6", { key: "https://[2001:db8::1]:8200/v1/transit/keys/k" }],
    ["replicas", { key: { "eu-central-1": KEY, west: KEY } }],
    ["an engine that is named keys", { key: "https://v.example/v1/keys/keys/keys" }],
    ["a namespace", { namespace: "team-a/prod" }],
    ["a token's file", { login: { method: "token", token: "file:/run/vault/token" } }],
    ["a JWT", { login: jwt }],
    ["a JWT at another path", { login: { ...jwt, mount: "k8s/west" } }],
    ["a machine's JWT", { login: { ...jwt, token: "google", audience: "vault" } }],
    ["Azure's, for an application", { login: { ...azure, audience: "api://vault" } }],
    [
      "Azure's, for a tenant's own",
      { login: { ...azure, audience: "https://a.onmicrosoft.com/v" } },
    ],
    ["AWS", { login: aws }],
    ["AWS with a server's name", { login: { ...aws, server_id: "vault.example.org", mount: "a" } }],
  ])("take %s", (_, changes) => {
    expect(accepts(changes).error).toBeUndefined();
  });

  it.each<[string, object]>([
    ["no key", { key: undefined }],
    ["http elsewhere", { key: "http://vault.example.org/v1/transit/keys/k" }],
    [
      "a host that only begins like loopback",
      { key: "http://127.0.0.1.example/v1/transit/keys/k" },
    ],
    ["credentials in the URL", { key: "https://u:p@vault.example/v1/transit/keys/k" }],
    ["a query", { key: `${KEY}?x=1` }],
    ["a fragment", { key: `${KEY}#x` }],
    ["a version in the path", { key: `${KEY}/1` }],
    ["dots that lead elsewhere", { key: "https://v.example/v1/transit/../sys/keys/k" }],
    ["dots at the end", { key: "https://v.example/v1/transit/keys/.." }],
    ["percent signs", { key: "https://v.example/v1/transit/keys/%2e%2e" }],
    ["no engine", { key: "https://v.example/v1/keys/k" }],
    ["another thing of the engine", { key: "https://v.example/v1/transit/sign/k" }],
    ["a line break", { key: `${KEY}\n` }],
    ["a mere name", { key: "svidmint-root" }],
    ["version 0, which is whatever is the latest", { version: 0 }],
    ["a version that is text", { version: "1" }],
    ["a token in place", { login: { method: "token", token: "hvs.x" } }],
    ["another method", { login: { method: "approle", role: "x" } }],
    ["a JWT in place", { login: { ...jwt, token: "eyJ.a.b" } }],
    ["a machine's JWT for nobody", { login: { ...jwt, token: "azure" } }],
    [
      "a token for Azure itself",
      { login: { ...azure, audience: "https://management.azure.com/" } },
    ],
    ["a token for Azure's keys", { login: { ...azure, audience: "https://vault.azure.net" } }],
    ["a token for Graph", { login: { ...azure, audience: "https://GRAPH.microsoft.com" } }],
    ["an audience of a token that is as it is", { login: { ...jwt, audience: "vault" } }],
    ["a path that leads elsewhere", { login: { ...jwt, mount: "jwt/../../sys" } }],
    ["no region", { login: { ...aws, region: undefined } }],
    ["no region of AWS", { login: { ...aws, region: "europe" } }],
    ["a member that is another method's", { login: { ...aws, token: "env:X" } }],
    ["a namespace that no header holds", { namespace: "a b" }],
    ["a private key", { private_key: "file:k" }],
  ])("do not take %s", (_, changes) => {
    expect(accepts(changes).success).toBe(false);
  });

  it("say what is wanted", () => {
    const told = accepts({ key: "svidmint-root", login: { ...jwt, token: "google" } }).error
      ?.issues;
    const messages = JSON.stringify(told);
    expect(messages).toContain(
      "expected a URL like https://vault.example.org:8200/v1/transit/keys/NAME",
    );
    expect(messages).toContain("goes with a token of google or azure");
  });
});
