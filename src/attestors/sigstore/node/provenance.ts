import type { ClaimValue } from "../../../attestation.ts";
import { toHex, utf8Encode } from "../../../encoding/bytes.ts";
import { fail, ok, type Result } from "../../../result.ts";
import type { AttestContext, Attestor, AttestorDeps } from "../../attestor.ts";
import { claimKey } from "../../claim-key.ts";
import { LEEWAY_SECONDS } from "../../times.ts";
import { parseBundle, type ProvenanceBundle } from "../bundle.ts";
import { readSigner, type Signer } from "../signer.ts";
import { parseStatement } from "../statement.ts";
import type { SigstoreConfig, SigstoreEvidence } from "./config.ts";
import { openVerifier, type BundleVerifier, type VerifiedBundle } from "./verifier.ts";

/** Bundles that verified before: every instance of an image shows the same one, at each renewal. */
const MAX_REMEMBERED = 256;

type Identity = SigstoreConfig["identities"][number];

/**
 * @param evidence schema of the evidence
 * @param trustedRoot bytes of the `trusted_root.json`; what is wrong with them is reported, and nothing is believed
 */
export function provenanceAttestor(
  evidence: Attestor<SigstoreEvidence>["evidence"],
  { identities }: SigstoreConfig,
  trustedRoot: Uint8Array,
  deps: Pick<AttestorDeps, "platform" | "trustDomain" | "report">,
): Attestor<SigstoreEvidence, ProvenanceBundle> {
  const type = "sigstore";
  const verifier = openVerifier(trustedRoot);
  const remembered = new Map<string, VerifiedBundle>();
  const report = (message: string, severity: "error" | "warning"): void =>
    deps.report({ path: ["trusted_root"], message, severity });
  if (typeof verifier === "string") report(verifier, "error");
  else if (!verifier.isCurrent(deps.platform.now()))
    report("every certificate authority in it has ended: fetch it anew", "warning");
  return {
    type,
    evidence,
    parse: ({ bundle }) => parseBundle(bundle),
    precheck({ certificate, payload }) {
      const signer = judgeSigner(certificate, identities);
      if (!signer.ok) return signer;
      const statement = parseStatement(payload);
      return statement.ok ? ok({ name: type }) : statement;
    },
    async verify(bundle, { now }: AttestContext) {
      if (typeof verifier === "string") return fail("key_unknown", "trusted_root");
      const digest = await deps.platform.digest("SHA-256", utf8Encode(bundle.text));
      const verified = verifyOnce(toHex(digest), bundle, verifier, remembered);
      if (!verified.ok) return verified;
      const { certificate, payload, firstSeen, lastSeen } = verified.value;
      if (lastSeen > now + LEEWAY_SECONDS) return fail("evidence_not_yet_valid");
      const signer = judgeSigner(certificate, identities);
      if (!signer.ok) return signer;
      const statement = parseStatement(payload);
      if (!statement.ok) return statement;
      const { builderId, buildType } = statement.value;
      const { san, issuer, build } = signer.value;
      const claims: Record<string, ClaimValue> = {
        digest: statement.value.digest,
        san,
        issuer,
        builder_id: builderId,
        build_type: buildType,
        ...build,
      };
      return ok({
        type,
        name: type,
        claims,
        binding: { kind: "none" },
        notBefore: firstSeen,
        claimKey: await claimKey(deps, type, [payload]),
        generation: 0,
      });
    },
  };
}

/** Whether a bundle verifies depends on its bytes and the trusted root alone, so that it is found out once. */
function verifyOnce(
  digest: string,
  bundle: ProvenanceBundle,
  verifier: BundleVerifier,
  remembered: Map<string, VerifiedBundle>,
): Result<VerifiedBundle> {
  const known = remembered.get(digest);
  if (known !== undefined) return ok(known);
  const verified = verifier.verify(bundle);
  if (!verified.ok) return verified;
  const [oldest] = remembered.keys();
  if (remembered.size >= MAX_REMEMBERED && oldest !== undefined) remembered.delete(oldest);
  remembered.set(digest, verified.value);
  return verified;
}

/**
 * Name and issuer are one of the configured pairs, whole. A workflow that others may call signs for whoever calls
 * it, so that it counts for its own repository alone, or for those that are listed.
 * @returns `issuer_not_configured` | `tenant_not_configured`
 */
function judgeSigner(certificate: Uint8Array, identities: readonly Identity[]): Result<Signer> {
  const signer = readSigner(certificate);
  if (!signer.ok) return signer;
  const { san, issuer, build } = signer.value;
  const vouched = identities.filter((identity) => identity.issuer === issuer);
  if (vouched.length === 0) return fail("issuer_not_configured", "issuer of the signer");
  const source = build.source_repository;
  const believed = vouched.some((identity) => {
    if (identity.san !== san) return false;
    if (identity.source_repositories !== undefined)
      return source !== undefined && identity.source_repositories.includes(source);
    return source === undefined || san.startsWith(`${source}/`);
  });
  return believed ? signer : fail("tenant_not_configured", "signer, or the repository it built");
}
