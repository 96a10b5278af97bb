import { describe, expect, it } from "vitest";
import { utf8Encode } from "../../../src/encoding/bytes.ts";
import { ecdsaRawToDer } from "../../../src/encoding/ecdsa.ts";
import type { KeyKind } from "../../../src/platform/platform.ts";
import { webCryptoPlatform } from "../../../src/platform/webcrypto.ts";
import { signingAlgorithm } from "../../../src/signer/algorithms.ts";
import { openAwsKms } from "../../../src/signer/aws-kms.ts";
import type { BackendDeps } from "../../../src/signer/backend.ts";
import { SignerError, type SignatureAlgorithm, type Signer } from "../../../src/signer/signer.ts";
import { verified } from "../../../src/signer/verified.ts";
import { signerConformance } from "../../conformance/signer.ts";
import { failure, FakeKms, keyArn, KMS_VARIABLES, type KmsAnswer } from "../../fakes/aws-kms.ts";
import { base64 } from "../../fakes/keys.ts";

const crypto = webCryptoPlatform();
const DATA = utf8Encode("bytes that we encoded");

async function bench(kind: KeyKind = "P-256", wanted?: SignatureAlgorithm) {
  const kms = new FakeKms(crypto);
  const key = await crypto.generateKey(kind);
  const chosen = signingAlgorithm("x509", key.publicKey.info, wanted);
  if (!chosen.ok) throw new Error(chosen.error.reason);
  const arn = kms.add("one", key);
  const complaints: string[] = [];
  const deps: BackendDeps = {
    platform: webCryptoPlatform({ fetch: kms.fetch }),
    read: () => Promise.reject(new Error("reads nothing")),
    readPrivate: () => Promise.reject(new Error("reads nothing")),
    env: (name) => KMS_VARIABLES[name],
    complain: (field, message) => void complaints.push(`${field}: ${message}`),
  };
  const open = (settings: Parameters<typeof openAwsKms>[0], changes: Partial<BackendDeps> = {}) =>
    openAwsKms(settings, { ...deps, ...changes });
  const signer = (await open({ key: arn }))?.signer?.("root", chosen.value, key.publicKey);
  if (signer === undefined) throw new Error("no signer");
  return { kms, arn, signer, open, complaints, key, chosen: chosen.value };
}

for (const [kind, wanted] of [
  ["P-256", "ES256"],
  ["P-384", "ES384"],
  ["RSA-2048", "RS256"],
  ["RSA-2048", "RS512"],
  ["RSA-2048", "PS256"],
  ["RSA-2048", "PS384"],
] as const) {
  const made = bench(kind, wanted);
  signerConformance(`aws_kms ${wanted}`, crypto, async () => {
    const { kms, signer } = await made;
    kms.expect(new Uint8Array(5000).fill(7));
    return signer;
  });
}

async function faultOf(signer: Signer): Promise<SignerError> {
  const error: unknown = await (async () => verified(signer, crypto).sign(DATA))().catch((e) => e);
  if (error instanceof SignerError) return error;
  throw new Error(`not refused: ${String(error)}`);
}

describe("what AWS KMS is asked", () => {
  it("is nothing when a key is opened, then one signature by the key's ARN", async () => {
    const { kms, arn, signer } = await bench();
    expect(kms.asked).toEqual([]);
    await signer.sign(DATA);
    const Message = base64(DATA);
    const asked = { KeyId: arn, Message, MessageType: "RAW", SigningAlgorithm: "ECDSA_SHA_256" };
    expect(kms.asked).toEqual([asked]);
  });

  it("is a digest above 4096 bytes", async () => {
    const { kms, signer } = await bench();
    const [most, more] = [new Uint8Array(4096), new Uint8Array(4097)];
    kms.expect(more);
    await signer.sign(most);
    await signer.sign(more);
    expect(kms.asked.map(({ MessageType: type }) => type)).toEqual(["RAW", "DIGEST"]);
    expect(kms.asked[1]?.Message).toBe(base64(await crypto.digest("SHA-256", more)));
  });

  it("has no Ed25519", async () => {
    const key = await crypto.generateKey("Ed25519");
    const chosen = signingAlgorithm("x509", key.publicKey.info);
    if (!chosen.ok) throw new Error(chosen.error.reason);
    const { open, arn } = await bench();
    const handle = await open({ key: arn });
    expect(handle?.signer?.("root", chosen.value, key.publicKey)).toBeUndefined();
  });
});

const wrong = (change: (answer: KmsAnswer) => object) => (answer: KmsAnswer) =>
  Response.json({ ...answer, ...change(answer) });
const bytesOf = (text: string) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));

