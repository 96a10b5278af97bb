import { describe, expect, it } from "vitest";
import { utf8Encode } from "../../../src/encoding/bytes.ts";
import { unwrapperConformance } from "../../conformance/unwrapper.ts";
import { RING, type FakeGcpKms } from "../../fakes/gcp-kms.ts";
import { FAILING } from "../../fakes/gcp-kms-faults.ts";
import { checksumOf, refuse } from "../../fakes/gcp-kms-protocol.ts";
import { base64 } from "../../fakes/keys.ts";
import { bench, CONTEXT, faultOf, unwrappedText, wrapped } from "./gcp-kms-bench.ts";

unwrapperConformance<FakeGcpKms["fault"]>(
  "gcp_kms",
  true,
  {
    denied: () => refuse(403, "PERMISSION_DENIED"),
    throttled: () => refuse(429, "RESOURCE_EXHAUSTED"),
    unavailable: () => refuse(503, "UNAVAILABLE"),
    malformed: () => Response.json({ plaintext: "", plaintextCrc32c: "0" }),
  },
  async () => {
    const { kms, dataKey, open } = await bench();
    const handle = await open({ key: dataKey });
    if (handle === undefined) throw new Error("not opened");
    return {
      handle,
      wrap: (plain, context) => wrapped(kms, dataKey, context, plain),
      calls: () => kms.asked.length,
      become: (fault = () => undefined) => void (kms.fault = fault),
    };
  },
);

describe("a data key that Google Cloud KMS decrypts", () => {
  it("is what was encrypted, asked for once, with both checksums and what it is for", async () => {
    const { kms, dataKey, unwrapper } = await bench();
    const bytes = await wrapped(kms, dataKey);
    expect(kms.asked).toEqual([]);
    expect(await unwrappedText(unwrapper, bytes)).toBe("the data key");
    const context = utf8Encode(CONTEXT);
    const body = {
      ciphertext: base64(bytes),
      ciphertextCrc32c: checksumOf(bytes),
      additionalAuthenticatedData: base64(context),
      additionalAuthenticatedDataCrc32c: checksumOf(context),
    };
    expect(kms.asked).toEqual([{ name: dataKey, method: ":decrypt", body }]);
  });

  it("is none where it was encrypted for nothing, by another key, or is cut short", async () => {
    const { kms, dataKey, unwrapper } = await bench();
    const foreign = await kms.dataKeys.add(`${RING}/cryptoKeys/foreign`);
    const mine = await wrapped(kms, dataKey);
    for (const bytes of [
      await wrapped(kms, dataKey, ""),
      await wrapped(kms, foreign),
      mine.subarray(0, -1),
      mine.subarray(0, 5),
      new Uint8Array(0),
    ])
      expect(await faultOf(() => unwrapper.unwrap(bytes, CONTEXT))).toMatchObject({
        code: "denied",
      });
  });

  it.each<[string, (answer: object) => object]>([
    ["another checksum", () => ({ plaintextCrc32c: "1" })],
    ["no checksum", () => ({ plaintextCrc32c: undefined })],
    ["other bytes", () => ({ plaintext: btoa("another key.") })],
    ["no bytes", () => ({ plaintext: "", plaintextCrc32c: "0" })],
    ["none at all", () => ({ plaintext: undefined, plaintextCrc32c: undefined })],
  ])("is unsound in an answer with %s", async (_, change) => {
    const { kms, dataKey, unwrapper } = await bench();
    const bytes = await wrapped(kms, dataKey);
    kms.fault = (answer) => Response.json({ ...answer, ...change(answer) });
    const error = await faultOf(() => unwrapper.unwrap(bytes, CONTEXT));
    expect(error).toMatchObject({ code: "unsound", retryable: false });
    expect(error.message).not.toContain("data key");
    expect(kms.asked).toHaveLength(1);
  });

  it.each(FAILING)("is not to be had: %s", async (_, code, calls, fault) => {
    const { kms, dataKey, unwrapper } = await bench();
    const bytes = await wrapped(kms, dataKey);
    kms.fault = fault;
    expect(await faultOf(() => unwrapper.unwrap(bytes, CONTEXT))).toMatchObject({ code });
    expect(kms.asked).toHaveLength(calls);
  });

  it("is not asked of a version that signs, and nothing is signed by a key that decrypts", async () => {
    const { open, version, dataKey } = await bench();
    expect((await open({ key: version }))?.unwrapper).toBeUndefined();
    expect((await open({ key: dataKey }))?.signer).toBeUndefined();
  });
});
