import { createPublicKey, publicEncrypt, randomBytes, verify, X509Certificate } from "node:crypto";
import { createRequire } from "node:module";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeEvidenceIssuer, TRUST_DOMAIN } from "../../scripts/interop/configuration.ts";
import { startSvidmint, type Svidmint } from "../../scripts/interop/svidmint.ts";
import { encodePem } from "../../src/encoding/pem.ts";
import type { PrivateKey } from "../../src/platform/platform.ts";
import { nodePlatform } from "../../src/platform/node/node-platform.ts";
import { signingAlgorithm } from "../../src/signer/algorithms.ts";
import { openAzureKeyVault } from "../../src/signer/azure-key-vault.ts";
import type { KeyHandle } from "../../src/signer/backend.ts";
import type { Signer } from "../../src/signer/signer.ts";
import { FakeKeyVault, failure } from "../fakes/azure-key-vault.ts";
import { IDENTITY_VARIABLES, tokenFor } from "../fakes/azure-tokens.ts";
import { listen, type Listening } from "../fakes/node/listen.ts";
import { counterparts } from "./support/counterparts.ts";
import { rootCertificate } from "./support/root-certificate.ts";
import { bundleRoots, fetchBundle, issueJwt, issueX509, splitPem } from "./support/svids.ts";

const needs = counterparts("azure-keyvault-keys");
const platform = nodePlatform();
const ORIGIN = "https://svidmint.vault.azure.net";

/** What is used of `@azure/keyvault-keys`, which is installed apart. */
interface CryptographyClient {
  sign(alg: string, digest: Uint8Array): Promise<{ result: Uint8Array; keyID?: string }>;
  signData(alg: string, data: Uint8Array): Promise<{ result: Uint8Array }>;
  wrapKey(alg: string, key: Uint8Array): Promise<{ result: Uint8Array }>;
  unwrapKey(alg: string, wrapped: Uint8Array): Promise<{ result: Uint8Array }>;
}
interface Library {
  readonly CryptographyClient: new (
    kid: string,
    credential: object,
    options: object,
  ) => CryptographyClient;
}
interface Pipeline {
  createDefaultHttpClient(): { sendRequest(request: object): Promise<unknown> };
}

/**
 * Nobody but Microsoft runs Key Vault: this is our own simulation, which Microsoft's client library has to get along
 * with, so that it is no mere mirror of our own reading of the reference.
 */
