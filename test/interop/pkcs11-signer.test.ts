import { constants, createPublicKey, publicEncrypt } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseSpki } from "../../src/encoding/public-key.ts";
import type { PublicKey } from "../../src/encoding/primitives.ts";
import { nodePlatform } from "../../src/platform/node/node-platform.ts";
import { signingAlgorithm } from "../../src/signer/algorithms.ts";
import type { Unwrapper } from "../../src/signer/backend.ts";
import { closePkcs11, openPkcs11 } from "../../src/signer/node/pkcs11/pkcs11.ts";
import type { Pkcs11Settings } from "../../src/signer/node/pkcs11/settings.ts";
import type { SignatureAlgorithm, Signer } from "../../src/signer/signer.ts";
import { signerConformance } from "../conformance/signer.ts";
import { unwrapperConformance } from "../conformance/unwrapper.ts";
import { counterparts } from "./support/counterparts.ts";
import { keyPair, MODULE, packageFolder, PIN, softHsm, type SoftHsm } from "./support/softhsm.ts";

const needs = counterparts("softhsm2", "pkcs11-tool", "pkcs11js");
const platform = nodePlatform();
const KEYS = [
  ["P-256", ["ES256"]],
  ["P-384", ["ES384"]],
  ["RSA-2048", ["RS256", "RS512", "PS256"]],
  ["RSA-3072", ["RS384", "PS384", "PS512"]],
  ["Ed25519", ["EdDSA"]],
] as const;

describe.skipIf(needs.absent)(`keys on a SoftHSM token${needs.note}`, () => {
  const stack = new AsyncDisposableStack();
  const publicKeys = new Map<string, PublicKey>();
  let hsm: SoftHsm;

  async function open(settings: Partial<Pkcs11Settings>) {
    const deps = {
      platform,
      read: () => Promise.reject(new Error("reads nothing")),
      readPrivate: async (reference: string) =>
        new TextEncoder().encode(reference === "env:PIN" ? PIN : "0000"),
      env: () => undefined,
      complain: (field: string, message: string) => expect.fail(`${field}: ${message}`),
    };
    const entry = { module: MODULE, token: "svidmint", key: "P-256", pin: "env:PIN", ...settings };
    const handle = await openPkcs11(entry, deps, {
      provider: packageFolder(needs.path("pkcs11js")),
    });
    if (handle === undefined) throw new Error("no key");
    return handle;
  }

  async function signerOf(
    key: string,
    algorithm: SignatureAlgorithm,
    settings: Partial<Pkcs11Settings> = {},
    publicKey = publicKeys.get(key),
  ): Promise<Signer> {
    if (publicKey === undefined) throw new Error("no such key");
    const chosen = signingAlgorithm("x509", publicKey.info, algorithm);
    if (!chosen.ok) throw new Error(chosen.error.reason);
    const handle = await open({ key, ...settings });
    const signer = handle.signer?.("root", chosen.value, publicKey);
    if (signer === undefined) throw new Error("no signer");
    return signer;
  }

  beforeAll(async () => {
    hsm = stack.use(
      await softHsm({ softhsm2: needs.path("softhsm2"), "pkcs11-tool": needs.path("pkcs11-tool") }),
    );
    Object.assign(process.env, hsm.env);
    for (const [index, [label]] of KEYS.entries()) {
      const made = await hsm.import(label, `0${index + 1}`, keyPair(label)); // oxlint-disable-line no-await-in-loop -- one file
      const spki = new Uint8Array(made.export({ format: "der", type: "spki" }));
      const info = parseSpki(spki);
      const imported = info.ok ? await platform.importPublicKey(info.value) : info; // oxlint-disable-line no-await-in-loop -- a handful
      if (!imported.ok) throw new Error(imported.error.reason);
      publicKeys.set(label, imported.value);
    }
  });
  afterAll(closePkcs11);
  afterAll(() => stack.disposeAsync());

  for (const [label, algorithms] of KEYS)
    for (const algorithm of algorithms)
      signerConformance(`pkcs11 ${label} ${algorithm}`, platform, () => signerOf(label, algorithm));

  it("compares the public half before it signs", async () => {
    const other = await platform.generateKey("P-256");
    const signer = await signerOf("P-256", "ES256", { key: { id: "01" } }, other.publicKey);
    await expect(signer.sign(new Uint8Array(1))).rejects.toMatchObject({ code: "unsound" });
  });

  it("is denied by a wrong PIN, and where there is no such key or token", async () => {
    const refused = (settings: Partial<Pkcs11Settings>) =>
      signerOf("P-256", "ES256", settings).then(async (signer) => signer.sign(new Uint8Array(1)));
    await expect(refused({ key: "nobody" })).rejects.toMatchObject({ code: "denied" });
    await expect(refused({ token: "nobody" })).rejects.toMatchObject({ code: "denied" });
    await closePkcs11();
    // SoftHSM does not ask for the PIN once a session has logged in: this is the first.
    for (const _ of [1, 2])
      await expect(refused({ pin: "env:WRONG" })).rejects.toThrow(
        /CKR_PIN_INCORRECT.*not tried again/,
      ); // oxlint-disable-line no-await-in-loop -- one after the other
    await expect(refused({})).resolves.toHaveLength(64);
  });

  /** By the public half, as an operator wraps. */
  function wrapFor(label: string, oaepHash: "sha1" | "sha256", data: Uint8Array): Uint8Array {
    const der = Buffer.from(publicKeys.get(label)?.spki ?? []);
    const key = createPublicKey({ key: der, format: "der", type: "spki" });
    const padding = constants.RSA_PKCS1_OAEP_PADDING;
    return new Uint8Array(publicEncrypt({ key, padding, oaepHash }, data));
  }

  unwrapperConformance("pkcs11 RSA-2048", false, {}, async () => {
    const { unwrapper } = await open({ key: "RSA-2048", oaep_hash: "sha1" });
    let calls = 0;
    const counting = (id: string): Unwrapper => {
      const bare = unwrapper?.(id);
      if (bare === undefined) throw new Error("no unwrapper");
      return {
        unwrap(wrapped, context) {
          calls++;
          return bare.unwrap(wrapped, context);
        },
      };
    };
    return {
      handle: { unwrapper: counting },
      wrap: async (dataKey) => wrapFor("RSA-2048", "sha1", dataKey),
      calls: () => calls,
      become: () => undefined,
    };
  });

  it("unwraps by RSA-OAEP with SHA-1, which is all that this token has", async () => {
    const { unwrapper } = await open({ key: "RSA-2048", oaep_hash: "sha256" });
    const wrapped = wrapFor("RSA-2048", "sha256", new Uint8Array(32).fill(7));
    await expect(unwrapper?.("jwt").unwrap(wrapped, "context")).rejects.toMatchObject({
      code: "denied",
      message: expect.stringContaining("CKR_ARGUMENTS_BAD"),
    });
  });
});
