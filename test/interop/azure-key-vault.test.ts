import { createPublicKey, publicEncrypt, randomBytes, X509Certificate } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeEvidenceIssuer, TRUST_DOMAIN } from "../../scripts/interop/configuration.ts";
import { startSvidmint, type Svidmint } from "../../scripts/interop/svidmint.ts";
import { encodePem } from "../../src/encoding/pem.ts";
import { nodePlatform } from "../../src/platform/node/node-platform.ts";
import { wrapKey } from "../../src/signer/envelope.ts";
import { failure } from "../fakes/azure-key-vault.ts";
import {
  serveVault,
  signerOf,
  type ServedVault,
  type VaultKey,
} from "./support/azure-key-vault.ts";
import { counterparts } from "./support/counterparts.ts";
import { rootCertificate } from "./support/root-certificate.ts";
import { bundleRoots, fetchBundle, issueJwt, issueX509, jwtVerifies } from "./support/svids.ts";
import { opensslVerdict } from "./support/upstream.ts";

const needs = counterparts("azure-keyvault-keys");
const platform = nodePlatform();
const inPlace = (text: string): string => `data:;base64,${btoa(text)}`;

/**
 * Nobody but Microsoft runs Key Vault: this is our own simulation, which Microsoft's client library has to get along
 * with, so that it is no mere mirror of our own reading of the reference.
 */
