import { constants, publicEncrypt } from "node:crypto";
import { afterAll, describe, expect, it } from "vitest";
import { utf8Encode } from "../../../src/encoding/bytes.ts";
import type { PublicKeyInfo } from "../../../src/encoding/primitives.ts";
import { nodePlatform } from "../../../src/platform/node/node-platform.ts";
import { signingAlgorithm } from "../../../src/signer/algorithms.ts";
import type { BackendDeps } from "../../../src/signer/backend.ts";
import { closePkcs11, openPkcs11 } from "../../../src/signer/node/pkcs11/pkcs11.ts";
import type { Pkcs11Settings } from "../../../src/signer/node/pkcs11/settings.ts";
import { SignerError, type SignatureAlgorithm, type Signer } from "../../../src/signer/signer.ts";
import { verified } from "../../../src/signer/verified.ts";
import { signerConformance } from "../../conformance/signer.ts";
import { callsOf, writeModule } from "../../fakes/node/cryptoki.ts";
import {
  ED_INFO,
  FAKE,
  MODULE,
  moduleFile,
  PIN,
  RSA_INFO,
  RSA_PUBLIC,
  TOKEN,
  faultOf,
} from "./token-world.ts";

const platform = nodePlatform();
const DATA = utf8Encode("bytes that we encoded");
const module = moduleFile(MODULE, afterAll);
afterAll(closePkcs11);

async function bench(settings: Partial<Pkcs11Settings> = {}, provider = FAKE) {
  const complaints: string[] = [];
  const deps: BackendDeps = {
    platform,
    read: () => Promise.reject(new Error("reads nothing")),
    readPrivate: async (reference) =>
      utf8Encode(reference === "env:PIN" ? PIN : reference === "file:pin" ? `${PIN}\n` : "0000"),
    env: () => undefined,
    complain: (field, message) => void complaints.push(`${field}: ${message}`),
  };
  const entry = { module, token: "svidmint", key: "ed", pin: "env:PIN", ...settings };
  return { complaints, handle: await openPkcs11(entry, deps, { provider }) };
}

async function signerOf(
  settings: Partial<Pkcs11Settings>,
  info: PublicKeyInfo,
  algorithm?: SignatureAlgorithm,
): Promise<Signer> {
  const { handle } = await bench(settings);
  const chosen = signingAlgorithm("x509", info, algorithm);
  const publicKey = await platform.importPublicKey(info);
  if (!chosen.ok || !publicKey.ok) throw new Error("no key");
  const signer = handle?.signer?.("root", chosen.value, publicKey.value);
  if (signer === undefined) throw new Error("no signer");
  return signer;
}

/** A busy machine may take longer to start a process than a signature may. */
async function started(signer: Signer): Promise<Signer> {
  for (;;) {
    try {
      await signer.sign(DATA); // oxlint-disable-line no-await-in-loop -- until it is there
      return signer;
    } catch (error) {
      if (!(error instanceof SignerError) || error.code !== "timeout") throw error;
    }
  }
}

for (const [key, info, algorithm] of [
  ["ed", ED_INFO, "EdDSA"],
  ["rsa", RSA_INFO, "RS256"],
  ["rsa", RSA_INFO, "RS384"],
  ["rsa", RSA_INFO, "RS512"],
] as const)
  signerConformance(`pkcs11 ${algorithm}`, platform, async () =>
    started(await signerOf({ key }, info, algorithm)),
  );

