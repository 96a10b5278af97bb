import { decodeBase64 } from "../../encoding/base64.ts";
import { equalBytes } from "../../encoding/bytes.ts";
import type { SignedData } from "../../encoding/cms.ts";
import { keyBits } from "../../encoding/public-key.ts";
import type { Platform } from "../../platform/platform.ts";
import { fail, ok, type Result } from "../../result.ts";
import { parseCertificate, type Certificate } from "../../svid/certificate.ts";
import { OID } from "../../svid/extensions.ts";
import { validatePath } from "../../svid/path.ts";

/** Azure's clouds, by the host that the certificates of their metadata services are for. */
const METADATA_HOSTS = {
  public: "metadata.azure.com",
  us_government: "metadata.azure.us",
  china: "metadata.azure.cn",
} as const;
export type AzureCloud = keyof typeof METADATA_HOSTS;

/** CA certificates, read: anchors, and what may stand between them and a signer. */
export interface SignerTrust {
  readonly roots: readonly Certificate[];
  readonly intermediates: readonly Certificate[];
}

/** The same as plain JSON: DER in base64. */
export interface StoredTrust {
  readonly roots: readonly string[];
  readonly intermediates: readonly string[];
}

/** Takes some milliseconds: for when the first document comes. */
export function openTrust({ roots, intermediates }: StoredTrust): SignerTrust {
  return { roots: roots.flatMap(readStored), intermediates: intermediates.flatMap(readStored) };
}

function readStored(text: string): Certificate[] {
  const der = decodeBase64(text);
  const parsed = der.ok ? parseCertificate(der.value) : der;
  return parsed.ok ? [parsed.value] : [];
}

/** In fact it is one; a document has 16 KiB for all of them. */
const MAX_CERTIFICATES = 8;
const MAX_RSA_BITS = 4096;

/**
 * The one certificate of the envelope that its one signature names, by issuer and serial number. No other is looked
 * at, then or later: neither as signer nor as intermediate.
 * @returns `cms_signers` | `certificate_malformed` | `algorithm_not_allowed`
 */
export function signerCertificate({ signer, certificates }: SignedData): Result<Certificate> {
  if (certificates.length > MAX_CERTIFICATES) return fail("cms_malformed", "certificates");
  const named: Certificate[] = [];
  for (const der of certificates) {
    const parsed = parseCertificate(der);
    if (!parsed.ok) continue;
    const { issuer, serial } = parsed.value;
    if (equalBytes(issuer.raw, signer.issuer) && equalBytes(serial, signer.serial))
      named.push(parsed.value);
  }
  const [certificate, another] = named;
  if (certificate === undefined) return fail("cms_signers", "no certificate of the signer");
  if (another !== undefined) return fail("cms_signers", "two certificates of the signer");
  const { info } = certificate;
  return info.type === "RSA" && keyBits(info) <= MAX_RSA_BITS
    ? ok(certificate)
    : fail("algorithm_not_allowed", "the signer's key");
}

/**
 * Whether a certificate is that of a metadata service of the cloud: its name, and a path to a root for TLS servers.
 * Nothing is fetched: whatever addresses the certificate names for its issuer are not read.
 * @returns `certificate_chain_invalid`
 */
export async function verifySigner(
  certificate: Certificate,
  cloud: AzureCloud,
  { roots, intermediates }: SignerTrust,
  now: number,
  platform: Platform,
): Promise<Result<void>> {
  const { subjectAltName, keyUsage, extendedKeyUsage } = certificate.extensions;
  const host = METADATA_HOSTS[cloud];
  const named = subjectAltName?.names.some(
    (name) => name.type === "dns" && isHostOf(name.value.toLowerCase(), host),
  );
  if (named !== true) return fail("certificate_chain_invalid", `signer: not of ${host}`);
  if (extendedKeyUsage?.includes(OID.serverAuth) !== true)
    return fail("certificate_chain_invalid", "signer: not for servers");
  // What it signed is a document (RFC 5280 §4.2.1.3).
  if (keyUsage?.uses.has("digitalSignature") === false)
    return fail("certificate_chain_invalid", "signer: key usage");
  const options = { now, purposes: [OID.serverAuth] };
  const path = await validatePath(certificate, intermediates, roots, options, platform);
  return path.ok ? ok(undefined) : path;
}

/** The host itself or one label below it: `eastus.metadata.azure.com`. */
function isHostOf(name: string, host: string): boolean {
  if (name === host) return true;
  return name.endsWith(`.${host}`) && /^[a-z0-9-]+$/.test(name.slice(0, -host.length - 1));
}
