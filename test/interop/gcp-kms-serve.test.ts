import { createPublicKey, randomBytes, verify, X509Certificate } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { makeEvidenceIssuer, TRUST_DOMAIN } from "../../scripts/interop/configuration.ts";
import { startSvidmint, type Svidmint } from "../../scripts/interop/svidmint.ts";
import { toHex } from "../../src/encoding/bytes.ts";
import { encodePem } from "../../src/encoding/pem.ts";
import { nodePlatform } from "../../src/platform/node/node-platform.ts";
import { thumbprint } from "../../src/platform/thumbprint.ts";
import type { PrivateKey } from "../../src/platform/platform.ts";
import { signingAlgorithm } from "../../src/signer/algorithms.ts";
import { wrapKey, wrappingContext } from "../../src/signer/envelope.ts";
import { halfOpen, hang, UNSOUND } from "../fakes/gcp-kms-faults.ts";
import { refuse } from "../fakes/gcp-kms-protocol.ts";
import { fromBase64 } from "../fakes/keys.ts";
import { counterparts } from "./support/counterparts.ts";
import { startGcpKms, type SimulatedKms } from "./support/gcp-kms.ts";
import { rootCertificate } from "./support/root-certificate.ts";
import { bundleRoots, fetchBundle, issueJwt, issueX509, splitPem } from "./support/svids.ts";

const needs = counterparts();
const platform = nodePlatform();
const inPlace = (text: string): string => `data:;base64,${btoa(text)}`;

/** A key for tokens as a file has it, whose data key the service encrypted for it. */
async function wrappedKey(kms: SimulatedKms, key: PrivateKey): Promise<string> {
  const use = "jwt";
  const kid = await thumbprint(platform, key.publicKey.info);
  const plain = randomBytes(32);
  const context = wrappingContext({ trustDomain: TRUST_DOMAIN, use, kid });
  const answer = await kms.service.dataKeys.answer(kms.encrypts, ":encrypt", {
    plaintext: plain.toString("base64"),
    additionalAuthenticatedData: btoa(context),
  });
  if (answer instanceof Response) throw new Error("not encrypted");
  const wrapped = fromBase64(String(answer["ciphertext"]));
  return wrapKey(key, { trustDomain: TRUST_DOMAIN, use }, { plain, wrapped }, platform);
}

