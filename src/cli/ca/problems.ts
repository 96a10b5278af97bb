import { isSelfIssued, isSignedBy, type Certificate } from "../../svid/certificate.ts";
import { parseSpiffeId } from "../../spiffe/spiffe-id.ts";
import { isTrustDomain, type TrustDomain } from "../../spiffe/trust-domain.ts";
import { checkSigningCertificate, type CertificateIssue } from "../../svid/signing-certificate.ts";
import { platform } from "../key-file.ts";
import { formatDuration } from "../time.ts";

const SOON_SECONDS = 90 * 86_400;

/**
 * What is wrong with certificates as a CA's chain, leaf's issuer first and root last: each by itself, and that each is
 * signed by the next. Certificates of workloads among them are only looked at for their signatures.
 * @param trustDomain as told; else each certificate's own URI tells it
 */
export async function chainProblems(
  chain: readonly Certificate[],
  now: number,
  trustDomain?: TrustDomain,
): Promise<readonly (readonly CertificateIssue[])[]> {
  return Promise.all(
    chain.map(async (certificate, index) => [
      ...ownProblems(certificate, now, trustDomain),
      ...(await signatureProblems(certificate, chain[index + 1])),
    ]),
  );
}

function ownProblems(
  certificate: Certificate,
  now: number,
  told: TrustDomain | undefined,
): readonly CertificateIssue[] {
  if (certificate.extensions.basicConstraints?.ca !== true) return [];
  const trustDomain = told ?? trustDomainOf(certificate);
  if (trustDomain === undefined)
    return [{ severity: "warning", message: "names no trust domain: give --trust-domain" }];
  const issues = checkSigningCertificate(certificate, { trustDomain, now, signs: "leaves" });
  const left = certificate.notAfter - now;
  if (left < 0 || left > SOON_SECONDS) return issues;
  const message = `ends in ${formatDuration(left)}: publish its successor before`;
  return [...issues, { severity: "warning", message }];
}

function trustDomainOf({ extensions }: Certificate): TrustDomain | undefined {
  for (const name of extensions.subjectAltName?.names ?? []) {
    const id = name.type === "uri" ? parseSpiffeId(name.value) : undefined;
    if (id?.ok === true && isTrustDomain(id.value.trustDomain)) return id.value.trustDomain;
  }
  return undefined;
}

async function signatureProblems(
  certificate: Certificate,
  issuer: Certificate | undefined,
): Promise<readonly CertificateIssue[]> {
  const by = isSelfIssued(certificate) ? certificate : issuer;
  if (by === undefined) return [];
  const key = await platform.importPublicKey(by.info);
  if (key.ok && (await isSignedBy(certificate, key.value, platform))) return [];
  const message =
    by === certificate ? "its own signature does not verify" : "is not signed by the next one";
  return [{ severity: "error", message }];
}
