import { encodeBase64 } from "../encoding/base64.ts";
import { toHex, utf8Encode } from "../encoding/bytes.ts";
import type { JsonObject } from "../encoding/json.ts";
import { decodePem, encodePem } from "../encoding/pem.ts";
import { variable } from "../platform/credentials.ts";
import { awsService, type AwsService, type AwsServiceName } from "./aws-service.ts";
import type { BackendDeps, KeyHandle, UpstreamCa } from "./backend.ts";
import { keyHere } from "./here.ts";
import { KeyService } from "./key-service.ts";
import { malformedAnswer } from "./service-request.ts";
import { SignerError } from "./signer.ts";

const PRIVATE_CA: AwsServiceName = {
  title: "AWS Private CA",
  service: "acm-pca",
  target: "ACMPrivateCA",
  variable: "AWS_ENDPOINT_URL_ACM_PCA",
};
/** A CA of path length 0, whatever the request says; all else of it is taken as it stands, name constraints included. */
const TEMPLATE = "BlankSubordinateCACertificate_PathLen0_CSRPassthrough/V1";
const PENDING = "RequestInProgressException";
const POLL_MS = 100;
const MAX_CHAIN = 8;

interface AwsPrivateCaSettings {
  /** ARN of the CA that signs. */
  readonly ca: string | Readonly<Record<string, string>>;
  /** Of that CA's key, as AWS names it. */
  readonly signing_algorithm: string;
}

/**
 * `backend: aws_private_ca`: a CA in AWS Private CA certifies intermediates, by one `acm-pca:IssueCertificate` and
 * `acm-pca:GetCertificate` until it is there.
 * @see https://docs.aws.amazon.com/privateca/latest/APIReference/API_IssueCertificate.html
 * @see https://docs.aws.amazon.com/privateca/latest/userguide/template-definitions.html
 */
export async function openAwsPrivateCa(
  { ca, signing_algorithm: algorithm }: AwsPrivateCaSettings,
  deps: BackendDeps,
): Promise<KeyHandle | undefined> {
  const arn = keyHere(ca, deps, variable(deps, "AWS_REGION"), "ca");
  const service = arn === undefined ? undefined : awsService(PRIVATE_CA, arn, deps);
  if (arn === undefined || service === undefined) return undefined;
  return { upstream: (id) => privateCa(id, arn, algorithm, service, deps) };
}

function privateCa(
  id: string,
  arn: string,
  algorithm: string,
  service: AwsService,
  { platform }: BackendDeps,
): UpstreamCa {
  const calls = new KeyService(`the CA of ${id}`);
  const [, partition = "aws"] = arn.split(":");
  return {
    async certify({ csr, notAfter }) {
      const parameters = {
        CertificateAuthorityArn: arn,
        Csr: encodeBase64(utf8Encode(encodePem("CERTIFICATE REQUEST", csr))),
        SigningAlgorithm: algorithm,
        TemplateArn: `arn:${partition}:acm-pca:::template/${TEMPLATE}`,
        Validity: { Type: "ABSOLUTE", Value: notAfter },
        // However often it is asked for, it is made and paid for once.
        IdempotencyToken: toHex(platform.random(16)),
      };
      let certificate: string | undefined;
      const answer = await calls.call(async (timeoutMs) => {
        const end = performance.now() + timeoutMs;
        const issue = { operation: "IssueCertificate", parameters };
        certificate ??= issuedArn(id, arn, await service.ask(id, issue, timeoutMs));
        return issued(id, arn, certificate, end, service);
      });
      return [
        ...certificates(id, answer["Certificate"], 1),
        ...certificates(id, answer["CertificateChain"], MAX_CHAIN),
      ];
    },
  };
}

/** Until it is there. @param end as `performance.now` tells it */
async function issued(
  id: string,
  arn: string,
  certificate: string,
  end: number,
  service: AwsService,
): Promise<JsonObject> {
  const parameters = { CertificateAuthorityArn: arn, CertificateArn: certificate };
  const call = { operation: "GetCertificate", parameters, pending: PENDING };
  for (;;) {
    const left = end - performance.now();
    if (left <= 0)
      throw new SignerError("timeout", `AWS Private CA has no certificate for ${id} in time`);
    const answer = await service.ask(id, call, left); // oxlint-disable-line no-await-in-loop -- asked until it is there
    if (answer !== undefined) return answer;
    // oxlint-disable-next-line no-await-in-loop -- and not too often
    await new Promise((resolve) => {
      setTimeout(resolve, POLL_MS);
    });
  }
}

/** Of a certificate of that very CA. */
function issuedArn(id: string, ca: string, answer: JsonObject | undefined): string {
  const arn = answer?.["CertificateArn"];
  const prefix = `${ca}/certificate/`;
  return typeof arn === "string" && arn.startsWith(prefix)
    ? arn
    : malformedAnswer(PRIVATE_CA.title, id);
}

function certificates(id: string, pem: unknown, max: number): readonly Uint8Array[] {
  const blocks = decodePem(typeof pem === "string" ? pem : "", "CERTIFICATE", { max });
  if (blocks.ok) return blocks.value;
  throw new SignerError("unsound", `AWS Private CA answered for ${id} with no certificate`);
}