describe("a token in a process of its own", () => {
  it("is asked nothing when a key is opened, and logged in once for all", async () => {
    const path = moduleFile();
    const [one, two] = [
      await signerOf({ module: path }, ED_INFO),
      await signerOf({ module: path, key: { id: "01" }, pin: "file:pin" }, RSA_INFO),
    ];
    expect(() => callsOf(path)).toThrow(/ENOENT/);
    await Promise.all([started(one), started(two)]);
    const calls = callsOf(path);
    expect(calls.filter((call) => call === "C_Initialize")).toHaveLength(1);
    expect(calls.filter((call) => call === "C_Login")).toHaveLength(1);
  });

  it("tries a wrong PIN once, however many ask, and however often", async () => {
    const path = moduleFile();
    const wrong = { module: path, pin: "env:WRONG" };
    const signers = [
      await signerOf(wrong, ED_INFO),
      await signerOf({ ...wrong, key: "rsa" }, RSA_INFO),
    ];
    for (const signer of signers) {
      const fault = await faultOf(() => started(signer)); // oxlint-disable-line no-await-in-loop -- one after the other
      expect(fault).toMatchObject({ code: "denied", retryable: false });
      expect(fault.message).not.toContain("0000");
    }
    await Promise.all(signers.map((signer) => faultOf(() => signer.sign(DATA))));
    await closePkcs11(); // another process does not try it either
    await Promise.all(signers.map((signer) => faultOf(() => signer.sign(DATA))));
    expect(callsOf(path).filter((call) => call === "C_Login")).toHaveLength(1);
  });

  it("whose answer is DER, of nothing, or cut short: unsound, asked once each time", async () => {
    const path = moduleFile();
    const signer = verified(await started(await signerOf({ module: path }, ED_INFO)), platform);
    const asked = () => callsOf(path).filter((call) => call === "C_Sign").length;
    for (const does of ["3044022001020304", "00".repeat(64), "07"]) {
      writeModule(path, { ...MODULE, faults: { C_Sign: { does } } });
      const before = asked();
      expect(await faultOf(() => signer.sign(DATA))).toMatchObject({ code: "unsound" }); // oxlint-disable-line no-await-in-loop -- one after the other
      expect(asked()).toBe(before + 1);
    }
  });

  it("unwraps what was encrypted by RSA-OAEP, with the hash that is configured", async () => {
    const secret = Buffer.alloc(32, 7);
    const padding = constants.RSA_PKCS1_OAEP_PADDING;
    for (const oaep_hash of ["sha256", "sha1"] as const) {
      const { handle } = await bench({ key: "rsa", ...(oaep_hash === "sha1" && { oaep_hash }) });
      const wrapped = publicEncrypt({ key: RSA_PUBLIC, oaepHash: oaep_hash, padding }, secret);
      const unwrapped = await handle?.unwrapper?.("jwt").unwrap(new Uint8Array(wrapped), "jwt-7"); // oxlint-disable-line no-await-in-loop -- two
      expect(Buffer.from(unwrapped ?? [])).toEqual(secret);
    }
  });
});

describe("an entry that cannot be used", () => {
  it("is told all that is wrong with it", async () => {
    const { complaints, handle } = await bench(
      { module: "/nowhere/module.so", token: undefined, key: {}, pin: "file:empty" },
      "no-such-package",
    );
    expect(handle).toBeUndefined();
    expect(complaints).toEqual([
      "token: is needed: the token's label here, or its serial, or a slot",
      "key: names no label and no id",
      "backend: pkcs11 needs the package no-such-package: npm install no-such-package",
      "module: /nowhere/module.so does not exist, or cannot be read",
    ]);
  });

  it("has a package that does not load", async () => {
    const { complaints } = await bench({}, module);
    expect(complaints).toEqual([expect.stringContaining("npm rebuild")]);
  });
});

describe("two tokens of one module", () => {
  it("have a process each: what becomes of one does not touch the other", async () => {
    const spare = { ...TOKEN, label: "spare", serial: "0b" };
    const path = moduleFile({ tokens: [TOKEN, spare] });
    const one = await started(await signerOf({ module: path }, ED_INFO));
    const other = await started(await signerOf({ module: path, token: "spare" }, ED_INFO));
    const initialised = () => callsOf(path).filter((call) => call === "C_Initialize").length;
    expect(initialised()).toBe(2);
    writeModule(path, { ...MODULE, faults: { C_FindObjectsInit: { does: "CKR_X", code: 0x30 } } });
    const gone = await signerOf({ module: path, token: "spare", key: { id: "02" } }, ED_INFO);
    await faultOf(() => started(gone));
    writeModule(path, MODULE);
    await one.sign(DATA);
    expect((await faultOf(() => started(other))).message).toContain("it is not there");
    await one.sign(DATA);
    const afterwards = initialised();
    await one.sign(DATA);
    expect(initialised()).toBe(afterwards);
  });
});
