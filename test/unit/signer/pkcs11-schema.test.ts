import * as z from "zod/mini";
import { describe, expect, it } from "vitest";
import { keysSchema } from "../../../src/signer/keys-schema.ts";
import { NOW } from "../issuer/names.ts";
import { compiled, refusal, source } from "../issuer/stored-world.ts";

const JWT = {
  id: "jwt-7",
  backend: "pkcs11",
  module: "/usr/lib/softhsm/libsofthsm2.so",
  token: "svidmint",
  key: "jwt",
  pin: "env:TOKEN_PIN",
  public_key: "file:jwt.pub",
  published_at: "2026-11-01T00:00:00Z",
};

describe("a key on a token", () => {
  const accepts = (change: object): boolean =>
    z.safeParse(keysSchema, { jwt: [JSON.parse(JSON.stringify({ ...JWT, ...change }))] }).success;

  it.each<[string, object]>([
    ["as the page has it", {}],
    ["by label and id", { key: { label: "jwt", id: "02" } }],
    ["by id alone", { key: { id: "a0FF" } }],
    ["of a serial", { token: undefined, serial: "31e1d886306fe544" }],
    ["of a slot", { token: undefined, slot: 0 }],
    ["with its PIN in a file", { pin: "file:/run/secrets/token-pin" }],
  ])("is taken %s", (_, change) => {
    expect(accepts(change)).toBe(true);
  });

  it.each<[string, object]>([
    ["a module by a relative path", { module: "libsofthsm2.so" }],
    ["no module", { module: undefined }],
    ["its PIN in the configuration", { pin: "4321" }],
    ["its PIN as data", { pin: "data:,4321" }],
    ["no PIN", { pin: undefined }],
    ["no key", { key: undefined }],
    ["an id that is not hexadecimal", { key: { id: "0x1" } }],
    ["half an octet for an id", { key: { id: "1" } }],
    ["another member of a key", { key: { label: "jwt", handle: 1 } }],
    ["a label longer than tokens have", { token: "x".repeat(33) }],
    ["a slot that is no number", { slot: "0" }],
    ["a slot below all", { slot: -1 }],
    ["no public key", { public_key: undefined }],
    ["a private key", { private_key: "env:KEY" }],
    ["a hash that OAEP is not used with", { oaep_hash: "md5" }],
  ])("is refused with %s", (_, change) => {
    expect(accepts(change)).toBe(false);
  });
});

it("is refused for Workers, and the operator told which key", async () => {
  const origin = await source(() => NOW);
  const keys = z.looseObject({ jwt: z.array(z.unknown()) }).parse(origin.document["keys"]);
  const parts = { keys: { ...keys, jwt: [...keys.jwt, JWT] } };
  expect(await refusal(compiled(origin, parts))).toContain(
    "keys.jwt.1.backend: pkcs11 runs on Node alone: no Worker has it",
  );
});
