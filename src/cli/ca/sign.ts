import type { JsonName } from "@peculiar/x509";
import { encodePem } from "../../encoding/pem.ts";
import type { PublicKeyInfo } from "../../encoding/primitives.ts";
import { isAddressLike, usualConstraints } from "../../signer/obtain.ts";
import { SignerError } from "../../signer/signer.ts";
import { isSignedBy, parseCertificate, type Certificate } from "../../svid/certificate.ts";
import { checkSigningCertificate, type CertificateIssue } from "../../svid/signing-certificate.ts";
import { assembleCertificate } from "../../svid/x509-svid.ts";
import { CommandError } from "../errors.ts";
import { platform } from "../key-file.ts";
import { printable } from "../output.ts";
import type { Ceremony, CeremonyConfig } from "./ceremony.ts";
import { draftCertificate, type CaContent } from "./draft.ts";

/** A certificate that was looked at, and nobody has signed yet. */
export interface Draft {
  readonly certificate: Certificate;
  readonly issues: readonly CertificateIssue[];
}

/** @param subject of the certificate; that of the ceremony for the root itself */
export async function draft(
  ceremony: Ceremony,
  more: Pick<CaContent, "subject" | "info" | "pathLength" | "notBefore" | "notAfter"> & {
    readonly issuer?: Certificate;
  },
): Promise<Draft> {
  const { trustDomain, config, signer } = ceremony;
  // A root binds itself to nothing.
  const usual = more.issuer === undefined ? "none" : usualConstraints(trustDomain);
  const nameConstraints = config.name_constraints ?? usual;
  const certificate = await draftCertificate({
    ...more,
    trustDomain,
    nameConstraints,
    signs: signer,
  });
  const issues = checkSigningCertificate(certificate, {
    trustDomain,
    // Of a certificate for later: whether it is valid when it begins.
    now: Math.max(platform.now(), more.notBefore),
    key: more.info,
    signs: more.pathLength > 0 ? "intermediates" : "leaves",
  });
  const message =
    "permit_uri is not for a trust domain whose name looks like an address: verifiers match no such URI";
  const refused = nameConstraints === "permit_uri" && isAddressLike(trustDomain);
  return { certificate, issues: refused ? [...issues, { severity: "error", message }] : issues };
}

export function subjectOf({ subject }: CeremonyConfig): JsonName {
  const { country, organization, organizational_unit, common_name } = subject;
  const parts = [
    ["C", country],
    ["O", organization],
    ["OU", organizational_unit],
    ["CN", common_name],
  ] as const;
  return parts.flatMap(([name, value]) => (value === undefined ? [] : [{ [name]: [value] }]));
}

/**
 * Signs what was looked at, and reads what came out.
 * @returns PEM
 * @throws CommandError where something is wrong with the draft, or the key does not sign
 */
export async function signDraft(
  { signer }: Ceremony,
  { certificate, issues }: Draft,
  issuerInfo: PublicKeyInfo,
): Promise<string> {
  const errors = issues.filter(({ severity }) => severity === "error");
  if (errors.length > 0) {
    const lines = errors.map(({ message }) => printable(`  ${message}`));
    throw new CommandError(["not signed, since it would be refused:", ...lines].join("\n"), 2);
  }
  const signature = await (async () => signer.sign(certificate.tbs))().catch((error: unknown) => {
    if (!(error instanceof SignerError)) throw error;
    throw new CommandError(`not signed: ${printable(error.message)}`, 1, { cause: error });
  });
  const der = assembleCertificate(certificate.tbs, signer.scheme, signature);
  const parsed = parseCertificate(der);
  const key = await platform.importPublicKey(issuerInfo);
  if (!parsed.ok || !key.ok || !(await isSignedBy(parsed.value, key.value, platform)))
    throw new CommandError("not written: the signed certificate does not verify");
  return encodePem("CERTIFICATE", der);
}
