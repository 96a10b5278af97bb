import { createPublicKey, verify } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeEvidenceIssuer, TRUST_DOMAIN } from "../../scripts/interop/configuration.ts";
import { startMoto, type Moto } from "../../scripts/interop/moto.ts";
import { startSvidmint, type Svidmint } from "../../scripts/interop/svidmint.ts";
import { counterparts } from "./support/counterparts.ts";
import {
  createSigningKey,
  createWrappedKey,
  motoKms,
  type WrappedKey,
} from "./support/moto-kms.ts";
import { createUser, iam } from "./support/moto.ts";
import { rootCertificate } from "./support/root-certificate.ts";
import { bundleRoots, fetchBundle, issueJwt, issueX509, logOf } from "./support/svids.ts";
import { opensslVerdict } from "./support/upstream.ts";

const needs = counterparts("moto");
const evidence = makeEvidenceIssuer();
const inPlace = (text: string): string => `data:;base64,${btoa(text)}`;

describe.skipIf(needs.absent)(
  `a root in moto's KMS that signs intermediates, and a JWT key that it decrypts${needs.note}`,
  () => {
    const stack = new AsyncDisposableStack();
    const folder = mkdtempSync(join(tmpdir(), "aws-"));
    stack.defer(() => rmSync(folder, { recursive: true }));
    let moto: Moto;
    let keys: { readonly x509: readonly object[]; readonly jwt: readonly object[] };
    let wrapped: WrappedKey;

    const jwtEntry = ({ arn, wrapped: file, publicKey }: WrappedKey) => ({
      id: "jwt",
      backend: "aws_kms",
      mode: "wrapped",
      key: arn,
      wrapped_key: inPlace(file),
      public_key: inPlace(publicKey),
      published_at: "2026-01-01T00:00:00Z",
    });

    beforeAll(async () => {
      moto = stack.use(await startMoto(needs.path("moto")));
      const root = await createSigningKey(moto, "ECC_NIST_P384", "x509");
      wrapped = await createWrappedKey(moto);
      const x509 = {
        id: "root",
        backend: "aws_kms",
        mode: "delegated",
        key: root.arn,
        certificate: inPlace(await rootCertificate(root.signer)),
        published_at: "2026-01-01T00:00:00Z",
      };
      keys = { x509: [x509], jwt: [jwtEntry(wrapped)] };
    });
    afterAll(() => stack.disposeAsync());

    const serve = (env: Readonly<Record<string, string>>, changed = keys): Promise<Svidmint> =>
      startSvidmint({ evidence, keys: changed, env });

    /** Both kinds verify under the bundle alone. */
    async function expectSound(issuer: Svidmint): Promise<void> {
      const { certificates, chain } = await issueX509(issuer.url, evidence);
      const bundle = await fetchBundle(issuer.url);
      expect(certificates).toHaveLength(2);
      expect(await opensslVerdict(chain, bundleRoots(bundle))).toBe("");
      expect(certificates[0]?.subjectAltName).toBe(`URI:spiffe://${TRUST_DOMAIN}/ci/build`);
      const [head = "", payload = "", signature = ""] = (
        await issueJwt(issuer.url, evidence)
      ).split(".");
      const { kid } = JSON.parse(Buffer.from(head, "base64url").toString());
      const jwk = bundle.keys.find((key) => key.kid === kid);
      const key = createPublicKey({ key: { ...jwk }, format: "jwk" });
      const input = Buffer.from(`${head}.${payload}`);
      expect(verify("sha256", input, key, Buffer.from(signature, "base64url"))).toBe(true);
    }

    it("issues by the role of a web identity, whose token is in a file", async () => {
      const token = join(folder, "token");
      writeFileSync(token, "a token of the platform\n", { mode: 0o644 });
      const { AWS_ENDPOINT_URL_KMS = "" } = motoKms(moto);
      await using issuer = await serve({
        AWS_ENDPOINT_URL_KMS,
        AWS_ENDPOINT_URL_STS: AWS_ENDPOINT_URL_KMS,
        AWS_WEB_IDENTITY_TOKEN_FILE: token,
        AWS_ROLE_ARN: "arn:aws:iam::123456789012:role/issuer",
        AWS_REGION: "eu-central-1",
      });
      await expectSound(issuer);
    });

    it("issues by a profile of a shared file", async () => {
      const file = join(folder, "credentials");
      writeFileSync(file, "[issuer]\naws_access_key_id = AKIA1\naws_secret_access_key = s\n");
      const { AWS_ENDPOINT_URL_KMS = "" } = motoKms(moto);
      await using issuer = await serve({
        AWS_ENDPOINT_URL_KMS,
        AWS_SHARED_CREDENTIALS_FILE: file,
        AWS_PROFILE: "issuer",
      });
      await expectSound(issuer);
    });

    it("opens no key that was wrapped by another one", async () => {
      const foreign = await createWrappedKey(moto);
      const swapped = jwtEntry({ ...wrapped, arn: foreign.arn });
      await using issuer = await serve(motoKms(moto), { ...keys, jwt: [swapped] });
      await expect(issueJwt(issuer.url, evidence)).rejects.toThrow(/status 503/);
      expect(await logOf(issuer)).toMatch(/AWS KMS refuses Decrypt for jwt: status 400/);
    });

    it("issues with kms:Sign and kms:Decrypt alone, and goes on without KMS", async () => {
      const { accessKeyId, secretAccessKey } = await createUser(moto, "svidmint");
      const PolicyDocument = JSON.stringify({
        Version: "2012-10-17",
        // moto tells actions apart, not keys.
        Statement: [{ Effect: "Allow", Action: ["kms:Sign", "kms:Decrypt"], Resource: "*" }],
      });
      const policy = { UserName: "svidmint", PolicyName: "sign", PolicyDocument };
      await iam(moto, "PutUserPolicy", policy);
      await moto.authenticate();
      await using issuer = await serve({
        ...motoKms(moto),
        AWS_ACCESS_KEY_ID: accessKeyId,
        AWS_SECRET_ACCESS_KEY: secretAccessKey,
      });
      await expectSound(issuer);
      await moto[Symbol.asyncDispose]();
      await expectSound(issuer);
    });
  },
);
