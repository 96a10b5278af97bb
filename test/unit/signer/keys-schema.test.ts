import * as z from "zod/mini";
import { describe, expect, it } from "vitest";
import { keysSchema } from "../../../src/signer/keys-schema.ts";
import { jwt, root } from "./key-files.ts";

describe("keysSchema", () => {
  it.each<[string, unknown]>([
    ["an unknown member", { x509: [{ ...root, kms: "x" }] }],
    ["an unknown list", { ssh: [] }],
    ["another backend", { jwt: [{ ...jwt, backend: "aws_kms" }] }],
    ["a mode that local keys do not need", { jwt: [{ ...jwt, mode: "wrapped" }] }],
    ["an x509 key without certificate", { x509: [{ ...root, certificate: undefined }] }],
    ["a jwt key with one", { jwt: [{ ...jwt, certificate: "file:x.pem" }] }],
    [
      "a private key in the configuration itself",
      { jwt: [{ ...jwt, private_key: "-----BEGIN PRIVATE KEY-----" }] },
    ],
    ["a private key as data", { jwt: [{ ...jwt, private_key: "data:text/plain,x" }] }],
    [
      "a private key from the network",
      { jwt: [{ ...jwt, private_key: "https://example.org/key" }] },
    ],
    ["a reference to nothing", { jwt: [{ ...jwt, private_key: "file:" }] }],
    ["no id", { jwt: [{ ...jwt, id: "" }] }],
    ["an id with a space", { jwt: [{ ...jwt, id: "a b" }] }],
    ["no instant of publication", { jwt: [{ ...jwt, published_at: undefined }] }],
    ["a day for an instant", { jwt: [{ ...jwt, published_at: "2026-11-01" }] }],
    ["a number for an instant", { jwt: [{ ...jwt, published_at: 1793491200 }] }],
    ["standby for another instant", { jwt: [{ ...jwt, retired_at: "standby" }] }],
    ["HMAC", { jwt: [{ ...jwt, algorithm: "HS256" }] }],
  ])("refuses %s", (_, config) => {
    expect(z.safeParse(keysSchema, JSON.parse(JSON.stringify(config))).success).toBe(false);
  });
});
