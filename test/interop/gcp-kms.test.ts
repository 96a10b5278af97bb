import { randomBytes } from "node:crypto";
import { createRequire } from "node:module";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { nodePlatform } from "../../src/platform/node/node-platform.ts";
import { signingAlgorithm } from "../../src/signer/algorithms.ts";
import type { Signer } from "../../src/signer/signer.ts";
import { OPERATOR } from "../fakes/gcp-kms.ts";
import { checksumOf } from "../fakes/gcp-kms-protocol.ts";
import { counterparts } from "./support/counterparts.ts";
import { ISSUER_TOKEN, startGcpKms, type SimulatedKms } from "./support/gcp-kms.ts";

const needs = counterparts("google-kms");
const platform = nodePlatform();

/** What is used of `@google-cloud/kms`, which is installed apart. 64-bit integers are wrapped there. */
interface Answer {
  readonly name: string;
  readonly pem: string;
  readonly signature: Buffer;
  readonly signatureCrc32c: { readonly value: string };
  readonly verifiedDigestCrc32c: boolean;
  readonly verifiedDataCrc32c: boolean;
  readonly ciphertext: Buffer;
  readonly plaintext: Buffer;
  readonly plaintextCrc32c: { readonly value: string };
}
type Method = (request: object) => Promise<readonly [Answer]>;
interface Client {
  readonly asymmetricSign: Method;
  readonly getPublicKey: Method;
  readonly encrypt: Method;
  readonly decrypt: Method;
  close(): Promise<void>;
}
type Library = { readonly KeyManagementServiceClient: new (settings: object) => Client };

/**
 * Nobody but Google runs Cloud KMS: this is our own simulation, which Google's client library has to get along with, so
 * that it is no mere mirror of our own reading of the reference.
 */
describe.skipIf(needs.absent)(`a simulated Google Cloud KMS${needs.note}`, () => {
  const stack = new AsyncDisposableStack();
  let kms: SimulatedKms;
  let google: Client;

  const googleAs = (token: string): Client => {
    const load = createRequire(needs.path("google-kms"));
    const { KeyManagementServiceClient }: Library = load("./index.js");
    const { OAuth2Client } = load("google-auth-library");
    const authClient = new OAuth2Client();
    authClient.setCredentials({ access_token: token, expiry_date: Date.now() + 3_600_000 });
    const { hostname: apiEndpoint, port } = new URL(kms.url);
    return new KeyManagementServiceClient({
      apiEndpoint,
      port: Number(port),
      protocol: "http",
      fallback: "rest",
      authClient,
    });
  };

  const signerOf = async (name: string): Promise<Signer> => {
    const { key } = kms.service.version(name);
    const handle = await kms.open(name);
    const chosen = signingAlgorithm("x509", key.publicKey.info);
    if (!chosen.ok) throw new Error(chosen.error.reason);
    const signer = handle.signer?.(name, chosen.value, key.publicKey);
    if (signer === undefined) throw new Error("no signer");
    return signer;
  };

  beforeAll(async () => {
    kms = stack.use(await startGcpKms(platform));
    google = googleAs(OPERATOR);
    stack.defer(() => google.close());
  });
  afterAll(() => stack.disposeAsync());

  it.each([
    ["P-256", "EC_SIGN_P256_SHA256", "SHA-256", "sha256"],
    ["P-384", "EC_SIGN_P384_SHA384", "SHA-384", "sha384"],
    ["RSA-2048", "RSA_SIGN_PKCS1_2048_SHA256", "SHA-256", "sha256"],
  ] as const)(
    "signs digests for Google's client as for us: %s",
    async (kind, algorithm, hash, field) => {
      const key = await platform.generateKey(kind);
      const name = kms.service.add(kind, key, algorithm);
      const signer = await signerOf(name);
      const data = randomBytes(300);
      expect(
        await platform.verify(signer.scheme, key.publicKey, await signer.sign(data), data),
      ).toBe(true);
      const digest = await platform.digest(hash, data);
      const [answer] = await google.asymmetricSign({
        name,
        digest: { [field]: digest },
        digestCrc32c: { value: checksumOf(digest) },
      });
      expect(answer.name).toBe(name);
      expect(answer.verifiedDigestCrc32c).toBe(true);
      expect(answer.signatureCrc32c.value).toBe(checksumOf(answer.signature));
      const [ours, theirs] = kms.service.asked.slice(-2);
      expect(theirs).toEqual(ours);
      const [told] = await google.getPublicKey({ name });
      expect(told.pem).toContain("BEGIN PUBLIC KEY");
    },
  );

  it("signs messages for both where the algorithm hashes by itself", async () => {
    const key = await platform.generateKey("Ed25519");
    const name = kms.service.add("ed", key, "EC_SIGN_ED25519");
    const signer = await signerOf(name);
    const data = randomBytes(300);
    const ours = await signer.sign(data);
    const request = { name, data, dataCrc32c: { value: checksumOf(data) } };
    const [answer] = await google.asymmetricSign(request);
    expect(answer.verifiedDataCrc32c).toBe(true);
    expect(Buffer.from(ours)).toEqual(Buffer.from(answer.signature));
  });

  it("decrypts for both what Google's client encrypted, for its context alone", async () => {
    const name = await kms.service.dataKeys.add(kms.encrypts);
    const plaintext = randomBytes(32);
    const additionalAuthenticatedData = Buffer.from("svidmint: context");
    const [{ ciphertext }] = await google.encrypt({ name, plaintext, additionalAuthenticatedData });
    const request = { name, ciphertext, additionalAuthenticatedData };
    const [answer] = await google.decrypt(request);
    expect(Buffer.from(answer.plaintext)).toEqual(plaintext);
    expect(answer.plaintextCrc32c.value).toBe(checksumOf(plaintext));
    const unwrapper = (await kms.open(name)).unwrapper?.("jwt");
    const ours = await unwrapper?.unwrap(ciphertext, "svidmint: context");
    expect(Buffer.from(ours ?? [])).toEqual(plaintext);
    await expect(unwrapper?.unwrap(ciphertext, "another")).rejects.toMatchObject({
      code: "denied",
    });
    const other = { ...request, additionalAuthenticatedData: Buffer.from("another") };
    await expect(google.decrypt(other)).rejects.toMatchObject({ code: 3 });
  });

  it("refuses Google's client in the form that it reads", async () => {
    const key = await platform.generateKey("P-256");
    const name = kms.service.add("refused", key, "EC_SIGN_P256_SHA256");
    const digest = { sha256: randomBytes(32) };
    const wrong = { name, digest, digestCrc32c: { value: "1" } };
    await expect(google.asymmetricSign(wrong)).rejects.toMatchObject({ code: 3 });
    const none = { name: `${name}2`, digest };
    await expect(google.asymmetricSign(none)).rejects.toMatchObject({ code: 5 });
    kms.service.version(name).state = "DISABLED";
    await expect(google.asymmetricSign({ name, digest })).rejects.toMatchObject({ code: 9 });
    kms.service.version(name).state = "ENABLED";
    const issuer = googleAs(ISSUER_TOKEN);
    await issuer.asymmetricSign({ name, digest });
    await expect(issuer.getPublicKey({ name })).rejects.toMatchObject({ code: 7 });
    await issuer.close();
  });
});