describe("a signature that is none (F6)", () => {
  it.each<[string, (answer: KmsAnswer) => Response]>([
    ["another key's ARN", wrong(() => ({ KeyId: keyArn("two") }))],
    ["the key's id in place of its ARN", wrong(() => ({ KeyId: "one" }))],
    ["no key", wrong(() => ({ KeyId: undefined }))],
    ["another algorithm", wrong(() => ({ SigningAlgorithm: "ECDSA_SHA_384" }))],
    ["no signature", wrong(() => ({ Signature: undefined }))],
    ["a number", wrong(() => ({ Signature: 7 }))],
    ["what is no base64", wrong(() => ({ Signature: "%%%" }))],
    ["garbage for DER", wrong(() => ({ Signature: base64(new Uint8Array(70).fill(0x30)) }))],
    ["raw for DER", wrong(() => ({ Signature: base64(new Uint8Array(64).fill(1)) }))],
    [
      "DER cut short",
      wrong(({ Signature: s }) => ({ Signature: base64(bytesOf(s).subarray(0, -1)) })),
    ],
    [
      "DER with a byte behind",
      wrong(({ Signature: s }) => ({ Signature: base64(new Uint8Array([...bytesOf(s), 0])) })),
    ],
    [
      "a flipped bit",
      wrong(({ Signature: s }) => ({
        Signature: base64(bytesOf(s).map((b, i, all) => (i === all.length - 1 ? b ^ 1 : b))),
      })),
    ],
    [
      "well-formed DER of other numbers",
      wrong(() => ({ Signature: base64(ecdsaRawToDer(new Uint8Array(64).fill(9))) })),
    ],
  ])("%s: unsound, not asked again", async (_, fault) => {
    const { kms, signer } = await bench();
    kms.fault = fault;
    expect(await faultOf(signer)).toMatchObject({ code: "unsound", retryable: false });
    expect(kms.asked).toHaveLength(1);
  });
});

const BOMB = new Uint8Array(1024 * 1024);

describe("a service that does not sign (F2 to F5, F7)", () => {
  it.each<[string, string, number, () => Response | Promise<Response>]>([
    ["access denied", "denied", 1, () => failure("AccessDeniedException")],
    ["a disabled key", "denied", 1, () => failure("DisabledException")],
    ["a key about to be deleted", "denied", 1, () => failure("KMSInvalidStateException")],
    ["403", "denied", 1, () => new Response("no", { status: 403 })],
    ["a redirect", "denied", 1, () => Response.redirect("https://other.example/", 307)],
    ["200 that is no JSON", "denied", 1, () => new Response("<html>")],
    ["200 with a list", "denied", 1, () => Response.json([])],
    ["more than any answer", "denied", 1, () => new Response(BOMB)],
    ["throttling", "throttled", 2, () => failure("ThrottlingException")],
    ["429", "throttled", 2, () => new Response("slow down", { status: 429 })],
    ["500", "unavailable", 2, () => failure("KMSInternalException", 500)],
    ["503", "unavailable", 2, () => new Response("", { status: 503 })],
    ["a lost connection", "unavailable", 2, () => Promise.reject(new TypeError("fetch failed"))],
  ])("%s: %s after %i call(s), and nothing of what it said", async (_, code, calls, fault) => {
    const { kms, signer } = await bench();
    kms.fault = fault;
    const error = await faultOf(signer);
    expect(error).toMatchObject({ code, retryable: code !== "denied" });
    expect(kms.asked).toHaveLength(calls);
    expect(error.message).not.toMatch(/hunter2|AKID|html/);
  });

  it("undoes no more of a compressed answer than an answer has", async () => {
    const { kms, signer } = await bench();
    const stream = new Response(BOMB).body?.pipeThrough(new CompressionStream("gzip"));
    const small = await new Response(stream).arrayBuffer();
    kms.fault = () => {
      const body = new Response(small).body?.pipeThrough(new DecompressionStream("gzip"));
      return new Response(body);
    };
    expect(await faultOf(signer)).toMatchObject({ code: "denied" });
  });

  it("signs after one that failed", async () => {
    const { kms, signer } = await bench();
    let first = true;
    kms.fault = () => {
      if (!first) return undefined;
      first = false;
      return failure("KMSInternalException", 500);
    };
    await verified(signer, crypto).sign(DATA);
    expect(kms.asked).toHaveLength(2);
  });

  it("no credentials: denied, and KMS hears nothing", async () => {
    const { open, arn, chosen, key, kms } = await bench();
    const variables = { AWS_EC2_METADATA_DISABLED: "true" } as Record<string, string>;
    const handle = await open({ key: arn }, { env: (name) => variables[name] });
    const signer = handle?.signer?.("root", chosen, key.publicKey);
    expect(await faultOf(signer ?? (await bench()).signer)).toMatchObject({ code: "denied" });
    expect(kms.asked).toEqual([]);
  });
});

describe("replicas of a key", () => {
  const keys = { "eu-central-1": keyArn("one"), "us-east-1": keyArn("one", "us-east-1") };
  const variables = (...own: readonly [string, string][]) => {
    const all = new Map([...Object.entries(KMS_VARIABLES), ...own]);
    return { env: (name: string) => all.get(name) };
  };

  it.each<[string, readonly [string, string][]]>([
    ["AWS_REGION", [["AWS_REGION", "eu-central-1"]]],
    [
      "SVIDMINT_REGION before it",
      [
        ["SVIDMINT_REGION", "eu-central-1"],
        ["AWS_REGION", "us-east-1"],
      ],
    ],
  ])("are told apart by %s", async (_, own) => {
    const { open, chosen, key, kms } = await bench();
    const handle = await open({ key: keys }, variables(...own));
    await handle?.signer?.("root", chosen, key.publicKey)?.sign(DATA);
    expect(kms.asked).toMatchObject([{ KeyId: keyArn("one") }]);
  });

  it.each<[string, readonly [string, string][]]>([
    ["no region is known", []],
    ["another region has one", [["AWS_REGION", "eu-west-1"]]],
    ["a region's name is that of every object's member", [["AWS_REGION", "constructor"]]],
  ])("are none where %s", async (_, own) => {
    const { open, complaints } = await bench();
    expect(await open({ key: keys }, variables(...own))).toBeUndefined();
    expect(complaints).toEqual([expect.stringContaining("key: names no key for region")]);
  });
});
