import { decodePem } from "../../src/encoding/pem.ts";
import type { Platform } from "../../src/platform/platform.ts";
import { thumbprint } from "../../src/platform/thumbprint.ts";
import { openDelegated } from "../../src/signer/delegated.ts";
import type { Signer } from "../../src/signer/signer.ts";
import { verified } from "../../src/signer/verified.ts";
import { parseTrustDomain } from "../../src/spiffe/trust-domain.ts";
import { buildCaTbs } from "../../src/svid/ca-certificate.ts";
import { parseCertificate } from "../../src/svid/certificate.ts";
import { subjectKeyIdOf } from "../../src/svid/key-id.ts";
import { verifyX509Svid } from "../../src/svid/verify-x509-svid.ts";
import {
  assembleCertificate,
  buildX509SvidTbs,
  serialNumber,
  x509Issuer,
} from "../../src/svid/x509-svid.ts";
import { leafKey } from "../fakes/x509-key.ts";

const DAY = 86_400;
const LEAVES = 20;

/**
 * Makes a root of the signer's key, uses it in mode delegated and has leaves judged by our verifier.
 * @returns how many signatures were asked of the key beside the root's own, and how many leaves were accepted
 */
export async function leavesBelow(
  signer: Signer,
  platform: Platform,
): Promise<{ signatures: number; accepted: number }> {
  const domain = parseTrustDomain("prod.example.org");
  if (!domain.ok) throw new Error(domain.error.reason);
  const trustDomain = domain.value;
  const now = platform.now();
  const { spki, info } = signer.publicKey;
  const { scheme, algorithm } = signer;
  const tbs = buildCaTbs({
    trustDomain,
    spki,
    subjectKeyId: await subjectKeyIdOf(spki, platform),
    serial: serialNumber(platform.random(17)),
    notBefore: now - 60,
    notAfter: now + 365 * DAY,
    pathLength: 1,
    scheme,
  });
  const root = parseCertificate(assembleCertificate(tbs, scheme, await signer.sign(tbs)));
  if (!root.ok) throw new Error(root.error.detail);
  let signatures = 0;
  const counted: Signer = {
    ...signer,
    sign(data) {
      signatures++;
      return signer.sign(data);
    },
  };
  const { authority } = await openDelegated(
    {
      id: signer.id,
      use: "x509",
      kid: await thumbprint(platform, info),
      info,
      settings: { mode: "delegated" },
      chosen: { algorithm, scheme },
      handle: {},
      signer: verified(counted, platform),
      issuer: x509Issuer(root.value, scheme),
    },
    {
      platform,
      trustDomain,
      longestLife: { x509: 3600, jwt: 300, wit: 3600 },
      read: () => Promise.reject(new Error("reads nothing")),
      env: () => undefined,
      complain(field, message) {
        throw new Error(`${field}: ${message}`);
      },
    },
  );
  const leaf = async (): Promise<boolean> => {
    const key = await leafKey(authority, now);
    const workload = await platform.generateKey("P-256");
    const bytes = buildX509SvidTbs(key.issuer, {
      spiffeId: `spiffe://${trustDomain}/workload`,
      spki: workload.publicKey.spki,
      subjectKeyId: await subjectKeyIdOf(workload.publicKey.spki, platform),
      serial: serialNumber(platform.random(17)),
      notBefore: now,
      notAfter: now + 3600,
    });
    const signature = await key.signer.sign(bytes);
    const between = decodePem(key.chainPem, "CERTIFICATE");
    if (!between.ok) return false;
    const chain = [assembleCertificate(bytes, key.signer.scheme, signature), ...between.value];
    return (await verifyX509Svid(chain, [root.value], trustDomain, now, platform)).ok;
  };
  const verdicts = await Promise.all(Array.from({ length: LEAVES }, leaf));
  return { signatures, accepted: verdicts.filter(Boolean).length };
}
