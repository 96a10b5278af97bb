import type { PublicKey } from "../../encoding/primitives.ts";
import type { Platform } from "../../platform/platform.ts";
import { fail, ok, type Result } from "../../result.ts";
import { parseCertificate, type Certificate } from "../../svid/certificate.ts";
import { validatePath } from "../../svid/path.ts";
import type { NitroDocument } from "./nitro-document.ts";

interface Certified {
  /** Of the device that signed. */
  readonly key: PublicKey;
  /** Unix seconds: the end of the first certificate of the path to end. */
  readonly notAfter: number;
  /** Absent where the certificate's name has another form than in AWS's commercial partition. */
  readonly region?: string;
}

/** Region, zone, instance: AWS's chains have three certificates between the root and the device's. */
const MAX_INTERMEDIATES = 4;
const MAX_SIGNATURE_CHECKS = 8;
/** As `readName` writes it. */
const COMMON_NAME = `2.5.4.3="`;

/**
 * The document's certificate must lead to the pinned root; what the document itself calls the root is not looked at.
 * AWS publishes no revocation: the device's certificate lives three hours.
 * @param now Unix seconds
 * @returns `certificate_malformed` | `certificate_chain_invalid`
 */
export async function certifyNitro(
  document: NitroDocument,
  root: Certificate | undefined,
  now: number,
  platform: Platform,
): Promise<Result<Certified>> {
  const certificates: Certificate[] = [];
  for (const der of [document.certificate, ...document.intermediates]) {
    const parsed = parseCertificate(der);
    if (!parsed.ok) return fail("certificate_malformed", parsed.error.detail);
    // All of AWS's are; what a check of anything else would cost is the sender's choice.
    if (parsed.value.info.type !== "EC") return refused("not an elliptic curve key");
    certificates.push(parsed.value);
  }
  const [leaf, ...intermediates] = certificates;
  if (leaf === undefined || root === undefined) return refused("no certificate");
  if (!allows(leaf, "digitalSignature")) return refused("leaf: may not sign documents");
  if (!intermediates.every((one) => allows(one, "keyCertSign")))
    return refused("intermediate: may not sign certificates");
  const path = await validatePath(
    leaf,
    intermediates,
    [root],
    { now, maxIntermediates: MAX_INTERMEDIATES, maxSignatureChecks: MAX_SIGNATURE_CHECKS },
    platform,
  );
  if (!path.ok) return path;
  const key = await platform.importPublicKey(leaf.info);
  if (!key.ok) return fail("certificate_malformed", "public key");
  const region = regionOf(leaf, document.moduleId);
  return ok({
    key: key.value,
    notAfter: Math.min(...path.value.map(({ notAfter }) => notAfter)),
    ...(region !== undefined && { region }),
  });
}

function allows({ extensions }: Certificate, use: "digitalSignature" | "keyCertSign"): boolean {
  return extensions.keyUsage?.uses.has(use) === true;
}

/** The last name of the subject is `CN=<module>.<region>.aws`. Names compare folded; these have no capitals. */
function regionOf({ subject }: Certificate, moduleId: string): string | undefined {
  const name = subject.rdns.find((rdn) => rdn.startsWith(COMMON_NAME))?.slice(COMMON_NAME.length);
  if (name === undefined || !name.startsWith(`${moduleId}.`) || !name.endsWith(".aws"))
    return undefined;
  const region = name.slice(moduleId.length + 1, -".aws".length);
  return /^[a-z]{2,8}(?:-[a-z0-9]{1,16}){2,4}$/.test(region) ? region : undefined;
}

function refused(detail: string): Result<never> {
  return fail("certificate_chain_invalid", detail);
}
