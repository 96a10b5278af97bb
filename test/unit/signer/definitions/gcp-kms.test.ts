import * as z from "zod/mini";
import { describe, expect, it } from "vitest";
import { keysSchema } from "../../../../src/signer/keys-schema.ts";

const KEY =
  "projects/acme-identity/locations/europe-west3/keyRings/svidmint/cryptoKeys/jwt-7/cryptoKeyVersions/1";
const base = { id: "one", backend: "gcp_kms", key: KEY, published_at: "2026-11-01T00:00:00Z" };
const jwt = { ...base, public_key: "file:jwt.pub" };
const ENCRYPTS = KEY.replace(/\/cryptoKeyVersions.*/, "");
const wrapped = { ...jwt, key: ENCRYPTS, mode: "wrapped", wrapped_key: "file:jwt-7.enc" };
const parse = (config: unknown) => z.safeParse(keysSchema, JSON.parse(JSON.stringify(config)));

describe("keys in Google Cloud KMS", () => {
  it("are taken for every use, by region too", () => {
    const x509 = { ...base, certificate: "file:root.pem", algorithm: "ES384" };
    const regions = { "europe-west3": KEY, "us-east1": KEY.replace("europe-west3", "us-east1") };
    const config = {
      x509: [x509],
      jwt: [{ ...jwt, mode: "direct" }],
      wit: [{ ...jwt, key: regions }],
    };
    expect(parse(config).error).toBeUndefined();
    expect(parse({ jwt: [wrapped], wit: [{ ...wrapped, key: { here: ENCRYPTS } }] }).error).toBe(
      undefined,
    );
    expect(parse({ x509: [{ ...x509, mode: "delegated" }] }).error).toBeUndefined();
    expect(
      parse({ jwt: [{ ...jwt, key: KEY.replace("acme", "acme.example:acme") }] }).success,
    ).toBe(true);
  });

  it.each<[string, object]>([
    ["no key", { key: undefined }],
    ["a key without a version", { key: ENCRYPTS }],
    ["the newest version", { key: KEY.replace(/1$/, "latest") }],
    ["version 0", { key: KEY.replace(/1$/, "0") }],
    ["a URL", { key: `https://cloudkms.googleapis.com/v1/${KEY}` }],
    ["a full resource name of another form", { key: `//cloudkms.googleapis.com/${KEY}` }],
    ["something behind", { key: `${KEY}/publicKey` }],
    ["a method", { key: `${KEY}:destroy` }],
    ["a line behind", { key: `${KEY}\n` }],
    ["a way out", { key: KEY.replace("svidmint", "..") }],
    ["a query", { key: KEY.replace("jwt-7", "jwt-7?x=") }],
    ["an escape", { key: KEY.replace("jwt-7", "jwt%2D7") }],
    ["no region", { key: {} }],
    ["a key without a version in a region", { key: { "europe-west3": "x" } }],
    ["no public key", { public_key: undefined }],
    ["a private key", { private_key: "env:KEY" }],
    ["an address", { endpoint: "https://evil.example" }],
    ["a mode that is not there", { mode: "upstream" }],
    ["a version that is to decrypt", { ...wrapped, key: KEY }],
    ["a version in one region that is to decrypt", { ...wrapped, key: { a: ENCRYPTS, b: KEY } }],
    ["a key without a version in one region", { key: { a: KEY, b: ENCRYPTS } }],
  ])("are refused with %s", (_, change) => {
    expect(parse({ jwt: [{ ...jwt, ...change }] }).success).toBe(false);
  });

  it("says what to write", () => {
    const unversioned = parse({ jwt: [{ ...jwt, key: ENCRYPTS }] });
    expect(JSON.stringify(unversioned.error?.issues)).toContain("names no version");
    const { error } = parse({ jwt: [{ ...jwt, key: "jwt-7" }] });
    expect(JSON.stringify(error?.issues)).toContain("expected the full name of a key ");
  });
});
