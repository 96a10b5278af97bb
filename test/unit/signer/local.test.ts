import { describe, expect, it } from "vitest";
import { utf8Encode } from "../../../src/encoding/bytes.ts";
import type { KeyKind } from "../../../src/platform/platform.ts";
import { webCryptoPlatform } from "../../../src/platform/webcrypto.ts";
import { signingAlgorithm } from "../../../src/signer/algorithms.ts";
import { localSigner } from "../../../src/signer/local.ts";
import type { SignatureAlgorithm, Signer } from "../../../src/signer/signer.ts";
import { verified } from "../../../src/signer/verified.ts";
import { signerConformance } from "../../conformance/signer.ts";
import { newKey } from "../../fakes/private-key.ts";

const platform = webCryptoPlatform();

async function make(kind: KeyKind, wanted?: SignatureAlgorithm): Promise<Signer> {
  const key = await newKey(platform, kind);
  const algorithm = signingAlgorithm("x509", key.publicKey.info, wanted);
  if (!algorithm.ok) throw new Error(algorithm.error.reason);
  return localSigner("test", key, algorithm.value, platform);
}

for (const kind of ["P-256", "P-384", "RSA-2048", "Ed25519"] as const) {
  signerConformance(`local ${kind}`, platform, () => make(kind));
}
signerConformance("local RSA-2048 PS384", platform, () => make("RSA-2048", "PS384"));

describe("verified", () => {
  it("refuses what another key signed", async () => {
    const [shown, signing] = [await make("P-256"), await make("P-256")];
    const broken = verified({ ...shown, sign: (data) => signing.sign(data) }, platform);
    await expect((async () => broken.sign(utf8Encode("x")))()).rejects.toMatchObject({
      name: "SignerError",
      code: "unsound",
    });
  });

  it("passes on what the signer throws", async () => {
    const signer = await make("P-256");
    const failing = verified(
      {
        ...signer,
        sign: () => {
          throw new TypeError("broken");
        },
      },
      platform,
    );
    await expect((async () => failing.sign(utf8Encode("x")))()).rejects.toThrow("broken");
  });

  it("tells which key failed and nothing of what it signed", async () => {
    const broken = verified({ ...(await make("P-256")), sign: () => new Uint8Array(64) }, platform);
    const error: unknown = await (async () => broken.sign(utf8Encode("secret")))().catch((e) => e);
    expect(String(error)).toBe("SignerError: the signature of test does not verify");
  });
});

const chosen = async (use: "x509" | "jwt", kind: KeyKind, wanted?: SignatureAlgorithm) => {
  const { publicKey } = await newKey(platform, kind);
  const result = signingAlgorithm(use, publicKey.info, wanted);
  return result.ok ? result.value.algorithm : result.error.reason;
};

describe("signingAlgorithm", () => {
  it.each([
    ["P-256", "ES256"],
    ["P-384", "ES384"],
    ["RSA-2048", "RS256"],
  ] as const)("takes the usual one of a %s key", async (kind, algorithm) => {
    expect(await chosen("jwt", kind)).toBe(algorithm);
    expect(await chosen("x509", kind)).toBe(algorithm);
  });

  it("keeps Ed25519 to X.509", async () => {
    expect(await chosen("x509", "Ed25519")).toBe("EdDSA");
    expect(await chosen("jwt", "Ed25519")).toBe("algorithm_not_allowed");
    expect(await chosen("jwt", "Ed25519", "EdDSA")).toBe("algorithm_not_allowed");
  });

  it.each([
    ["P-256", "ES384"],
    ["P-384", "ES256"],
    ["P-256", "RS256"],
    ["RSA-2048", "ES256"],
    ["RSA-2048", "EdDSA"],
    ["Ed25519", "ES256"],
  ] as const)("does not let a %s key sign with %s", async (kind, wanted) => {
    expect(await chosen("x509", kind, wanted)).toBe("algorithm_not_allowed");
  });

  it("takes what is stated where it fits", async () => {
    expect(await chosen("jwt", "RSA-2048", "PS256")).toBe("PS256");
  });

  it("does not take a weak key", () => {
    const n = new Uint8Array(128).fill(0xa5);
    const weak = signingAlgorithm("jwt", { type: "RSA", n, e: new Uint8Array([1, 0, 1]) });
    expect(weak).toMatchObject({ ok: false, error: { reason: "key_weak" } });
  });
});
