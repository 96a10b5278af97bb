import { afterEach, describe, expect, it, vi } from "vitest";
import { utf8Encode } from "../../../src/encoding/bytes.ts";
import type { KeyKind } from "../../../src/platform/platform.ts";
import { webCryptoPlatform } from "../../../src/platform/webcrypto.ts";
import { signingAlgorithm } from "../../../src/signer/algorithms.ts";
import { openAwsKms } from "../../../src/signer/aws-kms.ts";
import type { BackendDeps } from "../../../src/signer/backend.ts";
import { SignerError, type SignatureAlgorithm, type Signer } from "../../../src/signer/signer.ts";
import { verified } from "../../../src/signer/verified.ts";
import { signerConformance } from "../../conformance/signer.ts";
import { failing } from "../../conformance/signer-service.ts";
import { FAILURES, FOREIGN, hang, slow, UNSOUND } from "../../fakes/aws-kms-faults.ts";
import { failure, FakeKms, keyArn, KMS_VARIABLES } from "../../fakes/aws-kms.ts";
import { base64 } from "../../fakes/keys.ts";
import { newKey } from "../../fakes/private-key.ts";

const crypto = webCryptoPlatform();
const DATA = utf8Encode("bytes that we encoded");

async function bench(kind: KeyKind = "P-256", wanted?: SignatureAlgorithm) {
  const kms = new FakeKms(crypto);
  const key = await newKey(crypto, kind);
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

async function service() {
  const { kms, signer } = await bench();
  return failing(signer, kms);
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
  signerConformance(
    `aws_kms ${wanted}`,
    crypto,
    async () => {
      const { kms, signer } = await made;
      kms.expect(new Uint8Array(5000).fill(7));
      return signer;
    },
    wanted === "ES256" ? service : undefined,
  );
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
    expect(kms.asked.map((asked) => asked["MessageType"])).toEqual(["RAW", "DIGEST"]);
    expect(kms.asked[1]?.["Message"]).toBe(base64(await crypto.digest("SHA-256", more)));
    expect(kms.signed.map(({ message }) => message)).toEqual([most, more]);
  });

  it("is an Ed25519 signature of no more than can be sent whole", async () => {
    const { kms, signer, key } = await bench("Ed25519");
    const data = new Uint8Array(4096).fill(7);
    const signature = await signer.sign(data);
    expect(await crypto.verify(signer.scheme, key.publicKey, signature, data)).toBe(true);
    expect(kms.asked[0]).toMatchObject({
      MessageType: "RAW",
      SigningAlgorithm: "ED25519_SHA_512",
    });
    const more = Promise.resolve(signer.sign(new Uint8Array(4097)));
    await expect(more).rejects.toMatchObject({ code: "denied" });
    expect(kms.asked).toHaveLength(1);
  });
});

describe("a signature that is none (F6)", () => {
  it.each(Object.entries({ ...FOREIGN, ...UNSOUND }))(
    "%s: unsound, not asked again",
    async (_, fault) => {
      const { kms, signer } = await bench();
      kms.fault = fault;
      expect(await faultOf(signer)).toMatchObject({ code: "unsound", retryable: false });
      expect(kms.asked).toHaveLength(1);
    },
  );
});

const turn = () =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

describe("a service that does not sign (F2 to F5, F7)", () => {
  it.each(Object.entries(FAILURES))(
    "%s: told from other reasons, asked again if it may pass, and nothing of what it said",
    async (_, { code, fault }) => {
      const { kms, signer } = await bench();
      kms.fault = fault;
      const error = await faultOf(signer);
      expect(error).toMatchObject({ code, retryable: code !== "denied" });
      expect(kms.asked).toHaveLength(code === "denied" ? 1 : 2);
      expect(error.message).not.toMatch(/hunter2|AKID|html/);
    },
  );

  it("names the operation that the role lacks", async () => {
    const { kms, signer } = await bench();
    kms.fault = () => failure("AccessDeniedException");
    const message = "AWS KMS refuses Sign for root: status 400 AccessDeniedException";
    expect((await faultOf(signer)).message).toBe(message);
  });

  it("undoes no more of a compressed answer than an answer has", async () => {
    const { kms, signer } = await bench();
    const stream = new Response(new Uint8Array(1024 * 1024)).body?.pipeThrough(
      new CompressionStream("gzip"),
    );
    const small = await new Response(stream).arrayBuffer();
    kms.fault = () => {
      const body = new Response(small).body?.pipeThrough(new DecompressionStream("gzip"));
      return new Response(body);
    };
    expect(await faultOf(signer)).toMatchObject({ code: "denied" });
  });

  it("waits for a slow one", async () => {
    const { kms, signer } = await bench();
    kms.fault = slow(new Promise((resolve) => setTimeout(resolve, 20)));
    await verified(signer, crypto).sign(DATA);
    expect(kms.asked).toHaveLength(1);
  });

  describe("that hangs", () => {
    afterEach(() => {
      vi.useRealTimers();
    });

    it("is given up within 2 s, tried twice", async () => {
      const { kms, signer } = await bench();
      kms.fault = hang;
      vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
      const outcome = faultOf(signer);
      for (const calls of [1, 2]) {
        // Nothing is given up before it was asked, however slow this machine is.
        while (kms.asked.length < calls) await turn(); // oxlint-disable-line no-await-in-loop
        await vi.advanceTimersByTimeAsync(1300); // oxlint-disable-line no-await-in-loop -- a try, and the pause after it
      }
      expect(await outcome).toMatchObject({ code: "timeout" });
      expect(kms.asked).toHaveLength(2);
    });
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
