import type { BundleNote } from "../../attestation.ts";
import { equalBytes } from "../../encoding/bytes.ts";
import { fail, ok, type Result } from "../../result.ts";
import { isTrustDomain } from "../../spiffe/trust-domain.ts";
import { BundleVerifier } from "../../svid/bundle-verifier.ts";
import type { Certificate } from "../../svid/certificate.ts";
import { OID } from "../../svid/extensions.ts";
import { validatePath } from "../../svid/path.ts";
import type { AttestorDeps } from "../attestor.ts";
import { noteOf } from "../bundle-note.ts";
import { readAuthorities } from "../certificates.ts";
import { textsOf } from "./claims.ts";
import type { PopEntry } from "./config.ts";

type Path = readonly [Certificate, ...Certificate[]];

/** Who vouches for the certificates of one entry. */
export interface Authorities {
  /**
   * @param certificates leaf first, intermediates in any order
   * @returns the path, anchor last, and of a peer the SPIFFE ID; `certificate_chain_invalid` | `claim_value`
   *   | `issuer_not_configured`; `keys_unavailable` where no bundle of the peer is held
   */
  verify(certificates: Path, now: number): Promise<Result<Verified>>;
}

interface Verified {
  readonly path: Path;
  readonly spiffeId?: string;
  readonly bundle?: BundleNote;
}

/** One search may cost so many public-key operations: enough for two paths through all that may be sent. */
const MAX_SIGNATURE_CHECKS = 16;

/** Opens an entry's CA files, or its peer's bundle, and reports what is wrong with it. */
export async function authoritiesOf(
  entryName: string,
  { ca, peer }: PopEntry,
  deps: AttestorDeps,
): Promise<Authorities> {
  if (peer !== undefined) return ofPeer(entryName, peer, deps);
  const path = [entryName, "ca"];
  const anchors = await readAuthorities(ca ?? [], path, deps);
  const own = await ownAuthorities(deps);
  const isOurs = ({ spki, extensions }: Certificate): boolean =>
    own.some((authority) => equalBytes(authority.spki, spki)) ||
    isOfTrustDomain(extensions, deps.trustDomain);
  if (anchors.some(isOurs)) {
    deps.report({
      path,
      severity: "error",
      message: "is this service's own CA: its SVIDs would be evidence for new ones",
    });
  }
  return {
    async verify([leaf, ...intermediates], now) {
      const options = {
        now,
        purposes: [OID.clientAuth],
        maxSignatureChecks: MAX_SIGNATURE_CHECKS,
      };
      const found = await validatePath(leaf, intermediates, anchors, options, deps.platform);
      if (!found.ok) return found;
      // Whoever signed our intermediates may be a CA of an entry: what lies below them is still ours.
      return found.value.some(isOurs)
        ? fail("issuer_not_configured", "an SVID of this very trust domain")
        : ok({ path: [leaf, ...found.value.slice(1)] });
    },
  };
}

function ofPeer(
  entryName: string,
  peer: string,
  { bundles, platform, report, trustDomain }: AttestorDeps,
): Authorities {
  const problem = (message: string): void =>
    report({ path: [entryName, "peer"], message, severity: "error" });
  if (peer === trustDomain)
    problem("is this trust domain itself: its SVIDs would be evidence for new ones");
  else if (!bundles.has(peer)) problem("is not one of peers:");
  const verifier = new BundleVerifier(bundles, platform);
  return {
    async verify(certificates, now) {
      if (!isTrustDomain(peer) || peer === trustDomain) return fail("issuer_not_configured");
      const chain = certificates.map(({ raw }) => raw);
      const verified = await verifier.x509(chain, peer, now);
      if (!verified.ok) return verified;
      const { leaf, path, spiffeId } = verified.value.svid;
      return ok({
        path: [leaf, ...path.slice(1)],
        spiffeId: spiffeId.uri,
        bundle: noteOf(verified.value.bundle),
      });
    },
  };
}

/** The CA certificates under `keys:`, as far as they can be read; what is wrong with them is told where they are loaded. */
async function ownAuthorities({ ownAuthorities: references = [], read }: AttestorDeps) {
  const all = references.map((one) => readAuthorities(one, [], { read, report: unheard }));
  return (await Promise.all(all)).flat();
}

function unheard(): void {}

/** An SVID of the trust domain, or a CA that is marked as one of it (X509-SVID §3.1). */
function isOfTrustDomain(extensions: Certificate["extensions"], trustDomain: string): boolean {
  const id = `spiffe://${trustDomain}`;
  return textsOf(extensions.subjectAltName?.names ?? [], "uri").some(
    (uri) => uri === id || uri.startsWith(`${id}/`),
  );
}
