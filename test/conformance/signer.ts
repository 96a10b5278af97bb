import { describe, expect, it } from "vitest";
import { utf8Encode } from "../../src/encoding/bytes.ts";
import { keyFits, schemeOf } from "../../src/encoding/jws.ts";
import type { Platform } from "../../src/platform/platform.ts";
import { SignerError, type Signer } from "../../src/signer/signer.ts";
import { verified } from "../../src/signer/verified.ts";
import { leavesBelow } from "./delegated.ts";
import { signerServiceTests, type FailingService } from "./signer-service.ts";

const DATA = utf8Encode("bytes that we encoded");

/**
 * What every signing backend does alike, be its key in this process or in a key service.
 * @param service where it is one over HTTP: a signer with a service of its own, which a test makes fail
 */
export function signerConformance(
  name: string,
  platform: Platform,
  make: () => Promise<Signer>,
  service?: () => Promise<FailingService>,
): void {
  describe(`Signer: ${name}`, () => {
    it("names an algorithm that is its scheme and fits its key", async () => {
      const signer = await make();
      expect(schemeOf(signer.algorithm)).toEqual(signer.scheme);
      expect(keyFits(signer.algorithm, signer.publicKey.info)).toBe(true);
    });

    it("signs in the raw form, and the signature verifies", async () => {
      const signer = await make();
      const { publicKey, scheme } = signer;
      for (const data of [DATA, new Uint8Array(0), new Uint8Array(5000).fill(7)]) {
        const signature = await signer.sign(data);
        expect(signature.length).toBe(rawLength(signer));
        expect(await platform.verify(scheme, publicKey, signature, data)).toBe(true);
      }
    });

    it("signs what it is given, and nothing else", async () => {
      const signer = await make();
      const signature = await signer.sign(DATA);
      const verify = platform.verify(signer.scheme, signer.publicKey, signature, utf8Encode("no"));
      expect(await verify).toBe(false);
    });

    it("signs many things at once", async () => {
      const signer = await make();
      const inputs = Array.from({ length: 20 }, (_, i) => utf8Encode(`input ${i}`));
      const signatures = await Promise.all(inputs.map(async (input) => signer.sign(input)));
      const verdicts = await Promise.all(
        signatures.map(async (signature, i) =>
          platform.verify(signer.scheme, signer.publicKey, signature, inputs[i] ?? DATA),
        ),
      );
      expect(verdicts.every(Boolean)).toBe(true);
    });

    it("has a name and no private key for whoever prints it", async () => {
      const signer = await make();
      expect(signer.id).toMatch(/^\S+$/);
      expect(JSON.stringify(signer)).not.toMatch(/"(?:d|p|q|dp|dq|qi)":/);
    });

    it("is not held back by the check of its signatures", async () => {
      const signer = verified(await make(), platform);
      const signature = await signer.sign(DATA);
      const verify = platform.verify(signer.scheme, signer.publicKey, signature, DATA);
      expect(await verify).toBe(true);
    });

    it("is a root in mode delegated: one signature, and leaves verify below it", async () => {
      const signer = await make();
      expect(await leavesBelow(signer, platform)).toEqual({ signatures: 1, accepted: 20 });
    });

    it.each(Object.entries(FAULTS))("is held back when it answers with %s", async (_, fault) => {
      const signer = await make();
      const answer = fault(await signer.sign(DATA), await signer.sign(utf8Encode("other")));
      const broken = verified({ ...signer, sign: () => answer }, platform);
      const error: unknown = await (async () => broken.sign(DATA))().catch((e: unknown) => e);
      expect(error).toBeInstanceOf(SignerError);
      expect(error).toMatchObject({ code: "unsound", retryable: false });
    });

    if (service !== undefined) signerServiceTests(platform, service);
  });
}

/** RSA: as long as the modulus; ECDSA: two integers as long as the order; Ed25519: 64. */
function rawLength({ publicKey: { info } }: Signer): number {
  if (info.type === "RSA") return info.n.length;
  return info.type === "EC" ? 2 * info.x.length : 64;
}

type Fault = (signature: Uint8Array, ofOtherData: Uint8Array) => Uint8Array;
/** What key services have been seen to do, or could. */
const FAULTS: Readonly<Record<string, Fault>> = {
  "the signature of other bytes": (_, other) => other,
  "a flipped first bit": (signature) => signature.map((b, i) => (i === 0 ? b ^ 0x80 : b)),
  "a flipped last bit": (signature) =>
    signature.map((b, i) => (i === signature.length - 1 ? b ^ 1 : b)),
  "a signature cut short": (signature) => signature.subarray(0, -1),
  "a byte too many": (signature) => new Uint8Array([...signature, 0]),
  "a byte too many in front": (signature) => new Uint8Array([0, ...signature]),
  nothing: () => new Uint8Array(0),
  zeros: (signature) => new Uint8Array(signature.length),
  "DER where raw is asked": (signature) => derOf(signature),
  "halves in the wrong order": (signature) =>
    new Uint8Array([
      ...signature.subarray(signature.length / 2),
      ...signature.subarray(0, signature.length / 2),
    ]),
};

/** SEQUENCE of two INTEGERs, as most key services answer. */
function derOf(raw: Uint8Array): Uint8Array {
  const half = raw.length / 2;
  const body = [...integer(raw.subarray(0, half)), ...integer(raw.subarray(half))];
  return new Uint8Array([0x30, 0x81, body.length & 0xff, ...body]);
}

function integer(bytes: Uint8Array): number[] {
  return [0x02, bytes.length + 1, 0, ...bytes];
}