describe.skipIf(needs.absent)(`a simulated Azure Key Vault${needs.note}`, () => {
  const stack = new AsyncDisposableStack();
  const evidence = makeEvidenceIssuer();
  let served: ServedVault;
  let ec: VaultKey;
  let rsa: VaultKey;
  const microsoft = ({ kid }: VaultKey) => served.microsoft(needs.path("azure-keyvault-keys"), kid);

  beforeAll(async () => {
    served = stack.use(await serveVault());
    ec = await served.create("ec", "P-256");
    rsa = await served.create("rsa", "RSA-2048");
  });
  afterAll(() => stack.disposeAsync());

  it.each(["ec", "rsa"])("signs for Microsoft's client as for us: %s", async (name) => {
    const key = name === "ec" ? ec : rsa;
    const { scheme, publicKey, algorithm, sign } = signerOf(key, name);
    const data = randomBytes(300);
    expect(await platform.verify(scheme, publicKey, await sign(data), data)).toBe(true);
    const digest = await platform.digest("SHA-256", data);
    const theirs = await microsoft(key).sign(algorithm, digest);
    expect(theirs.keyID).toBe(key.kid);
    expect(await platform.verify(scheme, publicKey, theirs.result, data)).toBe(true);
    const [first, second] = served.vault.ledger.slice(-2);
    expect(first).toEqual(second);
  });

  it("unwraps for both what Microsoft's client wrapped, and what OpenSSL did", async () => {
    const client = microsoft(rsa);
    const data = randomBytes(32);
    const { result } = await client.wrapKey("RSA-OAEP-256", data);
    expect(Buffer.from((await client.unwrapKey("RSA-OAEP-256", result)).result)).toEqual(data);
    const unwrapper = rsa.handle.unwrapper?.("rsa");
    expect(Buffer.from((await unwrapper?.unwrap(result, "any")) ?? [])).toEqual(data);
    const key = createPublicKey(encodePem("PUBLIC KEY", rsa.key.publicKey.spki));
    const wrapped = publicEncrypt({ key, oaepHash: "sha256" }, data);
    expect(Buffer.from((await unwrapper?.unwrap(wrapped, "any")) ?? [])).toEqual(data);
  });

  it("refuses Microsoft's client in the form that it reads", async () => {
    served.vault.fault = () => failure(403, "Forbidden", "KeyDisabled");
    const signing = microsoft(ec).sign("ES256", new Uint8Array(32));
    await expect(signing).rejects.toMatchObject({ statusCode: 403, code: "Forbidden" });
    served.vault.fault = () => undefined;
  });

  const entry = { backend: "azure_key_vault", published_at: "2026-01-01T00:00:00Z" };
  const pem = ({ key }: { key: VaultKey["key"] }): string =>
    inPlace(encodePem("PUBLIC KEY", key.publicKey.spki));

  describe("svidmint serve, each SVID signed there", () => {
    let issuer: Svidmint;

    beforeAll(async () => {
      const certificate = inPlace(await rootCertificate(signerOf(ec, "root")));
      const keys = {
        x509: [{ ...entry, id: "root", key: ec.kid, certificate }],
        jwt: [{ ...entry, id: "jwt", key: { here: rsa.kid }, public_key: pem(rsa) }],
      };
      const env = { ...served.variables, SVIDMINT_REGION: "here" };
      issuer = stack.use(await startSvidmint({ evidence, keys, env }));
      served.vault.ledger.length = 0;
    });

    it("issues SVIDs that verify under the bundle, one signature each", async () => {
      const { certificates } = await issueX509(issuer.url, evidence);
      const bundle = await fetchBundle(issuer.url);
      const root = new X509Certificate(bundleRoots(bundle));
      expect(certificates.map((leaf) => leaf.verify(root.publicKey))).toEqual([true]);
      expect(certificates[0]?.subjectAltName).toBe(`URI:spiffe://${TRUST_DOMAIN}/ci/build`);
      expect(jwtVerifies(await issueJwt(issuer.url, evidence), bundle)).toBe(true);
      expect(served.vault.ledger).toMatchObject([
        { kid: ec.kid, alg: "ES256" },
        { kid: rsa.kid, alg: "RS256" },
      ]);
    });

    it("names in its log why the vault refuses, and answers 503", async () => {
      served.vault.fault = () => failure(403, "Forbidden", "KeyDisabled");
      await expect(issueX509(issuer.url, evidence)).rejects.toThrow(/status 503/);
      const log = () => issuer.server.output();
      await expect.poll(log).toContain("status 403 Forbidden KeyDisabled");
      served.vault.fault = () => undefined;
      await issueX509(issuer.url, evidence);
    });
  });

  describe("svidmint serve, with an intermediate signed and a key unwrapped there", () => {
    /** The data key is wrapped by Microsoft's client, as an operator could do it. */
    async function keysWrappedBy(wrapping: VaultKey) {
      const certificate = inPlace(await rootCertificate(signerOf(ec, "root")));
      const jwt = await platform.generateKey("RSA-2048");
      const plain = platform.random(32);
      const { result: wrapped } = await microsoft(wrapping).wrapKey("RSA-OAEP-256", plain);
      const of = { trustDomain: TRUST_DOMAIN, use: "jwt" } as const;
      const file = await wrapKey(jwt, of, { plain, wrapped }, platform);
      const root = { ...entry, id: "root", mode: "delegated", key: ec.kid, certificate };
      const wrappedKey = {
        mode: "wrapped",
        wrapped_key: inPlace(file),
        public_key: pem({ key: jwt }),
      };
      return { x509: [root], jwt: [{ ...entry, ...wrappedKey, id: "jwt", key: rsa.kid }] };
    }

    it("issues many SVIDs by one call each, and goes on while the vault refuses", async () => {
      const keys = await keysWrappedBy(rsa);
      await using issuer = await startSvidmint({ evidence, keys, env: served.variables });
      served.vault.asked.length = 0;
      for (let round = 0; round < 3; round++) {
        const { certificates, chain } = await issueX509(issuer.url, evidence); // oxlint-disable-line no-await-in-loop
        const bundle = await fetchBundle(issuer.url); // oxlint-disable-line no-await-in-loop
        expect(certificates).toHaveLength(2);
        expect(await opensslVerdict(chain, bundleRoots(bundle))).toBe(""); // oxlint-disable-line no-await-in-loop
        expect(jwtVerifies(await issueJwt(issuer.url, evidence), bundle)).toBe(true); // oxlint-disable-line no-await-in-loop
        expect(served.vault.asked).toEqual([
          { operation: "sign", kid: ec.kid, alg: "ES256" },
          { operation: "unwrapkey", kid: rsa.kid, alg: "RSA-OAEP-256" },
        ]);
        served.vault.fault = () => failure(503, "ServiceUnavailable");
      }
      served.vault.fault = () => undefined;
    });

    it("opens no key whose data key another one wrapped", async () => {
      const keys = await keysWrappedBy(await served.create("other", "RSA-2048"));
      await using issuer = await startSvidmint({ evidence, keys, env: served.variables });
      await expect(issueJwt(issuer.url, evidence)).rejects.toThrow(/status 503/);
      const log = () => issuer.server.output();
      await expect.poll(log).toContain("Azure Key Vault refuses unwrapkey for jwt: status 400");
    });
  });
});
