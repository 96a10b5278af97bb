import { afterEach, describe, expect, it, vi } from "vitest";
import { utf8Encode } from "../../../src/encoding/bytes.ts";
import { webCryptoPlatform } from "../../../src/platform/webcrypto.ts";
import type { Signer } from "../../../src/signer/signer.ts";
import { verified } from "../../../src/signer/verified.ts";
import { signerConformance } from "../../conformance/signer.ts";
import { failing } from "../../conformance/signer-service.ts";
import { versionName } from "../../fakes/gcp-kms.ts";
import { FAILING, halfOpen, hang, slow, UNSOUND } from "../../fakes/gcp-kms-faults.ts";
import { checksumOf, refuse } from "../../fakes/gcp-kms-protocol.ts";
import { base64 } from "../../fakes/keys.ts";
import { bench, crypto, faultOf as refusalOf, METADATA } from "./gcp-kms-bench.ts";

const realTimeout = setTimeout;
const DATA = utf8Encode("bytes that we encoded");

async function service() {
  const { kms, signer } = await bench();
  return failing(signer, kms);
}

for (const [kind, wanted] of [
  ["P-256", "ES256"],
  ["P-384", "ES384"],
  ["RSA-2048", "RS256"],
  ["RSA-2048", "PS256"],
  ["Ed25519", "EdDSA"],
] as const) {
  const made = bench(kind, wanted);
  signerConformance(
    `gcp_kms ${wanted}`,
    crypto,
    async () => (await made).signer,
    wanted === "ES256" ? service : undefined,
  );
}

const faultOf = (signer: Signer | undefined) =>
  refusalOf(() => signer && verified(signer, crypto).sign(DATA));

describe("what Google Cloud KMS is asked", () => {
  it("is nothing when a key is opened, then one signature of a digest by the key's version", async () => {
    const { kms, version, signer } = await bench();
    expect(kms.asked).toEqual([]);
    await signer.sign(DATA);
    const digest = await crypto.digest("SHA-256", DATA);
    const body = { digest: { sha256: base64(digest) }, digestCrc32c: checksumOf(digest) };
    expect(kms.asked).toEqual([{ name: version, method: ":asymmetricSign", body }]);
    expect(kms.ledger.map((signed) => kms.messageOf(signed))).toEqual([DATA]);
  });

  it("is the message itself where the algorithm hashes it with the key (Ed25519)", async () => {
    const { kms, version, signer } = await bench("Ed25519");
    await signer.sign(DATA);
    expect(kms.asked.map(({ body }) => body)).toEqual([
      { data: base64(DATA), dataCrc32c: checksumOf(DATA) },
    ]);
    expect(kms.ledger).toEqual([{ name: version, data: DATA }]);
  });

  it.each([
    ["RSA-2048", "RS384"],
    ["RSA-2048", "RS512"],
    ["RSA-2048", "PS384"],
    ["RSA-2048", "PS512"],
  ] as const)("is not what Google has not: %s %s", async (kind, wanted) => {
    await expect(bench(kind, wanted)).rejects.toThrow("not opened");
  });

  it("counts against the project that a variable names", async () => {
    const { signerFor, version } = await bench();
    const env = (name: string) => (name === "GOOGLE_CLOUD_QUOTA_PROJECT" ? "acme" : undefined);
    const { platform, asked } = refusing();
    await faultOf(await signerFor({ key: version }, { env, platform }));
    await faultOf(await signerFor({ key: version }, { platform }));
    const projects = asked.map(({ headers }) => headers.get("x-goog-user-project"));
    expect(projects).toEqual(["acme", null]);
  });

  it.each([
    ["https://cloudkms-acme.p.googleapis.com/", "https://cloudkms-acme.p.googleapis.com/v1/"],
    ["http://127.0.0.1:81", "http://127.0.0.1:81/v1/"],
    ["http://kms.example", undefined],
  ])("is asked at the address that a variable names: %s", async (endpoint, base) => {
    const { signerFor, version } = await bench();
    const env = (name: string) =>
      name === "CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDKMS" ? endpoint : undefined;
    const { platform, asked } = refusing();
    await faultOf(await signerFor({ key: version }, { env, platform }));
    const urls = base === undefined ? [] : [`${base}${version}:asymmetricSign`];
    expect(asked.map(({ url }) => url)).toEqual(urls);
  });

  /** In place of all of Google: a token for everybody, and nothing for it. */
  function refusing() {
    const asked: Request[] = [];
    const fetch = async (url: string, init: RequestInit): Promise<Response> => {
      if (url === METADATA) return Response.json({ access_token: "t", expires_in: 3600 });
      asked.push(new Request(url, init));
      return refuse(403, "PERMISSION_DENIED");
    };
    return { platform: webCryptoPlatform({ fetch }), asked };
  }
});

