import type { BundleNote } from "../attestation.ts";
import type { BundleUsed } from "../svid/bundle-verifier.ts";

/** Which bundle evidence was verified with, in the words of the log. */
export function noteOf({ trustDomain, sequence, ageSeconds }: BundleUsed): BundleNote {
  return {
    trust_domain: trustDomain,
    ...(sequence !== undefined && { sequence: String(sequence) }),
    ...(ageSeconds !== undefined && { age_seconds: Math.floor(ageSeconds) }),
  };
}
