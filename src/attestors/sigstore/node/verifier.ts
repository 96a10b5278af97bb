import { bundleFromJSON } from "@sigstore/bundle";
import { TrustedRoot } from "@sigstore/protobuf-specs";
import { toSignedEntity, toTrustMaterial, Verifier, VerificationError } from "@sigstore/verify";
import { parseJsonObject } from "../../../encoding/json.ts";
import { fail, ok, type Result } from "../../../result.ts";
import type { ProvenanceBundle } from "../bundle.ts";

/** What of a bundle is signed, after it was verified. */
export interface VerifiedBundle {
  /** DER of the certificate whose key signed. */
  readonly certificate: Uint8Array;
  /** The statement. */
  readonly payload: Uint8Array;
  /** Unix seconds at which a log or a timestamp authority saw the signature: the earliest and the latest. */
  readonly firstSeen: number;
  readonly lastSeen: number;
}

export interface BundleVerifier {
  /** Whether any of the certificate authorities may still be used. @param now Unix seconds */
  isCurrent(now: number): boolean;
  verify(bundle: ProvenanceBundle): Result<VerifiedBundle>;
}

const MEDIA_TYPE =
  /^application\/vnd\.dev\.sigstore\.trustedroot(?:\+json;version=0\.[12]|\.v0\.2\+json)$/;

/**
 * Reads whom Sigstore's clients trust. Nothing is fetched: neither the root itself nor, later, anything for it.
 * @returns a message where it cannot be used
 */
export function openVerifier(trustedRoot: Uint8Array): BundleVerifier | string {
  const read = parseJsonObject(trustedRoot);
  const { mediaType } = read.ok ? read.value : {};
  if (!read.ok || typeof mediaType !== "string" || !MEDIA_TYPE.test(mediaType))
    return "is not a trusted_root.json of sigstore";
  try {
    const material = toTrustMaterial(TrustedRoot.fromJSON(read.value));
    const { certificateAuthorities, tlogs, ctlogs } = material;
    if (certificateAuthorities.length === 0 || tlogs.length === 0 || ctlogs.length === 0)
      return "lacks certificate authorities, transparency logs or certificate logs";
    const verifier = new Verifier(material, {
      tlogThreshold: 1,
      ctlogThreshold: 1,
      timestampThreshold: 1,
    });
    return {
      isCurrent: (now) =>
        certificateAuthorities.some(({ validFor }) => validFor.end.getTime() > now * 1000),
      verify: (bundle) => verify(verifier, bundle),
    };
  } catch {
    return "holds keys or certificates that cannot be read";
  }
}

/**
 * The chain of the certificate at the time that a log or timestamp authority vouches for, its entry in a certificate
 * log, the statement's entry in the transparency log with proof of inclusion, and the signature. No identity is judged
 * here: the library would take one for an expression and find it anywhere.
 */
function verify(verifier: Verifier, { json }: ProvenanceBundle): Result<VerifiedBundle> {
  try {
    const bundle = bundleFromJSON(json);
    const { content, verificationMaterial } = bundle;
    if (content.$case !== "dsseEnvelope" || verificationMaterial.content.$case !== "certificate")
      return fail("evidence_malformed", "bundle: content");
    const entity = toSignedEntity(bundle);
    verifier.verify(entity);
    // As the library counts them: an entry without a promise by its log proves no time.
    const seen = entity.timestamps.flatMap((timestamp) => {
      if (timestamp.$case === "timestamp-authority")
        return [timestamp.timestamp.signingTime.getTime() / 1000];
      const { inclusionPromise, integratedTime } = timestamp.tlogEntry;
      return inclusionPromise === undefined ? [] : [Number(integratedTime)];
    });
    return ok({
      certificate: verificationMaterial.content.certificate.rawBytes,
      payload: content.dsseEnvelope.payload,
      firstSeen: Math.floor(Math.min(...seen)),
      lastSeen: Math.floor(Math.max(...seen)),
    });
  } catch (error) {
    return refusal(error);
  }
}

/** The library throws for whatever it does not like; what cannot be read is refused as what does not verify is. */
function refusal(error: unknown): Result<never> {
  const code = error instanceof VerificationError ? error.code : undefined;
  if (code === "CERTIFICATE_ERROR") return fail("certificate_chain_invalid");
  if (code === "SIGNATURE_ERROR") return fail("signature_invalid");
  if (code?.startsWith("TLOG_") === true || code === "TIMESTAMP_ERROR")
    return fail("log_proof_invalid", code.toLowerCase());
  return fail("evidence_malformed", "bundle");
}
