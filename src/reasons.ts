/**
 * The closed list of internal reasons, by the one public code that each is told as.
 * A reason goes to the audit event and the command line; the requester sees only the code, so that
 * an answer never tells which account, issuer, rule or claim would have passed.
 * What each means, and what mends it: `src/cli/reason-help.ts`, printed in `docs/reasons.md`.
 */
const OF_CODE = {
  // The request itself.
  request_malformed: [
    "body_too_large",
    "body_incomplete",
    "body_not_json",
    "body_schema",
    "content_type_unsupported",
    "content_encoding_unsupported",
    "accept_unsupported",
    "nothing_requested",
  ],
  // Possession of the requested key.
  possession_failed: [
    "possession_missing",
    "csr_malformed",
    "csr_signature_invalid",
    "key_unsupported",
    "key_weak",
    "key_is_ours",
    "key_mismatch",
    "dpop_malformed",
    "dpop_signature_invalid",
    "dpop_target_mismatch",
    "dpop_time",
    "dpop_body_mismatch",
    "dpop_replayed",
  ],
  evidence_rejected: [
    // The evidence: form.
    "evidence_malformed",
    "evidence_too_large",
    "evidence_type_not_configured",
    "entry_required",
    "encoding_invalid",
    "json_malformed",
    "json_duplicate_key",
    "der_malformed",
    "cms_malformed",
    "cms_signers",
    "cms_attributes",
    "cms_digest_mismatch",
    "cose_malformed",
    "certificate_malformed",
    "certificate_chain_invalid",
    "jws_malformed",
    "jws_header_forbidden",
    "jws_type",
    // The evidence: cryptography.
    "algorithm_not_allowed",
    "key_unknown",
    "key_malformed",
    "signature_invalid",
    "log_proof_invalid",
    // The evidence: claims, time, binding.
    "issuer_not_configured",
    "tenant_not_configured",
    "region_unknown",
    "audience_mismatch",
    "binding_mismatch",
    "claim_missing",
    "claim_type",
    "claim_value",
    "evidence_expired",
    "evidence_not_yet_valid",
    "evidence_lifetime",
    "not_a_workload",
    "run_not_allowed",
    "debug_mode",
  ],
  // First use.
  evidence_claimed: ["claim_taken", "claim_stale", "claim_too_late", "claim_banned"],
  // Policy.
  refused: [
    "claim_store_missing",
    "denied",
    "no_rule_matches",
    "spiffe_id_not_granted",
    "kind_not_granted",
    "template_value_illegal",
    "audience_not_granted",
    "instance_too_old",
  ],
  // The world around us.
  unavailable: [
    "keys_unavailable",
    "sts_unavailable",
    "signer_unavailable",
    "signature_unsound",
    "lint_failed",
    "store_unavailable",
    "audit_unavailable",
    "internal_fault",
  ],
} as const;

/** The stable `code` of a problem document: one a stage. */
export type ProblemCode = keyof typeof OF_CODE;
export type Reason = (typeof OF_CODE)[ProblemCode][number];

const told = Object.entries(OF_CODE).flatMap(([code, reasons]) =>
  reasons.map((reason) => [reason, code]),
);
/** The code that each reason is told as. */
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- its members are those of the list above
export const REASONS = Object.fromEntries(told) as Readonly<Record<Reason, ProblemCode>>;
