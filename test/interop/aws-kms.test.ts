import { createPublicKey, verify, X509Certificate } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeEvidenceIssuer, TRUST_DOMAIN } from "../../scripts/interop/configuration.ts";
import { startMoto, type Moto } from "../../scripts/interop/moto.ts";
import { startSvidmint, type Svidmint } from "../../scripts/interop/svidmint.ts";
import { encodePem } from "../../src/encoding/pem.ts";
import type { AwsCredentials } from "../../src/platform/sigv4.ts";
import { counterparts } from "./support/counterparts.ts";
import { createSigningKey, motoKms, type KmsKey } from "./support/moto-kms.ts";
import { createUser, iam } from "./support/moto.ts";
import { rootCertificate } from "./support/root-certificate.ts";
import { bundleRoots, fetchBundle, issueJwt, issueX509, splitPem } from "./support/svids.ts";

const needs = counterparts("moto");

describe.skipIf(needs.absent)(`svidmint serve with its keys in moto's KMS${needs.note}`, () => {
  const stack = new AsyncDisposableStack();
  const evidence = makeEvidenceIssuer();
  let moto: Moto;
  let issuer: Svidmint;
  let env: Readonly<Record<string, string>>;

  /** May sign, and nothing else; from then on moto checks each signature and permission. */
  async function leastPrivilege(): Promise<AwsCredentials> {
    const credentials = await createUser(moto, "svidmint");
    const PolicyDocument = JSON.stringify({
      Version: "2012-10-17",
      // moto tells actions apart, not keys.
      Statement: [{ Effect: "Allow", Action: ["kms:Sign"], Resource: "*" }],
    });
    await iam(moto, "PutUserPolicy", { UserName: "svidmint", PolicyName: "sign", PolicyDocument });
    await moto.authenticate();
    return credentials;
  }

  const inPlace = (pem: string): string => `data:;base64,${btoa(pem)}`;

  async function serve(ec: KmsKey, rsa: KmsKey): Promise<Svidmint> {
    const published_at = "2026-01-01T00:00:00Z";
    const entry = { backend: "aws_kms", published_at };
    const certificate = inPlace(await rootCertificate(ec.signer));
    const public_key = inPlace(encodePem("PUBLIC KEY", rsa.spki));
    const keys = {
      x509: [{ ...entry, id: "root", key: ec.arn, certificate }],
      jwt: [{ ...entry, id: "jwt", key: { here: rsa.arn }, public_key }],
    };
    const { accessKeyId, secretAccessKey } = await leastPrivilege();
    return startSvidmint({
      evidence,
      keys,
      env: {
        ...env,
        AWS_ACCESS_KEY_ID: accessKeyId,
        AWS_SECRET_ACCESS_KEY: secretAccessKey,
        SVIDMINT_REGION: "here",
      },
    });
  }

  beforeAll(async () => {
    moto = stack.use(await startMoto(needs.path("moto")));
    env = motoKms(moto);
    const ec = await createSigningKey(moto, "ECC_NIST_P256", "x509");
    const rsa = await createSigningKey(moto, "RSA_2048", "jwt");
    issuer = stack.use(await serve(ec, rsa));
  });
  afterAll(() => stack.disposeAsync());

  it("issues an X.509-SVID that verifies under the bundle's root, with kms:Sign alone", async () => {
    const { certificates } = await issueX509(issuer.url, evidence);
    const [rootPem = ""] = splitPem(bundleRoots(await fetchBundle(issuer.url)));
    const root = new X509Certificate(rootPem);
    const [leaf] = certificates;
    expect(leaf?.verify(root.publicKey)).toBe(true);
    expect(leaf?.checkIssued(root)).toBe(true);
    expect(leaf?.subjectAltName).toBe(`URI:spiffe://${TRUST_DOMAIN}/ci/build`);
    expect(root.verify(root.publicKey)).toBe(true);
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

  it("answers 503 where KMS is gone, and serves the bundle all the same", async () => {
    await moto[Symbol.asyncDispose]();
    await expect(issueX509(issuer.url, evidence)).rejects.toThrow(/status 503/);
    expect((await fetchBundle(issuer.url)).keys.length).toBe(2);
  });
});
