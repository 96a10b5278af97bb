import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startVault, type Vault } from "../../scripts/interop/vault.ts";
import { nodePlatform } from "../../src/platform/node/node-platform.ts";
import type { SignatureAlgorithm } from "../../src/signer/signer.ts";
import { verified } from "../../src/signer/verified.ts";
import { signerConformance } from "../conformance/signer.ts";
import { counterparts } from "./support/counterparts.ts";
import { createKey, publicKeyOf, transitSigner, type TransitKey } from "./support/vault.ts";

const needs = counterparts("vault");
const platform = nodePlatform();
const DATA = new TextEncoder().encode("bytes that we encoded");
const ALGORITHMS: readonly (readonly [string, SignatureAlgorithm])[] = [
  ["ecdsa-p256", "ES256"],
  ["ecdsa-p384", "ES384"],
  ["ecdsa-p521", "ES512"],
  ["rsa-2048", "RS256"],
  ["rsa-2048", "RS384"],
  ["rsa-2048", "RS512"],
  ["rsa-2048", "PS256"],
  ["rsa-2048", "PS384"],
  ["rsa-3072", "PS512"],
  ["ed25519", "EdDSA"],
];

describe.skipIf(needs.absent)(`keys in the real Vault${needs.note}`, () => {
  const keys = new Map<string, TransitKey>();
  let vault: Vault;

  beforeAll(async () => {
    vault = await startVault(needs.path("vault"));
    await vault.call("POST", "sys/mounts/transit", { type: "transit" });
    for (const type of new Set(ALGORITHMS.map(([name]) => name)))
      keys.set(type, await createKey(vault, type, type)); // oxlint-disable-line no-await-in-loop -- a handful
  });
  afterAll(() => vault[Symbol.asyncDispose]());
  const keyOf = (type: string): TransitKey => keys.get(type) ?? expect.fail(`no ${type}`);

  for (const [type, algorithm] of ALGORITHMS)
    signerConformance(`Vault's ${type}, ${algorithm}`, platform, () =>
      transitSigner(vault, keyOf(type), { algorithm }),
    );

  describe("a key that has been rotated in Vault", () => {
    it("signs by the version that is pinned, whatever is the latest", async () => {
      const key = await createKey(vault, "rotated", "ecdsa-p256");
      await vault.call("POST", "transit/keys/rotated/rotate", {});
      const second = { ...key, publicKey: await publicKeyOf(vault, "rotated", 2) };
      expect(second.publicKey).not.toBe(key.publicKey);
      for (const [pinned, version] of [
        [key, 1],
        [second, 2],
      ] as const) {
        const signer = verified(await transitSigner(vault, pinned, { version }), platform); // oxlint-disable-line no-await-in-loop -- one after the other
        expect(await signer.sign(DATA)).toHaveLength(64); // oxlint-disable-line no-await-in-loop
      }
    });

    it("signs nothing by another version than the public half is of", async () => {
      const first = { name: "rotated", publicKey: await publicKeyOf(vault, "rotated") };
      const signer = verified(await transitSigner(vault, first, { version: 2 }), platform);
      await expect(async () => signer.sign(DATA)).rejects.toMatchObject({ code: "unsound" });
    });

    it.each([
      ["a version that there is not yet", 3, {}],
      ["a version that is no longer to be used", 1, { min_encryption_version: 2 }],
    ])("signs nothing by %s", async (_, version, config) => {
      await vault.call("POST", "transit/keys/rotated/config", config);
      const key = { name: "rotated", publicKey: await publicKeyOf(vault, "rotated") };
      const signer = await transitSigner(vault, key, { version });
      await expect(async () => signer.sign(DATA)).rejects.toMatchObject({ code: "unavailable" });
    });
  });

  it("signs nothing by a key that is deleted, or of another kind", async () => {
    const gone = await createKey(vault, "gone", "ecdsa-p256");
    const signer = await transitSigner(vault, gone);
    await expect(vault.call("DELETE", "transit/keys/gone")).rejects.toThrow(/status 400/);
    expect(await signer.sign(DATA)).toHaveLength(64);
    await vault.call("POST", "transit/keys/gone/config", { deletion_allowed: true });
    await vault.call("DELETE", "transit/keys/gone");
    await expect(async () => signer.sign(DATA)).rejects.toMatchObject({ code: "denied" });
    await vault.call("POST", "transit/keys/gone", { type: "aes256-gcm96" });
    await expect(async () => signer.sign(DATA)).rejects.toMatchObject({ code: "denied" });
  });
});
