import type { CryptoPrimitives } from "../encoding/primitives.ts";
import { fail, ok, type Result } from "../result.ts";
import { parseSpiffeId, type SpiffeId } from "../spiffe/spiffe-id.ts";
import type { TrustDomain } from "../spiffe/trust-domain.ts";
import { parseCertificate, type Certificate } from "./certificate.ts";
import { OID } from "./extensions.ts";
import { validatePath } from "./path.ts";

export interface X509Svid {
  readonly spiffeId: SpiffeId;
  readonly leaf: Certificate;
  /** The path that was found: leaf first, authority of the bundle last. */
  readonly path: readonly Certificate[];
}

/** Certificates of one chain: more than any path uses, few enough to parse without a thought. */
const MAX_CHAIN = 10;

/**
 * Verifies an X.509-SVID (X509-SVID §5): the profile of the leaf, then the path to the trust domain's own authorities.
 * @param chain DER certificates, leaf first; the intermediates may come in any order
 * @param authorities of the bundle of `trustDomain` and no other: see `x509Authorities`
 * @param now Unix seconds
 * @returns `certificate_malformed` | `certificate_chain_invalid` | `claim_value` | `key_unsupported`
 */
export async function verifyX509Svid(
  chain: readonly Uint8Array[],
  authorities: readonly Certificate[],
  trustDomain: TrustDomain,
  now: number,
  crypto: CryptoPrimitives,
): Promise<Result<X509Svid>> {
  if (chain.length > MAX_CHAIN) return fail("certificate_chain_invalid", "too many certificates");
  const certificates: Certificate[] = [];
  for (const der of chain) {
    const parsed = parseCertificate(der);
    if (!parsed.ok) return parsed;
    certificates.push(parsed.value);
  }
  const [leaf, ...intermediates] = certificates;
  if (leaf === undefined) return fail("certificate_chain_invalid", "no certificate");
  const spiffeId = readX509Svid(leaf);
  if (!spiffeId.ok) return spiffeId;
  if (spiffeId.value.trustDomain !== trustDomain) return fail("claim_value", "trust domain");
  for (const { extensions } of intermediates)
    if (extensions.keyUsage?.uses.has("keyCertSign") !== true)
      return fail("certificate_chain_invalid", "intermediate may not sign certificates");
  const path = await validatePath(
    leaf,
    intermediates,
    authorities,
    { now, purposes: [OID.serverAuth, OID.clientAuth] },
    crypto,
  );
  return path.ok ? ok({ spiffeId: spiffeId.value, leaf, path: path.value }) : path;
}

/**
 * The identity in a leaf whose profile is that of X509-SVID §4 and appendix A. Nothing is verified: with the trust
 * domain of the result the bundle is chosen.
 * @returns `certificate_chain_invalid` | `claim_value`
 */
export function readX509Svid(leaf: Certificate): Result<SpiffeId> {
  const { basicConstraints, keyUsage, extendedKeyUsage, subjectAltName } = leaf.extensions;
  if (basicConstraints?.ca === true) return refused("is a ca");
  if (keyUsage === undefined || !keyUsage.critical) return refused("key usage missing");
  if (!keyUsage.uses.has("digitalSignature")) return refused("key usage lacks digitalSignature");
  if (keyUsage.uses.has("keyCertSign") || keyUsage.uses.has("cRLSign"))
    return refused("key usage of a ca");
  if (extendedKeyUsage !== undefined) {
    const both =
      extendedKeyUsage.includes(OID.serverAuth) && extendedKeyUsage.includes(OID.clientAuth);
    if (!both) return refused("extended key usage lacks serverAuth or clientAuth");
  }
  const uris: string[] = [];
  for (const name of subjectAltName?.names ?? []) if (name.type === "uri") uris.push(name.value);
  const [uri, second] = uris;
  if (uri === undefined || second !== undefined) return refused("not exactly one uri");
  const id = parseSpiffeId(uri);
  if (!id.ok) return id;
  return id.value.path === "" ? fail("claim_value", "spiffe id without path") : id;
}

function refused(detail: string): Result<never> {
  return fail("certificate_chain_invalid", `leaf: ${detail}`);
}
