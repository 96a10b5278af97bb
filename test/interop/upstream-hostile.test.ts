import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as z from "zod/mini";
import { makeEvidenceIssuer } from "../../scripts/interop/configuration.ts";
import { startMoto } from "../../scripts/interop/moto.ts";
import { runChecked } from "../../scripts/interop/processes.ts";
import { moduleRoot } from "../../scripts/interop/programs.ts";
import type { Svidmint } from "../../scripts/interop/svidmint.ts";
import { encodePem } from "../../src/encoding/pem.ts";
import type { PrivateKey } from "../../src/platform/platform.ts";
import { CA_ARN } from "../fakes/acm-pca.ts";
import { extension, platform, testCa, type Fields } from "../unit/svid/forge.ts";
import { startPrivateCa, type PrivateCa } from "./support/acm-pca.ts";
import { counterparts } from "./support/counterparts.ts";
import { administer, ANYBODY } from "./support/moto.ts";
import { fetchBundle, issueX509, logOf } from "./support/svids.ts";
import { serveBelow } from "./support/upstream.ts";

const needs = counterparts("moto");
const REGION = "eu-central-1";
const DAY = 86_400;
const evidence = makeEvidenceIssuer();
const arnSchema = z.object({ CertificateAuthorityArn: z.string() });
const certificateSchema = z.object({ Certificate: z.string() });

/** Nothing is issued, an alarm is raised that says what is wrong, and the bundle is served all the same. */
async function expectRefused(issuer: Svidmint, reason: RegExp): Promise<void> {
  await expect(issueX509(issuer.url, evidence)).rejects.toThrow(/status 503/);
  const log = await logOf(issuer);
  expect(log).toMatch(/"alarm":"signature_unsound"/);
  expect(log).toMatch(reason);
  expect((await fetchBundle(issuer.url)).keys).toHaveLength(2);
}

describe("answers of a CA that are not used", () => {
  const stack = new AsyncDisposableStack();
  let upstream: PrivateCa;
  let stranger: PrivateKey;
  beforeAll(async () => {
    upstream = stack.use(await startPrivateCa());
    stranger = await platform.generateKey("P-256");
  });
  afterAll(() => stack.disposeAsync());

  /** Basic constraints are the first of them. */
  const instead = (one: Uint8Array) => (fields: Fields) => ({
    ...fields,
    extensions: [one, ...(fields.extensions ?? []).slice(1)],
  });
  it.each<[string, (fields: Fields) => Fields, RegExp]>([
    [
      "another key's certificate",
      (fields) => ({ ...fields, spki: stranger.publicKey.spki }),
      /it is for another key/,
    ],
    ["a longer path", instead(extension.ca(1)), /path length of the intermediate is not 0/],
    ["an endless path", instead(extension.ca()), /path length of the intermediate is not 0/],
    ["no CA", instead(extension.notCa()), /do not say that it is a ca/],
    [
      "a longer life",
      (fields) => ({ ...fields, notAfter: (fields.notAfter ?? 0) + DAY }),
      /lives longer than was asked for/,
    ],
  ])("%s", async (_, change, reason) => {
    upstream.service.change = change;
    await using issuer = await serveBelow(evidence, upstream.root, upstream.entry, upstream.env);
    await expectRefused(issuer, reason);
  });

  it("a good one that leads to another root", async () => {
    upstream.service.change = (fields) => fields;
    const now = Math.floor(Date.now() / 1000);
    const other = await testCa("root", { notBefore: now - DAY, notAfter: now + DAY });
    const root = encodePem("CERTIFICATE", other.der);
    await using issuer = await serveBelow(evidence, root, upstream.entry, upstream.env);
    await expectRefused(issuer, /no path to the configured root/);
  });
});

describe.skipIf(needs.absent)(`the simulated AWS Private CA${needs.note}`, () => {
  it("serves AWS's own client, which has an intermediate signed as the issuer has", async () => {
    await using upstream = await startPrivateCa();
    upstream.service.pending = 1;
    const script = join(moduleRoot, "python/acm_pca_intermediate.py");
    const template = "BlankSubordinateCACertificate_PathLen0_CSRPassthrough/V1";
    const printed = await runChecked(
      needs.path("moto"),
      [
        script,
        upstream.env["AWS_ENDPOINT_URL_ACM_PCA"] ?? "",
        CA_ARN,
        `arn:aws:acm-pca:::template/${template}`,
      ],
      { env: upstream.env, deadlineMs: 60_000 },
    );
    expect(JSON.parse(printed)).toEqual({
      own_key: true,
      path_length: 0,
      uris: ["spiffe://interop.example"],
      excluded: 3,
      not_after: 0,
    });
  });
});

describe.skipIf(needs.absent)(`moto as AWS Private CA${needs.note}`, () => {
  it("is asked as AWS is, and signs no CA certificate: nothing is issued by it", async () => {
    await using moto = await startMoto(needs.path("moto"));
    const operate = async (operation: string, parameters: object): Promise<unknown> => {
      const headers = {
        "content-type": "application/x-amz-json-1.1",
        "x-amz-target": `ACMPrivateCA.${operation}`,
      };
      const host = `acm-pca.${REGION}.amazonaws.com`;
      const scope = { service: "acm-pca", region: REGION };
      const text = await administer(moto, scope, host, headers, JSON.stringify(parameters));
      return text === "" ? {} : JSON.parse(text);
    };
    const made = await operate("CreateCertificateAuthority", {
      CertificateAuthorityType: "ROOT",
      CertificateAuthorityConfiguration: {
        KeyAlgorithm: "RSA_2048",
        SigningAlgorithm: "SHA256WITHRSA",
        Subject: { CommonName: "Corp root" },
      },
      IdempotencyToken: "1",
    });
    const { CertificateAuthorityArn: ca } = arnSchema.parse(made);
    const csr = await operate("GetCertificateAuthorityCsr", { CertificateAuthorityArn: ca });
    const issued = await operate("IssueCertificate", {
      CertificateAuthorityArn: ca,
      Csr: btoa(z.object({ Csr: z.string() }).parse(csr).Csr),
      SigningAlgorithm: "SHA256WITHRSA",
      TemplateArn: "arn:aws:acm-pca:::template/RootCACertificate/V1",
      Validity: { Type: "DAYS", Value: 3650 },
    });
    const { CertificateArn } = z.object({ CertificateArn: z.string() }).parse(issued);
    const got = await operate("GetCertificate", { CertificateAuthorityArn: ca, CertificateArn });
    const { Certificate: root } = certificateSchema.parse(got);
    await operate("ImportCertificateAuthorityCertificate", {
      CertificateAuthorityArn: ca,
      Certificate: btoa(root),
    });
    const entry = { backend: "aws_private_ca", ca, signing_algorithm: "SHA256WITHRSA" };
    const env = {
      AWS_ENDPOINT_URL_ACM_PCA: `http://127.0.0.1:${moto.port}`,
      AWS_ACCESS_KEY_ID: ANYBODY.accessKeyId,
      AWS_SECRET_ACCESS_KEY: ANYBODY.secretAccessKey,
    };
    await using issuer = await serveBelow(evidence, root, entry, env);
    await expectRefused(issuer, /what the CA of corp answers is not used/);
  });
});
