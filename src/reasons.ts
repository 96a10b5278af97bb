/**
 * The closed list of internal reasons, each with the one public code it is told as.
 * A reason goes to the audit event and the command line; the requester sees only the code, so that
 * an answer never tells which account, issuer, rule or claim would have passed.
 * What each means, and what mends it: `src/cli/reason-help.ts`, printed in `docs/reasons.md`.
 */
export const REASONS = {
  // The request itself.
  body_too_large: "request_malformed",
  body_incomplete: "request_malformed",
  body_not_json: "request_malformed",
  body_schema: "request_malformed",
  content_type_unsupported: "request_malformed",
  content_encoding_unsupported: "request_malformed",
  accept_unsupported: "request_malformed",
  nothing_requested: "request_malformed",

  // Possession of the requested key.
  possession_missing: "possession_failed",
  csr_malformed: "possession_failed",
  csr_signature_invalid: "possession_failed",
  key_unsupported: "possession_failed",
  key_weak: "possession_failed",
  key_is_ours: "possession_failed",
  key_mismatch: "possession_failed",
  dpop_malformed: "possession_failed",
  dpop_signature_invalid: "possession_failed",
  dpop_target_mismatch: "possession_failed",
  dpop_time: "possession_failed",
  dpop_body_mismatch: "possession_failed",
  dpop_replayed: "possession_failed",

  // The evidence: form.
  evidence_malformed: "evidence_rejected",
  evidence_too_large: "evidence_rejected",
  evidence_type_not_configured: "evidence_rejected",
  entry_required: "evidence_rejected",
  encoding_invalid: "evidence_rejected",
  json_malformed: "evidence_rejected",
  json_duplicate_key: "evidence_rejected",
  der_malformed: "evidence_rejected",
  cms_malformed: "evidence_rejected",
  cms_signers: "evidence_rejected",
  cms_attributes: "evidence_rejected",
  cms_digest_mismatch: "evidence_rejected",
  cose_malformed: "evidence_rejected",
  certificate_malformed: "evidence_rejected",
  certificate_chain_invalid: "evidence_rejected",
  jws_malformed: "evidence_rejected",
  jws_header_forbidden: "evidence_rejected",
  jws_type: "evidence_rejected",

  // The evidence: cryptography.
  algorithm_not_allowed: "evidence_rejected",
  key_unknown: "evidence_rejected",
  key_malformed: "evidence_rejected",
  signature_invalid: "evidence_rejected",
  log_proof_invalid: "evidence_rejected",

  // The evidence: claims, time, binding.
  issuer_not_configured: "evidence_rejected",
  tenant_not_configured: "evidence_rejected",
  region_unknown: "evidence_rejected",
  audience_mismatch: "evidence_rejected",
  binding_mismatch: "evidence_rejected",
  claim_missing: "evidence_rejected",
  claim_type: "evidence_rejected",
  claim_value: "evidence_rejected",
  evidence_expired: "evidence_rejected",
  evidence_not_yet_valid: "evidence_rejected",
  evidence_lifetime: "evidence_rejected",
  not_a_workload: "evidence_rejected",
  run_not_allowed: "evidence_rejected",
  debug_mode: "evidence_rejected",

  // First use.
  claim_taken: "evidence_claimed",
  claim_stale: "evidence_claimed",
  claim_too_late: "evidence_claimed",
  claim_banned: "evidence_claimed",
  claim_store_missing: "refused",

  // Policy.
  denied: "refused",
  no_rule_matches: "refused",
  spiffe_id_not_granted: "refused",
  kind_not_granted: "refused",
  template_value_illegal: "refused",
  audience_not_granted: "refused",
  instance_too_old: "refused",

  // The world around us.
  keys_unavailable: "unavailable",
  sts_unavailable: "unavailable",
  signer_unavailable: "unavailable",
  signature_unsound: "unavailable",
  lint_failed: "unavailable",
  store_unavailable: "unavailable",
  audit_unavailable: "unavailable",
  internal_fault: "unavailable",
} as const;

export type Reason = keyof typeof REASONS;
/** The stable `code` of a problem document: one a stage. */
export type ProblemCode = (typeof REASONS)[Reason];
