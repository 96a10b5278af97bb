import type { TrustDomain } from "../spiffe/trust-domain.ts";
import type { CaNameConstraints } from "../svid/ca-certificate.ts";
import type { Certificate } from "../svid/certificate.ts";
import type { NameConstraints } from "../svid/extensions.ts";

/**
 * Whether what a CA answered binds names as the entry wants: by the intermediate or a CA between it and the root, whose
 * own constraints many verifiers pass over. A CA may leave out what it was asked for, and nothing else would show it:
 * the SVIDs are good, and whoever steals the intermediate's key has more than is said.
 * @param below the root
 */
export function areNamesBound(
  below: readonly Certificate[],
  wanted: CaNameConstraints,
  trustDomain: TrustDomain,
): boolean {
  if (wanted === "none") return true;
  const found = below.flatMap(({ extensions }) => extensions.nameConstraints ?? []);
  const excluded = found.flatMap((constraints) => constraints.excluded);
  const noName = excluded.some((base) => base.type === "dns" && base.value === "");
  const bound = noName && [4, 16].every((octets) => excluded.some((base) => isAll(base, octets)));
  if (wanted === "exclude_dns_ip" || !bound) return bound;
  return found.some(({ permitted }) => {
    const uris = permitted.filter(({ type }) => type === "uri");
    return (
      uris.length > 0 && uris.every((base) => base.type === "uri" && base.value === trustDomain)
    );
  });
}

/** Whether it is every address of so many octets: an address, then a mask without a bit. */
function isAll(base: NameConstraints["excluded"][number], octets: number): boolean {
  if (base.type !== "ip" || base.value.length !== 2 * octets) return false;
  return base.value.subarray(octets).every((byte) => byte === 0);
}
