import * as z from "zod/mini";
import { describe, expect, it } from "vitest";
import { keysSchema, modeOf } from "../../../src/signer/keys-schema.ts";
import { jwt, root } from "./key-files.ts";

describe("keysSchema", () => {
  it.each<[string, unknown]>([
    ["an unknown member", { x509: [{ ...root, kms: "x" }] }],
    ["an unknown list", { ssh: [] }],
    ["another backend", { jwt: [{ ...jwt, backend: "floppy" }] }],
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

  const KEY = "arn:aws:kms:eu-central-1:111122223333:key/11111111-2222-4333-8444-555555555555";
  const { private_key: _one, ...rootBase } = root;
  const { private_key: _other, ...jwtBase } = jwt;
  const kmsRoot = { ...rootBase, backend: "aws_kms", key: KEY };
  const kmsJwt = { ...jwtBase, backend: "aws_kms", key: KEY, public_key: "file:jwt.pub" };
  const accepts = (config: unknown): boolean => z.safeParse(keysSchema, config).success;

  it("takes keys in AWS KMS, replicas too", () => {
    expect(accepts({ x509: [kmsRoot], jwt: [kmsJwt], wit: [{ ...kmsJwt, mode: "direct" }] })).toBe(
      true,
    );
    const replicas = { "eu-central-1": KEY, "us-east-1": KEY.replace("eu-central-1", "us-east-1") };
    expect(accepts({ x509: [{ ...kmsRoot, key: replicas }] })).toBe(true);
    expect(accepts({ x509: [{ ...kmsRoot, key: KEY.replace("arn:aws:", "arn:aws-cn:") }] })).toBe(
      true,
    );
  });

  it.each<[string, object]>([
    ["no key", { key: undefined }],
    ["an alias", { key: "alias/jwt" }],
    ["an alias's ARN", { key: "arn:aws:kms:eu-central-1:111122223333:alias/jwt" }],
    ["a key's id alone", { key: "11111111-2222-4333-8444-555555555555" }],
    ["an ARN with a host in it", { key: KEY.replace("eu-central-1", "evil.example/-1") }],
    ["no replicas", { key: {} }],
    ["an alias among replicas", { key: { "eu-central-1": "alias/jwt" } }],
    ["no public key", { public_key: undefined }],
    ["a private key", { private_key: "env:KEY" }],
    ["a mode that is not there", { mode: "wrapped" }],
  ])("refuses a key in AWS KMS with %s", (_, change) => {
    expect(accepts({ jwt: [JSON.parse(JSON.stringify({ ...kmsJwt, ...change }))] })).toBe(false);
  });

  it.each<[string, object, readonly string[]]>([
    ["delegated", { x509: [{ ...kmsRoot, mode: "delegated", name_constraints: "none" }] }, []],
    ["wrapped", { jwt: [{ ...kmsJwt, mode: "wrapped", wrapped_key: "file:jwt.json" }] }, []],
    [
      "wrapped, by region",
      { jwt: [{ ...kmsJwt, mode: "wrapped", wrapped_key: { "us-east-1": "file:jwt.json" } }] },
      [],
    ],
    [
      "wrapped without its file",
      { jwt: [{ ...kmsJwt, mode: "wrapped" }] },
      ["jwt.0.wrapped_key: is required in mode wrapped"],
    ],
    [
      "direct with a wrapped key",
      { jwt: [{ ...kmsJwt, wrapped_key: "file:jwt.json" }] },
      ["jwt.0.wrapped_key: is for mode wrapped"],
    ],
    [
      "direct with name constraints",
      { x509: [{ ...kmsRoot, name_constraints: "none" }] },
      ["x509.0.name_constraints: is for the modes delegated and upstream"],
    ],
    [
      "name constraints that are none",
      { x509: [{ ...kmsRoot, mode: "delegated", name_constraints: "permit_dns" }] },
      ["x509.0.name_constraints: expected exclude_dns_ip, permit_uri or none"],
    ],
    [
      "a wrapped key from the environment",
      { jwt: [{ ...kmsJwt, mode: "wrapped", wrapped_key: "env:JWT" }] },
      ["jwt.0.wrapped_key: must be file:… or data:…"],
    ],
    [
      "a mode that the backend has not",
      { x509: [{ ...kmsRoot, mode: "upstream" }] },
      ["x509.0.mode: backend aws_kms has the modes direct, delegated"],
    ],
  ])("says of mode %s what is wrong", (_, config, expected) => {
    const parsed = z.safeParse(keysSchema, config);
    const told = parsed.error?.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
    expect(told ?? []).toEqual(expected);
  });

  it("takes a backend's first mode where the entry names none", () => {
    expect(modeOf(kmsRoot, "x509")).toEqual({ mode: "direct" });
    expect(modeOf({ ...kmsRoot, backend: "ca_files" }, "x509")).toEqual({ mode: "upstream" });
    const named = { mode: "delegated", name_constraints: "none" } as const;
    expect(modeOf({ ...kmsRoot, ...named }, "x509")).toEqual(named);
  });
});
