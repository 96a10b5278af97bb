import type { Bundle } from "../encoding/bundle.ts";
import { parseCertificate, type Certificate } from "./certificate.ts";

/**
 * The CA certificates of a bundle, read: what `verifyX509Svid` takes. For JWT-SVIDs `bundle.jwtAuthorities` are the
 * keys as they are. Entries that are no certificates of a CA are left out, as a bundle's consumer has to
 * (SPIFFE Trust Domain and Bundle §4.2.2); none left means that nothing of the trust domain is believed.
 */
export function x509Authorities(bundle: Pick<Bundle, "x509Authorities">): readonly Certificate[] {
  const authorities: Certificate[] = [];
  for (const { certificate } of bundle.x509Authorities) {
    const parsed = parseCertificate(certificate);
    if (parsed.ok && parsed.value.extensions.basicConstraints?.ca === true)
      authorities.push(parsed.value);
  }
  return authorities;
}
