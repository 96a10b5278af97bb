import { octets } from "../../../src/encoding/der/writer.ts";
import { encodePem } from "../../../src/encoding/pem.ts";
import { encodeExtension } from "../../../src/svid/extension-writer.ts";
import { OID } from "../../../src/svid/extensions.ts";
import { subjectKeyIdOf } from "../../../src/svid/key-id.ts";
import { CA_ARN, FakePrivateCa } from "../../fakes/acm-pca.ts";
import { KMS_VARIABLES } from "../../fakes/aws-kms.ts";
import { listen } from "../../fakes/node/listen.ts";
import { caOf, extension, platform, testCa } from "../../unit/svid/forge.ts";

const DAY = 86_400;

/** A simulated AWS Private CA of two tiers, on loopback. */
export interface PrivateCa extends AsyncDisposable {
  readonly service: FakePrivateCa;
  /** PEM. */
  readonly root: string;
  /** For the process that is to ask it. */
  readonly env: Readonly<Record<string, string>>;
  readonly entry: object;
}

export async function startPrivateCa(): Promise<PrivateCa> {
  const now = (): number => Math.floor(Date.now() / 1000);
  const life = { notBefore: now() - DAY, notAfter: now() + 30 * DAY };
  const root = await testCa("root", life);
  const key = await platform.generateKey("P-256");
  const extensions = [
    extension.ca(1),
    extension.keyUsage([5, 6]),
    encodeExtension(
      OID.subjectKeyId,
      false,
      octets(await subjectKeyIdOf(key.publicKey.spki, platform)),
    ),
    // OpenSSL, where it is strict, wants it of every CA below a root.
    extension.authorityKeyId(root.certificate.extensions.subjectKeyId ?? new Uint8Array(0)),
  ];
  const issuing = await caOf("issuing", key, { ...life, extensions }, root);
  const service = new FakePrivateCa(issuing, [issuing.der, root.der], now);
  const server = await listen(async (request) => {
    const { method, headers } = request;
    const body = await request.text();
    // What the service's own name is, the fake insists on.
    return service.fetch("https://acm-pca.eu-central-1.amazonaws.com/", { method, headers, body });
  });
  return {
    service,
    root: encodePem("CERTIFICATE", root.der),
    env: { ...KMS_VARIABLES, AWS_ENDPOINT_URL_ACM_PCA: server.url },
    entry: { backend: "aws_private_ca", ca: CA_ARN, signing_algorithm: "SHA256WITHECDSA" },
    [Symbol.asyncDispose]: server.close,
  };
}
