import { equalBytes } from "../encoding/bytes.ts";
import { keyBits, spkiOf } from "../encoding/public-key.ts";
import type { PublicKeyInfo } from "../encoding/primitives.ts";
import { parseSpiffeId } from "../spiffe/spiffe-id.ts";
import type { TrustDomain } from "../spiffe/trust-domain.ts";
import type { Certificate } from "./certificate.ts";
import { OID } from "./extensions.ts";
import { NameConstraintState } from "./name-constraints.ts";

/** What is wrong with a CA certificate of the configuration; the caller knows where it stands there. */
export interface CertificateIssue {
  readonly severity: "error" | "warning";
  /** Lower case, no full stop; says what would mend it. */
  readonly message: string;
}

export interface SigningCertificateRules {
  readonly trustDomain: TrustDomain;
  /** Unix seconds. */
  readonly now: number;
  /** The signer's own public key: the certificate has to be for it. */
  readonly key?: PublicKeyInfo;
  /** What it will sign: leaves only, or intermediates of this process too (mode `delegated`). */
  readonly signs: "leaves" | "intermediates";
}

/**
 * Whether a CA certificate may sign X.509-SVIDs of the trust domain (X509-SVID §3.1, §4, §5; RFC 5280 §4.2.1), so that
 * what is wrong shows at start and not at the verifiers. Its own signature is not checked: it is an anchor, or the
 * path through it is validated elsewhere.
 * @returns everything that is wrong, at once; empty if nothing is
 */
export function checkSigningCertificate(
  certificate: Certificate,
  rules: SigningCertificateRules,
): readonly CertificateIssue[] {
  const issues: CertificateIssue[] = [];
  const check = (good: boolean, severity: CertificateIssue["severity"], message: string): void => {
    if (!good) issues.push({ severity, message });
  };
  const error = (good: boolean, message: string): void => check(good, "error", message);
  const { extensions, info } = certificate;
  const { basicConstraints, keyUsage, extendedKeyUsage } = extensions;

  error(certificate.version === 3, "the certificate is not version 3");
  error(rules.now >= certificate.notBefore, "the certificate is not yet valid");
  error(rules.now <= certificate.notAfter, "the certificate has expired");
  const isOurs = rules.key === undefined || equalBytes(spkiOf(rules.key), spkiOf(info));
  error(isOurs, "the certificate is for another key than the signer's");
  error(info.type !== "RSA" || keyBits(info) >= 2048, "the rsa key is shorter than 2048 bits");
  error(
    certificate.subject.rdns.length > 0,
    "the subject is empty; name it differently for each key",
  );
  error(
    extensions.subjectKeyId !== undefined,
    "the subject key identifier is missing; leaves refer to it",
  );
  const [unknown] = extensions.unknownCritical;
  error(unknown === undefined, `critical extension ${unknown} is not understood by verifiers`);
  error(extensions.policyConstraints === undefined, "policy constraints would refuse every leaf");

  error(basicConstraints?.ca === true, "basic constraints do not say that it is a ca");
  check(basicConstraints?.critical !== false, "warning", "basic constraints should be critical");
  const pathLength = basicConstraints?.pathLength ?? Infinity;
  error(
    rules.signs === "leaves" || pathLength >= 1,
    "path length 0 forbids the intermediate; the ca needs a path length of 1",
  );
  check(
    pathLength !== Infinity,
    "warning",
    "the path length is not limited; a root needs no more than 1",
  );

  error(keyUsage?.uses.has("keyCertSign") === true, "key usage lacks keyCertSign");
  error(keyUsage === undefined || keyUsage.critical, "key usage must be critical");
  check(
    keyUsage?.uses.has("digitalSignature") !== true,
    "warning",
    "key usage has digitalSignature, which marks a leaf (X509-SVID appendix A)",
  );
  const allows = (purpose: string): boolean =>
    extendedKeyUsage === undefined ||
    extendedKeyUsage.includes(purpose) ||
    extendedKeyUsage.includes(OID.anyExtendedKeyUsage);
  error(
    allows(OID.serverAuth) && allows(OID.clientAuth),
    "extended key usage must allow both serverAuth and clientAuth, or be absent",
  );
  issues.push(...spiffeIdIssues(certificate, rules.trustDomain));
  const constrained = nameConstraintProblem(certificate, rules.trustDomain);
  error(constrained === undefined, `name constraints refuse leaves of the trust domain`);
  return issues;
}

/** At most one SPIFFE ID, that of the trust domain itself (X509-SVID §3.1). */
function spiffeIdIssues(certificate: Certificate, trustDomain: TrustDomain): CertificateIssue[] {
  const uris: string[] = [];
  for (const name of certificate.extensions.subjectAltName?.names ?? [])
    if (name.type === "uri") uris.push(name.value);
  const expected = `spiffe://${trustDomain}`;
  const [uri] = uris;
  if (uri === undefined)
    return [{ severity: "warning", message: `the ca should carry the uri ${expected}` }];
  if (uris.length > 1) return issue("the certificate has more than one uri");
  const id = parseSpiffeId(uri);
  if (!id.ok) return issue("the uri is not a spiffe id");
  if (id.value.trustDomain !== trustDomain)
    return issue("the spiffe id is of another trust domain");
  return id.value.path === "" ? [] : issue("the spiffe id of a ca has no path");
}

/** Tries its name constraints on a leaf such as it would sign. */
function nameConstraintProblem(ca: Certificate, trustDomain: TrustDomain): string | undefined {
  const { nameConstraints } = ca.extensions;
  if (nameConstraints === undefined) return undefined;
  const state = new NameConstraintState({ left: 10_000 });
  return (
    state.add(nameConstraints) ??
    state.checkNames([{ type: "uri", value: `spiffe://${trustDomain}/workload` }])
  );
}

function issue(message: string): CertificateIssue[] {
  return [{ severity: "error", message }];
}
