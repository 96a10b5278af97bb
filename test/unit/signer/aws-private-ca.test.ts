import { describe, expect, it } from "vitest";
import { encodePem } from "../../../src/encoding/pem.ts";
import { webCryptoPlatform } from "../../../src/platform/webcrypto.ts";
import { openAwsPrivateCa } from "../../../src/signer/aws-private-ca.ts";
import { upstreamConformance } from "../../conformance/upstream.ts";
import { intermediateWish } from "../../fakes/intermediate-wish.ts";
import { CA_ARN, FakePrivateCa } from "../../fakes/acm-pca.ts";
import { FAILURES } from "../../fakes/aws-kms-faults.ts";
import { KMS_VARIABLES } from "../../fakes/aws-kms.ts";
import { NOW } from "../svid/forge.ts";
import { caOf, faultOf, hierarchy, opened, platform } from "./upstream-bench.ts";

async function bench(ca: string | Readonly<Record<string, string>> = CA_ARN, region?: string) {
  const { root, issuing } = await hierarchy();
  const service = new FakePrivateCa(issuing, [issuing.der, root.der]);
  const variables: Readonly<Record<string, string | undefined>> = {
    ...KMS_VARIABLES,
    AWS_REGION: region,
  };
  const open = await opened(
    openAwsPrivateCa,
    { ca, signing_algorithm: "SHA256WITHECDSA" },
    {
      platform: webCryptoPlatform({ fetch: service.fetch, now: () => NOW }),
      env: (name) => variables[name],
    },
  );
  return { root, issuing, service, open };
}

upstreamConformance("aws_private_ca", platform, async () => {
  const { open, root } = await bench();
  return { ca: caOf(open), root: root.der };
});

const operations = ({ asked }: FakePrivateCa) => asked.map(({ operation }) => operation);

describe("what AWS Private CA is asked", () => {
  it("is nothing at first, then one certificate by the CA's ARN and the template", async () => {
    const { open, service } = await bench();
    const ca = caOf(open);
    expect(service.asked).toEqual([]);
    const wish = await intermediateWish(platform);
    await ca.certify(wish);
    const [issue, get] = service.asked;
    expect(issue).toMatchObject({
      operation: "IssueCertificate",
      parameters: {
        CertificateAuthorityArn: CA_ARN,
        SigningAlgorithm: "SHA256WITHECDSA",
        TemplateArn:
          "arn:aws:acm-pca:::template/BlankSubordinateCACertificate_PathLen0_CSRPassthrough/V1",
        Validity: { Type: "ABSOLUTE", Value: wish.notAfter },
      },
    });
    expect(get).toEqual({
      operation: "GetCertificate",
      parameters: {
        CertificateAuthorityArn: CA_ARN,
        CertificateArn: expect.stringContaining(`${CA_ARN}/certificate/`),
      },
    });
    expect(service.asked).toHaveLength(2);
  });

  it("is the certificate again while it is being made, and no other one", async () => {
    const { open, service } = await bench();
    service.pending = 2;
    await caOf(open).certify(await intermediateWish(platform));
    expect(operations(service)).toEqual(["IssueCertificate", ...Array(3).fill("GetCertificate")]);
    expect(service.issued).toBe(1);
  });

  it.each([
    ["the answer with its ARN", "IssueCertificate"],
    ["the certificate", "GetCertificate"],
  ])("is one certificate only, where %s is lost once", async (_, lost) => {
    const { open, service } = await bench();
    let losses = 1;
    service.fault = (operation) =>
      operation === lost && losses-- > 0 ? new Response("", { status: 503 }) : undefined;
    await caOf(open).certify(await intermediateWish(platform));
    expect(service.issued).toBe(1);
  });

  it("is another certificate for another intermediate of the same request's form", async () => {
    const { open, service } = await bench();
    const wish = await intermediateWish(platform);
    await caOf(open).certify(wish);
    await caOf(open).certify(wish);
    expect(service.issued).toBe(2);
  });
});

describe("a CA that does not certify", () => {
  it.each(Object.entries(FAILURES))("%s", async (_, { code, fault }) => {
    const { open, service } = await bench();
    service.fault = () => fault({ KeyId: "" }) as Response;
    const wish = await intermediateWish(platform);
    const error = await faultOf(caOf(open).certify(wish));
    expect(error).toMatchObject({ code });
    expect(service.asked).toHaveLength(code === "denied" ? 1 : 2);
    expect(error.message).not.toMatch(/hunter2|AKID|html/);
  });

  const foreign = CA_ARN.replace("0b0e", "ffff");
  it.each<[string, string, string, object]>([
    ["no ARN", "denied", "IssueCertificate", {}],
    [
      "another CA's certificate",
      "denied",
      "IssueCertificate",
      { CertificateArn: `${foreign}/certificate/1` },
    ],
    ["no certificate", "unsound", "GetCertificate", {}],
    ["no chain", "unsound", "GetCertificate", { CertificateChain: undefined }],
    ["what is no PEM", "unsound", "GetCertificate", { Certificate: "MIIB", CertificateChain: "" }],
    [
      "two certificates for one",
      "unsound",
      "GetCertificate",
      { Certificate: encodePem("CERTIFICATE", new Uint8Array(9)).repeat(2) },
    ],
    [
      "a chain without an end",
      "unsound",
      "GetCertificate",
      { CertificateChain: encodePem("CERTIFICATE", new Uint8Array(9)).repeat(9) },
    ],
  ])("answers with %s", async (_, code, operation, members) => {
    const { open, service } = await bench();
    service.fault = (asked, answer) => {
      if (asked !== operation) return undefined;
      return Response.json(Object.keys(members).length === 0 ? {} : { ...answer, ...members });
    };
    const wish = await intermediateWish(platform);
    expect(await faultOf(caOf(open).certify(wish))).toMatchObject({ code, retryable: false });
  });
});

describe("CAs by region", () => {
  const cas = { "eu-central-1": CA_ARN, "us-east-1": CA_ARN.replace("eu-central-1", "us-east-1") };

  it("are told apart by AWS_REGION", async () => {
    const { open, service } = await bench(cas, "eu-central-1");
    await caOf(open).certify(await intermediateWish(platform));
    expect(service.issued).toBe(1);
  });

  it("are none where the instance's region has none", async () => {
    const { open } = await bench(cas, "eu-west-1");
    expect(open.complaints).toEqual([expect.stringMatching(/^ca: names no .* eu-west-1$/)]);
  });
});