describe.skipIf(needs.absent)(`a simulated Azure Key Vault${needs.note}`, () => {
  const stack = new AsyncDisposableStack();
  const vault = new FakeKeyVault(platform, ORIGIN);
  let served: Listening;
  let variables: Record<string, string>;
  const keys = {} as Record<"ec" | "rsa", { readonly key: PrivateKey; readonly kid: string }>;

  const open = async (name: "ec" | "rsa"): Promise<KeyHandle> => {
    const nothing = () => Promise.reject(new Error("reads nothing"));
    const handle = await openAzureKeyVault(
      { key: keys[name].kid },
      {
        platform,
        read: nothing,
        readPrivate: nothing,
        env: (variable) => variables[variable],
        complain: (field, message) => expect.fail(`${field}: ${message}`),
      },
    );
    if (handle === undefined) throw new Error("no handle");
    return handle;
  };

  const signerOf = async (name: "ec" | "rsa"): Promise<Signer> => {
    const { publicKey } = keys[name].key;
    const chosen = signingAlgorithm("jwt", publicKey.info);
    if (!chosen.ok) throw new Error(chosen.error.reason);
    const signer = (await open(name)).signer?.(name, chosen.value, publicKey);
    if (signer === undefined) throw new Error("no signer");
    return signer;
  };

  /** Microsoft's client, which believes that it speaks to Azure: only its connection is ours. */
  const microsoft = (name: "ec" | "rsa"): CryptographyClient => {
    const load = createRequire(needs.path("azure-keyvault-keys"));
    const { CryptographyClient: Client }: Library = load("./index.js");
    const { createDefaultHttpClient }: Pipeline = load("@azure/core-rest-pipeline");
    const real = createDefaultHttpClient();
    const httpClient = {
      async sendRequest(request: { url: string; allowInsecureConnection?: boolean }) {
        const { url } = request;
        request.url = url.replace(ORIGIN, served.url);
        request.allowInsecureConnection = true;
        try {
          return await real.sendRequest(request);
        } finally {
          request.url = url; // The client compares it with the challenge.
        }
      },
    };
    const credential = {
      async getToken(scopes: string | string[]) {
        const resource = String(scopes).replace(/\/\.default$/, "");
        return { token: tokenFor(resource), expiresOnTimestamp: Date.now() + 3_600_000 };
      },
    };
    return new Client(keys[name].kid, credential, { httpClient });
  };

  beforeAll(async () => {
    served = await listen(vault.handle);
    stack.defer(() => served.close());
    variables = {
      ...IDENTITY_VARIABLES,
      IDENTITY_ENDPOINT: `${served.url}/msi/token`,
      SVIDMINT_AZURE_KEY_VAULT_ENDPOINT: served.url,
    };
    for (const [name, kind] of [
      ["ec", "P-256"],
      ["rsa", "RSA-2048"],
    ] as const) {
      const key = await platform.generateKey(kind); // oxlint-disable-line no-await-in-loop -- two
      keys[name] = { key, kid: await vault.add(name, key) }; // oxlint-disable-line no-await-in-loop -- two
    }
  });
  afterAll(() => stack.disposeAsync());

  it.each(["ec", "rsa"] as const)("signs for Microsoft's client as for us: %s", async (name) => {
    const signer = await signerOf(name);
    const { scheme, publicKey, algorithm } = signer;
    const data = randomBytes(300);
    const ours = await signer.sign(data);
    expect(await platform.verify(scheme, publicKey, ours, data)).toBe(true);
    const digest = await platform.digest("SHA-256", data);
    const theirs = await microsoft(name).sign(algorithm, digest);
    expect(theirs.keyID).toBe(keys[name].kid);
    expect(await platform.verify(scheme, publicKey, theirs.result, data)).toBe(true);
    const [first, second] = vault.ledger.slice(-2);
    expect(first).toEqual(second);
  });

  it("unwraps for both what Microsoft's client wrapped", async () => {
    const client = microsoft("rsa");
    const data = randomBytes(32);
    const { result } = await client.wrapKey("RSA-OAEP-256", data);
    expect(Buffer.from((await client.unwrapKey("RSA-OAEP-256", result)).result)).toEqual(data);
    const unwrapper = (await open("rsa")).unwrapper?.("rsa");
    expect(Buffer.from((await unwrapper?.unwrap(result, "any")) ?? [])).toEqual(data);
    // By OpenSSL, as an operator would.
    const key = createPublicKey(encodePem("PUBLIC KEY", keys.rsa.key.publicKey.spki));
    const wrapped = publicEncrypt({ key, oaepHash: "sha256" }, data);
    expect(Buffer.from((await unwrapper?.unwrap(wrapped, "any")) ?? [])).toEqual(data);
  });

  it("refuses Microsoft's client in the form that it reads", async () => {
    vault.fault = () => failure(403, "Forbidden", "KeyDisabled");
    const signing = microsoft("ec").sign("ES256", new Uint8Array(32));
    await expect(signing).rejects.toMatchObject({ statusCode: 403, code: "Forbidden" });
    vault.fault = () => undefined;
  });

  describe("svidmint serve with its keys there", () => {
    const evidence = makeEvidenceIssuer();
    let issuer: Svidmint;

    beforeAll(async () => {
      const inPlace = (pem: string): string => `data:;base64,${btoa(pem)}`;
      const entry = { backend: "azure_key_vault", published_at: "2026-01-01T00:00:00Z" };
      const certificate = inPlace(await rootCertificate(await signerOf("ec")));
      const public_key = inPlace(encodePem("PUBLIC KEY", keys.rsa.key.publicKey.spki));
      issuer = stack.use(
        await startSvidmint({
          evidence,
          keys: {
            x509: [{ ...entry, id: "root", key: keys.ec.kid, certificate }],
            jwt: [{ ...entry, id: "jwt", key: { here: keys.rsa.kid }, public_key }],
          },
          env: { ...variables, SVIDMINT_REGION: "here" },
        }),
      );
      vault.ledger.length = 0;
    });

    it("issues an X.509-SVID that verifies under the bundle's root", async () => {
      const { certificates } = await issueX509(issuer.url, evidence);
      const [rootPem = ""] = splitPem(bundleRoots(await fetchBundle(issuer.url)));
      const root = new X509Certificate(rootPem);
      const [leaf] = certificates;
      expect(leaf?.verify(root.publicKey)).toBe(true);
      expect(leaf?.checkIssued(root)).toBe(true);
      expect(leaf?.subjectAltName).toBe(`URI:spiffe://${TRUST_DOMAIN}/ci/build`);
      expect(vault.ledger).toMatchObject([{ kid: keys.ec.kid, alg: "ES256" }]);
    });

    it("issues a JWT-SVID that verifies under the bundle's RSA key", async () => {
      const token = await issueJwt(issuer.url, evidence);
      const [head = "", payload = "", signature = ""] = token.split(".");
      const { kid, alg } = JSON.parse(Buffer.from(head, "base64url").toString());
      expect(alg).toBe("RS256");
      const jwk = (await fetchBundle(issuer.url)).keys.find((key) => key.kid === kid);
      const key = createPublicKey({ key: { ...jwk }, format: "jwk" });
      const input = Buffer.from(`${head}.${payload}`);
      expect(verify("sha256", input, key, Buffer.from(signature, "base64url"))).toBe(true);
    });

    it("names in its log why the vault refuses, and answers 503", async () => {
      vault.fault = () => failure(403, "Forbidden", "KeyDisabled");
      await expect(issueX509(issuer.url, evidence)).rejects.toThrow(/status 503/);
      const log = (): string => issuer.server.output();
      await expect.poll(log).toContain("status 403 Forbidden KeyDisabled");
      vault.fault = () => undefined;
      await issueX509(issuer.url, evidence);
    });
  });
});
