import { decodeBase64 } from "../encoding/base64.ts";
import type { JsonValue } from "../encoding/json.ts";
import type { PublicKey } from "../encoding/primitives.ts";
import type { Platform } from "../platform/platform.ts";
import { fail, type Result } from "../result.ts";
import { parseCertificate, type Certificate } from "../svid/certificate.ts";
import { validatePath } from "../svid/path.ts";

const MAX_CERTIFICATES = 4;
const MAX_SIGNATURE_CHECKS = 6;

/**
 * The key of a token that brings its certificates along (`x5c`, RFC 7515 §4.1.6), where the provider's own specification
 * names a root for them. They must lead to the root of the configuration; which one the token calls the root says nothing.
 * @param root undefined where the configuration has none that can be read
 * @returns `certificate_malformed` | `certificate_chain_invalid`
 */
export async function certifiedKey(
  x5c: JsonValue,
  root: Certificate | undefined,
  now: number,
  platform: Platform,
): Promise<Result<PublicKey>> {
  if (!Array.isArray(x5c) || x5c.length > MAX_CERTIFICATES)
    return fail("certificate_malformed", "x5c");
  const certificates: Certificate[] = [];
  for (const text of x5c) {
    const der = typeof text === "string" ? decodeBase64(text) : undefined;
    const parsed = der?.ok === true ? parseCertificate(der.value) : undefined;
    if (parsed?.ok !== true) return fail("certificate_malformed", "x5c");
    certificates.push(parsed.value);
  }
  const [leaf, ...intermediates] = certificates;
  if (leaf === undefined || root === undefined)
    return fail("certificate_chain_invalid", "no certificate");
  if (leaf.extensions.keyUsage?.uses.has("digitalSignature") === false)
    return fail("certificate_chain_invalid", "leaf: may not sign tokens");
  const path = await validatePath(
    leaf,
    intermediates,
    [root],
    { now, maxIntermediates: 2, maxSignatureChecks: MAX_SIGNATURE_CHECKS },
    platform,
  );
  if (!path.ok) return path;
  const key = await platform.importPublicKey(leaf.info);
  return key.ok ? key : fail("certificate_malformed", "public key");
}
