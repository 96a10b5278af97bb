import { describe, expect, it } from "vitest";
import { webCryptoPlatform } from "../../../src/platform/webcrypto.ts";
import { openAwsKms } from "../../../src/signer/aws-kms.ts";
import { SignerError } from "../../../src/signer/signer.ts";
import { unwrapperConformance } from "../../conformance/unwrapper.ts";
import { FAILURES, FOREIGN } from "../../fakes/aws-kms-faults.ts";
import { failure, FakeKms, keyArn, KMS_VARIABLES, type KmsFault } from "../../fakes/aws-kms.ts";
import { base64 } from "../../fakes/keys.ts";

const platform = webCryptoPlatform();
const DATA_KEY = new Uint8Array(32).fill(5);
const CONTEXT = "prod.example.org jwt kid-1";

async function bench() {
  const kms = new FakeKms(platform);
  const arn = await kms.addSymmetric("one");
  await kms.addSymmetric("two");
  const wrapped = await kms.encrypt(arn, DATA_KEY, { svidmint: CONTEXT });
  const open = async (key: string) => {
    const handle = await openAwsKms(
      { key },
      {
        platform: webCryptoPlatform({ fetch: kms.fetch }),
        read: () => Promise.reject(new Error("reads nothing")),
        readPrivate: () => Promise.reject(new Error("reads nothing")),
        env: (name) => KMS_VARIABLES[name],
        complain: (field, message) => expect.fail(`${field}: ${message}`),
      },
    );
    const unwrapper = handle?.unwrapper?.("jwt-7");
    if (handle === undefined || unwrapper === undefined) throw new Error("no unwrapper");
    return { handle, unwrapper };
  };
  return { kms, arn, wrapped, open, ...(await open(arn)) };
}

async function faultOf(unwrapped: Promise<Uint8Array>): Promise<SignerError> {
  const error: unknown = await unwrapped.catch((e: unknown) => e);
  if (error instanceof SignerError) return error;
  throw new Error(`not refused: ${String(error)}`);
}

unwrapperConformance<KmsFault>(
  "aws_kms",
  true,
  {
    denied: () => failure("AccessDeniedException"),
    throttled: () => failure("ThrottlingException"),
    unavailable: () => failure("KMSInternalException", 500),
    malformed: (answer) => Response.json({ ...answer, Plaintext: "%" }),
    foreign: (answer) => Response.json({ ...answer, KeyId: keyArn("two") }),
  },
  async () => {
    const { kms, arn, handle } = await bench();
    return {
      handle,
      wrap: (dataKey, context) => kms.encrypt(arn, dataKey, { svidmint: context }),
      calls: () => kms.asked.length,
      become: (fault = () => undefined) => void (kms.fault = fault),
    };
  },
);

describe("a data key that AWS KMS decrypts", () => {
  it("is asked for by the key's ARN and in its context, and nothing else", async () => {
    const { kms, arn, wrapped, unwrapper } = await bench();
    expect(await unwrapper.unwrap(wrapped, CONTEXT)).toEqual(DATA_KEY);
    expect(kms.asked).toEqual([
      {
        KeyId: arn,
        CiphertextBlob: base64(wrapped),
        EncryptionContext: { svidmint: CONTEXT },
        EncryptionAlgorithm: "SYMMETRIC_DEFAULT",
      },
    ]);
    expect(kms.signed).toEqual([]);
  });

  it.each<[string, (wrapped: Uint8Array) => Uint8Array, string]>([
    ["no context", (wrapped) => wrapped, ""],
    ["an end cut off", (wrapped) => wrapped.subarray(0, -1), CONTEXT],
    ["nothing", () => new Uint8Array(0), CONTEXT],
  ])("is denied for %s", async (_, change, context) => {
    const { wrapped, unwrapper } = await bench();
    const error = await faultOf(unwrapper.unwrap(change(wrapped), context));
    expect(error).toMatchObject({ code: "denied", retryable: false });
    expect(error.message).toMatch(/^AWS KMS refuses Decrypt for jwt-7: .*InvalidCiphertext/);
  });

  it.each([
    ["another key of the account", keyArn("two"), /InvalidCiphertextException/],
    ["a key that is none", keyArn("three"), /NotFoundException/],
  ])("is denied to %s", async (_, arn, reason) => {
    const { wrapped, open } = await bench();
    const error = await faultOf((await open(arn)).unwrapper.unwrap(wrapped, CONTEXT));
    expect(error).toMatchObject({ code: "denied", message: expect.stringMatching(reason) });
  });

  it.each<[string, KmsFault]>([
    ...Object.entries(FOREIGN),
    ["no data key", (answer) => Response.json({ ...answer, Plaintext: undefined })],
    ["an empty one", (answer) => Response.json({ ...answer, Plaintext: "" })],
    ["what is no base64", (answer) => Response.json({ ...answer, Plaintext: "%" })],
  ])("is not used after an answer with %s", async (_, fault) => {
    const { kms, wrapped, unwrapper } = await bench();
    kms.fault = fault;
    const error = await faultOf(unwrapper.unwrap(wrapped, CONTEXT));
    expect(error).toMatchObject({ code: "unsound", retryable: false });
    expect(error.message).not.toContain(base64(DATA_KEY));
    expect(kms.asked).toHaveLength(1);
  });

  it.each(Object.entries(FAILURES))("is not to be had: %s", async (_, { code, fault }) => {
    const { kms, wrapped, unwrapper } = await bench();
    kms.fault = fault;
    const error = await faultOf(unwrapper.unwrap(wrapped, CONTEXT));
    expect(error).toMatchObject({ code, retryable: code !== "denied" });
    expect(kms.asked).toHaveLength(code === "denied" ? 1 : 2);
    expect(error.message).not.toMatch(/hunter2|AKID|html/);
  });
});