describe.skipIf(needs.absent).each(["direct", "spared"] as const)(
  `svidmint serve with its keys in a simulated Google Cloud KMS, calls %s${needs.note}`,
  (how) => {
    const stack = new AsyncDisposableStack();
    const evidence = makeEvidenceIssuer();
    const direct = how === "direct";
    let kms: SimulatedKms;
    let issuer: Svidmint;
    let keys: Record<string, unknown>;

    const serve = (more: Readonly<Record<string, string>> = {}): Promise<Svidmint> =>
      startSvidmint({ evidence, keys, env: { ...kms.env, SVIDMINT_REGION: "here", ...more } });

    beforeAll(async () => {
      kms = stack.use(await startGcpKms(platform));
      const [ec, token] = [
        await platform.generateKey("P-256"),
        await platform.generateKey(direct ? "RSA-2048" : "P-256"),
      ];
      const root = kms.service.add("root", ec, "EC_SIGN_P256_SHA256");
      const chosen = signingAlgorithm("x509", ec.publicKey.info);
      if (!chosen.ok) throw new Error(chosen.error.reason);
      const signer = (await kms.open(root)).signer?.("root", chosen.value, ec.publicKey);
      if (signer === undefined) throw new Error("no signer");
      await kms.service.dataKeys.add(kms.encrypts);
      const entry = { backend: "gcp_kms", published_at: "2026-01-01T00:00:00Z" };
      const x509 = { ...entry, id: "root", certificate: inPlace(await rootCertificate(signer)) };
      const public_key = inPlace(encodePem("PUBLIC KEY", token.publicKey.spki));
      const jwt = direct
        ? { mode: "direct", key: kms.service.add("jwt", token, "RSA_SIGN_PKCS1_2048_SHA256") }
        : {
            mode: "wrapped",
            key: { here: kms.encrypts },
            wrapped_key: inPlace(await wrappedKey(kms, token)),
          };
      const mode = direct ? "direct" : "delegated";
      keys = {
        x509: [{ ...x509, mode, key: root }],
        jwt: [{ ...entry, id: "jwt", public_key, ...jwt }],
      };
      issuer = stack.use(await serve());
      kms.service.asked.length = 0;
      kms.service.ledger.length = 0;
    });
    afterAll(() => stack.disposeAsync());
    afterEach(() => {
      kms.service.fault = () => undefined;
    });

    const methods = (): readonly string[] => kms.service.asked.map(({ method }) => method);

    it("issues X.509-SVIDs that verify up to the bundle's root", async () => {
      const { certificates } = await issueX509(issuer.url, evidence);
      await issueX509(issuer.url, evidence);
      const [rootPem = ""] = splitPem(bundleRoots(await fetchBundle(issuer.url)));
      const chain = [...certificates, new X509Certificate(rootPem)];
      expect(chain).toHaveLength(direct ? 2 : 3);
      for (const [at, certificate] of chain.slice(0, -1).entries()) {
        const above = chain[at + 1];
        expect(above && certificate.verify(above.publicKey)).toBe(true);
        expect(above && certificate.checkIssued(above)).toBe(true);
      }
      expect(chain[0]?.subjectAltName).toBe(`URI:spiffe://${TRUST_DOMAIN}/ci/build`);
      expect(methods()).toEqual(Array(direct ? 2 : 1).fill(":asymmetricSign"));
    });

    it("issues JWT-SVIDs that verify under the bundle's key", async () => {
      kms.service.asked.length = 0;
      const token = await issueJwt(issuer.url, evidence);
      await issueJwt(issuer.url, evidence);
      const [head = "", payload = "", signature = ""] = token.split(".");
      const { kid } = JSON.parse(Buffer.from(head, "base64url").toString());
      const jwk = (await fetchBundle(issuer.url)).keys.find((key) => key.kid === kid);
      const key = createPublicKey({ key: { ...jwk }, format: "jwk" });
      const input = Buffer.from(`${head}.${payload}`);
      const raw = Buffer.from(signature, "base64url");
      expect(verify("sha256", input, { key, dsaEncoding: "ieee-p1363" }, raw)).toBe(true);
      expect(methods()).toEqual(direct ? Array(2).fill(":asymmetricSign") : [":decrypt"]);
    });

    it("signed nothing but what its audit log names", async () => {
      expect(kms.service.ledger).toHaveLength(direct ? 4 : 1);
      for (const { digest = new Uint8Array() } of kms.service.ledger)
        expect(issuer.server.output()).toContain(`sha256":"${toHex(digest)}"`);
    });

    it.runIf(direct)("is a while without SVIDs where KMS hangs or answers wrongly", async () => {
      const { "a bit flipped on the way": garbled } = UNSOUND;
      for (const fault of [hang, halfOpen, garbled, () => refuse(403, "PERMISSION_DENIED")]) {
        if (fault !== undefined) kms.service.fault = fault;
        await expect(issueX509(issuer.url, evidence)).rejects.toThrow(/status 503/);
        expect((await fetchBundle(issuer.url)).keys.length).toBe(2);
      }
      const log = (): string => issuer.server.output();
      await expect.poll(log).toContain("refuses root: status 403 PERMISSION_DENIED");
      expect(log()).toContain("signature_unsound");
      expect(log()).not.toMatch(/hunter2|ya29/);
      kms.service.fault = () => undefined;
      await issueX509(issuer.url, evidence);
    });

    it.runIf(direct).each([
      [
        { type: "authorized_user", token_uri: "https://evil.example" },
        "token_uri is not an address",
      ],
      // Google's own library, loaded for it.
      [{ type: "gdch_service_account" }, "google-auth-library gives no credentials"],
    ])("says in its log which credentials it cannot use: %o", async (file, why) => {
      kms.service.asked.length = 0;
      const GOOGLE_APPLICATION_CREDENTIALS = JSON.stringify(file);
      await using other = await serve({ GOOGLE_APPLICATION_CREDENTIALS });
      await expect(issueX509(other.url, evidence)).rejects.toThrow(/status 503/);
      await expect.poll(() => other.server.output()).toContain(why);
      expect(kms.service.asked).toEqual([]);
    });

    it.runIf(!direct)("does without KMS while its intermediate and its key last", async () => {
      kms.service.fault = () => refuse(503, "UNAVAILABLE");
      kms.service.asked.length = 0;
      await issueX509(issuer.url, evidence);
      await issueJwt(issuer.url, evidence);
      expect(kms.service.asked).toEqual([]);
    });
  },
);
