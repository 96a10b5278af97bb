import { TRUST_DOMAIN } from "../../../scripts/interop/configuration.ts";
import { encodePem } from "../../../src/encoding/pem.ts";
import { nodePlatform } from "../../../src/platform/node/node-platform.ts";
import type { Signer } from "../../../src/signer/signer.ts";
import { parseTrustDomain } from "../../../src/spiffe/trust-domain.ts";
import { buildCaTbs } from "../../../src/svid/ca-certificate.ts";
import { subjectKeyIdOf } from "../../../src/svid/key-id.ts";
import { assembleCertificate, serialNumber } from "../../../src/svid/x509-svid.ts";

const DAY = 86_400;

/** A root of the interop trust domain, PEM, for a key that only its service can sign with. */
export async function rootCertificate(signer: Signer): Promise<string> {
  const platform = nodePlatform();
  const trustDomain = parseTrustDomain(TRUST_DOMAIN);
  if (!trustDomain.ok) throw new Error(trustDomain.error.reason);
  const { spki } = signer.publicKey;
  const tbs = buildCaTbs({
    trustDomain: trustDomain.value,
    spki,
    subjectKeyId: await subjectKeyIdOf(spki, platform),
    serial: serialNumber(platform.random(17)),
    notBefore: platform.now() - DAY,
    notAfter: platform.now() + 365 * DAY,
    pathLength: 1,
    scheme: signer.scheme,
  });
  return encodePem("CERTIFICATE", assembleCertificate(tbs, signer.scheme, await signer.sign(tbs)));
}
