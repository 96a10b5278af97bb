import { ConfigError, type ConfigIssue } from "../config-issue.ts";
import { utf8Decode } from "../encoding/bytes.ts";
import { decodePem } from "../encoding/pem.ts";
import { keyBits } from "../encoding/public-key.ts";
import { fail, ok, type Result } from "../result.ts";
import { parseCertificate, type Certificate } from "../svid/certificate.ts";
import type { SettleDeps } from "./attestor.ts";

/** Of PEM in evidence. */
const MAX_CHARACTERS = 16_384;
const MIN_RSA_BITS = 2048;
/** What a verification costs grows with the square of the key, and certificates come from strangers. */
const MAX_RSA_BITS = 4096;
/** Of one configured file. */
const MAX_AUTHORITIES = 64;

/**
 * The certificates of a piece of evidence, PEM blocks in the order in which they stand. Nothing is believed.
 * @param max how many there may be in all
 * @returns `evidence_too_large` | `encoding_invalid` | `certificate_malformed` | `certificate_chain_invalid`
 *   | `algorithm_not_allowed` for a key of a kind or size that is not taken
 */
export function readCertificates(
  pem: string,
  max: number,
): Result<[Certificate, ...Certificate[]]> {
  if (pem.length > MAX_CHARACTERS) return fail("evidence_too_large");
  if (pem.split("-----BEGIN ").length > max + 1)
    return fail("certificate_chain_invalid", "too many certificates");
  const blocks = decodePem(pem, "CERTIFICATE", { max });
  if (!blocks.ok) return blocks;
  const certificates: Certificate[] = [];
  for (const der of blocks.value) {
    const parsed = parseCertificate(der);
    if (!parsed.ok)
      return parsed.error.reason === "key_unsupported"
        ? fail("algorithm_not_allowed", "a certificate's key")
        : parsed;
    const { info } = parsed.value;
    if (info.type === "RSA" && keyBits(info) > MAX_RSA_BITS)
      return fail("algorithm_not_allowed", "a certificate's rsa key is too long");
    certificates.push(parsed.value);
  }
  const [leaf, ...rest] = certificates;
  return leaf === undefined ? fail("encoding_invalid", "no certificate") : ok([leaf, ...rest]);
}

/**
 * The CA certificates that a section refers to: PEM files, each of one or more. What cannot be used is reported.
 * @param references one, or a list of them
 * @param path where that stands in the section
 */
export async function readAuthorities(
  references: string | readonly string[],
  path: ConfigIssue["path"],
  deps: Pick<SettleDeps, "read" | "report">,
): Promise<Certificate[]> {
  const authorities: Certificate[] = [];
  for (const [index, reference] of [references].flat().entries()) {
    const place = typeof references === "string" ? path : [...path, index];
    const report = (message: string): void =>
      deps.report({ path: place, message, severity: "error" });
    try {
      const text = utf8Decode(await deps.read(reference)) ?? ""; // oxlint-disable-line no-await-in-loop -- a handful, once
      const blocks = decodePem(text, "CERTIFICATE", { max: MAX_AUTHORITIES });
      if (!blocks.ok) report("expected PEM certificates and nothing else");
      else authorities.push(...blocks.value.flatMap((der) => authorityOf(der, report)));
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      for (const { message } of error.issues) report(message);
    }
  }
  return authorities;
}

function authorityOf(der: Uint8Array, report: (message: string) => void): Certificate[] {
  const parsed = parseCertificate(der);
  if (!parsed.ok) {
    report(`a certificate cannot be used: ${parsed.error.detail ?? parsed.error.reason}`);
    return [];
  }
  const { extensions, info } = parsed.value;
  if (extensions.basicConstraints?.ca !== true) report("a certificate is not one of a CA");
  else if (info.type === "RSA" && keyBits(info) < MIN_RSA_BITS)
    report("a CA's RSA key is too short: 2048 bits at least");
  else return [parsed.value];
  return [];
}

/** `file:`, `data:` or `env:` of PEM. */
export const PEM_REFERENCE = /^(?:file|data|env):./;