describe("a signature that is none (F6)", () => {
  it.each(Object.entries(UNSOUND))("%s: unsound, not asked again", async (_, fault) => {
    const { kms, signer } = await bench();
    kms.fault = fault;
    expect(await faultOf(signer)).toMatchObject({ code: "unsound", retryable: false });
    expect(kms.asked).toHaveLength(1);
  });

  it("of a version with another algorithm than is configured: unsound", async () => {
    const { kms, version, signer } = await bench("RSA-2048", "RS256");
    const { key } = kms.version(version);
    kms.add("one", key, "RSA_SIGN_PSS_2048_SHA256");
    expect(await faultOf(signer)).toMatchObject({ code: "unsound" });
  });

  it("of another key under the same name: unsound", async () => {
    const { kms, signer } = await bench();
    kms.add("one", await crypto.generateKey("P-256"), "EC_SIGN_P256_SHA256");
    expect(await faultOf(signer)).toMatchObject({ code: "unsound" });
  });
});

describe("a service that does not sign (F2 to F5, F7)", () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it.each(FAILING)("%s: %s after %i call(s), and nothing of what it said", async (...fault) => {
    const [, code, calls, answer] = fault;
    const { kms, signer } = await bench();
    kms.fault = answer;
    const error = await faultOf(signer);
    expect(error).toMatchObject({ code, retryable: code !== "denied" });
    expect(kms.asked).toHaveLength(calls);
    expect(error.message).not.toMatch(/hunter2|ya29|html/);
  });

  it.each([
    ["hangs", hang],
    ["stops in the middle of its answer", halfOpen],
  ])("one that %s: given up in time, asked twice", async (_, fault) => {
    const { kms, signer } = await bench();
    await signer.sign(DATA);
    kms.fault = fault;
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    const state = { over: false };
    const error = faultOf(signer).finally(() => (state.over = true));
    // Digests are made off the event loop, which takes real time.
    while (!state.over) {
      await new Promise((resolve) => realTimeout(resolve, 1)); // oxlint-disable-line no-await-in-loop
      await vi.advanceTimersByTimeAsync(100); // oxlint-disable-line no-await-in-loop
    }
    expect(await error).toMatchObject({ code: "timeout", retryable: true });
    expect(kms.asked).toHaveLength(1 + 2);
  });

  it("names what is wrong with the key, as Google does", async () => {
    const { kms, version, signer } = await bench();
    kms.version(version).state = "DISABLED";
    const error = await faultOf(signer);
    expect(error.message).toBe("Google Cloud KMS refuses root: status 400 FAILED_PRECONDITION");
  });

  it("signs where it is slow", async () => {
    const { kms, signer } = await bench();
    kms.fault = slow(50);
    await verified(signer, crypto).sign(DATA);
    expect(kms.asked).toHaveLength(1);
  });

  it("signs after one that failed", async () => {
    const { kms, signer } = await bench();
    let first = true;
    kms.fault = () => {
      if (!first) return undefined;
      first = false;
      return refuse(503, "UNAVAILABLE");
    };
    await verified(signer, crypto).sign(DATA);
    expect(kms.asked).toHaveLength(2);
  });

  it("no credentials: denied, and KMS hears nothing", async () => {
    const { kms, signer, withoutCredentials } = await bench();
    withoutCredentials();
    expect(await faultOf(signer)).toMatchObject({ code: "denied" });
    expect(kms.asked).toEqual([]);
  });
});

describe("keys by region", () => {
  const key = { "europe-west3": versionName("one"), "us-east1": versionName("two") };
  const here = (region: string) => ({
    env: (name: string) => (name === "SVIDMINT_REGION" ? region : undefined),
  });

  it("are told apart by SVIDMINT_REGION", async () => {
    const { signerFor, kms } = await bench();
    await (await signerFor({ key }, here("europe-west3")))?.sign(DATA);
    expect(kms.asked).toMatchObject([{ name: versionName("one") }]);
  });

  it("are none where another region has one, or none is known", async () => {
    const { open, complaints } = await bench();
    expect(await open({ key }, here("europe-west1"))).toBeUndefined();
    expect(await open({ key })).toBeUndefined();
    const complaint = expect.stringContaining("key: names no key for region");
    expect(complaints).toEqual([complaint, complaint]);
  });

  it("are nowhere where the variable for the address is none", async () => {
    const { open, complaints, version } = await bench();
    expect(await open({ key: version }, { env: () => "::" })).toBeUndefined();
    expect(complaints).toEqual([expect.stringMatching(/OVERRIDES_CLOUDKMS is not a URL$/)]);
  });
});
