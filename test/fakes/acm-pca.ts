import { decodePem, encodePem } from "../../src/encoding/pem.ts";
import { OID } from "../../src/svid/extensions.ts";
import { extension, NOW, type Fields, type TestCa } from "../unit/svid/forge.ts";
import { failure } from "./aws-kms.ts";
import { csrParts } from "./csr-parts.ts";
import { fromBase64 } from "./keys.ts";
import { later } from "./later.ts";

/** As much of AWS Private CA as an intermediate asks, written from the API reference and the definitions of templates. */

type Text = Readonly<Record<string, string>>;
interface Issue extends Text {
  readonly CertificateAuthorityArn: string;
  readonly Csr: string;
  readonly SigningAlgorithm: string;
  readonly TemplateArn: string;
  readonly IdempotencyToken: string;
}

const AUTHORIZATION =
  /Credential=AKIDEXAMPLE\/\d{8}\/eu-central-1\/acm-pca\/aws4_request, SignedHeaders=([\w;-]+), Signature=[0-9a-f]{64}$/;
const BLANK = "arn:aws:acm-pca:::template/BlankSubordinateCACertificate_PathLen0_CSRPassthrough/V1";

export const CA_ARN =
  "arn:aws:acm-pca:eu-central-1:111122223333:certificate-authority/0b0e35f2-7c9f-4b36-9e0c-2a5b0e5c7d11";

export class FakePrivateCa {
  readonly asked: { readonly operation: string; readonly parameters: object }[] = [];
  /** So often a certificate is still being made. */
  pending = 0;
  /** In place of an answer; undefined: that one. */
  fault: (operation: string, answer: object) => Response | undefined = () => undefined;
  /** What a certificate is to say, in place of what it should. */
  change: (fields: Fields) => Fields = (fields) => fields;
  readonly #ca: TestCa;
  readonly #now: () => number;
  readonly #chain: readonly Uint8Array[];
  /** By idempotency token. */
  readonly #issued = new Map<string, { readonly arn: string; readonly pem: Promise<string> }>();

  /** @param chain the CA's own certificate, then those above it */
  constructor(ca: TestCa, chain: readonly Uint8Array[], now = () => NOW) {
    this.#ca = ca;
    this.#now = now;
    this.#chain = chain;
  }

  /** How many certificates are to be paid for. */
  get issued(): number {
    return this.#issued.size;
  }

  readonly fetch = async (url: string, init?: RequestInit): Promise<Response> => {
    const request = new Request(url, init);
    if (request.url !== "https://acm-pca.eu-central-1.amazonaws.com/")
      throw new TypeError("no host");
    const [, signed] = AUTHORIZATION.exec(request.headers.get("authorization") ?? "") ?? [];
    if (signed?.includes("x-amz-target") !== true) return failure("IncompleteSignatureException");
    const [target, operation = ""] = (request.headers.get("x-amz-target") ?? "").split(".");
    const parameters: object = await request.json();
    this.asked.push({ operation, parameters });
    await later();
    if (target !== "ACMPrivateCA") return failure("AccessDeniedException");
    const answer = await this.#answer(operation, parameters as Issue);
    if (typeof answer === "string") return failure(answer);
    return this.fault(operation, answer) ?? Response.json(answer);
  };

  async #answer(operation: string, asked: Issue): Promise<object | string> {
    if (asked.CertificateAuthorityArn !== CA_ARN) return "ResourceNotFoundException";
    if (operation === "IssueCertificate") return this.#issue(asked);
    if (operation !== "GetCertificate") return "AccessDeniedException";
    const found = [...this.#issued.values()].find(({ arn }) => arn === asked["CertificateArn"]);
    if (found === undefined) return "ResourceNotFoundException";
    if (this.pending-- > 0) return "RequestInProgressException";
    const chain = this.#chain.map((der) => encodePem("CERTIFICATE", der)).join("\n");
    return { Certificate: await found.pem, CertificateChain: chain };
  }

  #issue(asked: Issue): object | string {
    const text = new TextDecoder().decode(fromBase64(asked.Csr));
    const csr = decodePem(text, "CERTIFICATE REQUEST", { max: 1 });
    if (!csr.ok) return "MalformedCSRException";
    if (asked.SigningAlgorithm !== "SHA256WITHECDSA" || asked.TemplateArn !== BLANK)
      return "InvalidArgsException";
    const { Type, Value } = asked["Validity"] as unknown as { Type: string; Value: number };
    // The service reads Unix seconds.
    if (Type !== "ABSOLUTE" || Value < this.#now() || Value > this.#now() * 2)
      return "InvalidArgsException";
    const token = asked.IdempotencyToken;
    if (!/^[A-Za-z0-9]{1,36}$/.test(token)) return "InvalidArgsException";
    const made = this.#issued.get(token) ?? {
      arn: `${CA_ARN}/certificate/${crypto.randomUUID().replaceAll("-", "")}`,
      pem: this.#certify(csr.value[0] ?? new Uint8Array(0), Value),
    };
    this.#issued.set(token, made);
    return { CertificateArn: made.arn };
  }

  /** The template has basic constraints; the rest is the request's. */
  async #certify(csr: Uint8Array, notAfter: number): Promise<string> {
    const { subject, spki, extensions } = csrParts(csr);
    const passed = [...extensions].filter(([type]) => type !== OID.basicConstraints);
    const fields: Fields = {
      subjectName: subject,
      spki,
      // As the service has it, for clocks that lag.
      notBefore: this.#now() - 3600,
      notAfter,
      extensions: [
        extension.ca(0),
        ...passed.map(([, raw]) => raw),
        extension.authorityKeyId(this.#ca.certificate.extensions.subjectKeyId ?? new Uint8Array(0)),
      ],
    };
    return encodePem("CERTIFICATE", await this.#ca.issue(this.change(fields)));
  }
}
