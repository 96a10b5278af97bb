import { TRUST_DOMAIN } from "../../../scripts/interop/configuration.ts";
import { encodePem } from "../../../src/encoding/pem.ts";
import { nodePlatform } from "../../../src/platform/node/node-platform.ts";
import type { PrivateKey } from "../../../src/platform/platform.ts";
import { signingAlgorithm } from "../../../src/signer/algorithms.ts";
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

/** With a key that is at hand, such as that of a simulation. */
export function localSigner(key: PrivateKey): Signer {
  const chosen = signingAlgorithm("x509", key.publicKey.info);
  if (!chosen.ok) throw new Error(chosen.error.reason);
  const { scheme } = chosen.value;
  return {
    id: "root",
    ...chosen.value,
    publicKey: key.publicKey,
    sign: (data) => nodePlatform().sign(scheme, key, data),
  };
}
