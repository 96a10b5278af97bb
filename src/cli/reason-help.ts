import type { ProblemCode, Reason } from "../reasons.ts";
import { EVIDENCE_HELP, type ReasonHelp } from "./reason-help-evidence.ts";

/** What the requester sees of a stage. */
export const CODE_HELP: Readonly<Record<ProblemCode, { status: string; means: string }>> = {
  request_malformed: {
    status: "400, 413, 415",
    means: "the request is not one that the API takes; nothing of it was judged",
  },
  possession_failed: {
    status: "400",
    means: "the requester did not prove that it holds the private key of the key it asks for",
  },
  evidence_rejected: {
    status: "403",
    means: "the evidence is not believed; the answer is the same whatever was wrong with it",
  },
  evidence_claimed: {
    status: "409",
    means: "the evidence is genuine, but belongs to another key or may no longer be claimed",
  },
  refused: {
    status: "403",
    means: "the evidence is believed, but policy gives nothing for it; no answer tells why",
  },
  unavailable: {
    status: "503, with Retry-After",
    means: "something that svidmint depends on failed; nothing was issued; try again",
  },
};

/** A reason without an entry does not compile. */
export const REASON_HELP: Readonly<Record<Reason, ReasonHelp>> = {
  body_too_large: {
    means: "the body has more bytes than the API reads (64 KiB)",
    fix: "send one request per workload, with at most four pieces of evidence, and no certificate chains in the CSR",
  },
  body_incomplete: {
    means: "the connection ended before the whole body had come",
    fix: "if clients of yours do not give up by themselves, look for a proxy between them and svidmint that cuts requests short",
  },
  body_not_json: {
    means:
      "the body is not strict JSON: a syntax error, invalid UTF-8, a byte order mark, a name given twice in one object, or an array or a value where an object must be",
    fix: "print the body with a JSON library and send it as UTF-8; in a shell, write line breaks of a PEM text as \\n",
  },
  body_schema: {
    means: "a member is missing, unknown, of the wrong type or out of range; the detail names it",
    fix: "compare the request with /openapi.json; unknown members are refused, so look for a misspelt name",
  },
  content_type_unsupported: {
    means: "the request does not say that its body is JSON",
    fix: "send the header Content-Type: application/json",
  },
  content_encoding_unsupported: {
    means: "the body is compressed, and svidmint decompresses nothing",
    fix: "send the body as it is, without a Content-Encoding header",
  },
  accept_unsupported: {
    means: "none of the media types of the Accept header can be served",
    fix: "accept application/json, application/jwt or application/pem-certificate-chain, or leave the header out",
  },
  nothing_requested: {
    means: "the request asks for no SVID, or Accept names a kind that the body does not ask for",
    fix: "add x509 with a csr, jwt with an audience, or wit",
  },

  possession_missing: {
    means:
      "what is asked for needs a proof of the key, and there is none: no CSR and no DPoP header",
    fix: "send x509.csr or wit.csr, and for jwt on key-bound or claimed evidence a DPoP header (svidmint dpop prints one)",
  },
  csr_malformed: {
    means: "the CSR is not one PEM block with a well-formed PKCS#10 request",
    fix: "make it with svidmint key new or openssl req -new; send exactly one CERTIFICATE REQUEST block",
  },
  csr_signature_invalid: {
    means: "the CSR's own signature does not verify with the key in it",
    fix: "make the CSR anew with the private key; it was altered, or made with another key",
  },
  key_unsupported: {
    means: "the key is of a kind that svidmint does not certify",
    fix: "use P-256, P-384, RSA of 2048 to 4096 bits with exponent 65537, or Ed25519 where the rule's x509.key_types allows it; a WIT-SVID is never for Ed25519",
  },
  key_weak: {
    means:
      "the key has a known weakness: too short, a bad exponent, small or close prime factors, or a known bad generator",
    fix: "generate a new key (svidmint key new), and look at how this one was made",
  },
  key_is_ours: {
    means: "the requested key is one of the issuer's own signing keys",
    fix: "use a key of the workload; if the requester could sign with the issuer's key, treat that key as stolen",
  },
  key_mismatch: {
    means: "CSR, DPoP proof and evidence of the request do not all name one key",
    fix: "make the evidence for S of the very key of the CSR, and sign the DPoP proof with that key",
  },
  dpop_malformed: {
    means:
      "the DPoP header is not a well-formed proof: wrong typ, a forbidden algorithm, a private or missing jwk, or claims missing or of the wrong type",
    fix: "send one header as svidmint dpop prints it: typ dpop+jwt, the public jwk, and htm, htu, iat, jti, body_sha256",
  },
  dpop_signature_invalid: {
    means: "the DPoP proof's signature does not verify with the key in its header",
    fix: "sign with the private key that belongs to the jwk in the header",
  },
  dpop_target_mismatch: {
    means: "the proof was made for another method or URL",
    fix: "set htm to POST and htu to <issuer>/v1/svids with the issuer URL as it stands in the configuration",
  },
  dpop_time: {
    means: "the proof's iat is more than 60 s away from the issuer's clock",
    fix: "sign a new proof for each attempt, and set the clocks of both machines by NTP",
  },
  dpop_body_mismatch: {
    means:
      "the proof was made for another body: body_sha256 is not the SHA-256 of the bytes received",
    fix: "hash exactly the bytes that are sent (curl needs --data-binary), and sign again after every change",
  },
  dpop_replayed: {
    means: "a proof with this jti was already used within the last minutes",
    fix: "sign a new proof for each attempt; if the client did, somebody else has replayed its request",
  },

  ...EVIDENCE_HELP,

  claim_taken: {
    means: "another key used this evidence first and owns it; an alarm event names both keys",
    fix: "if the workload lost its key: svidmint claims assign KEY THUMBPRINT; else find out who had a copy of the evidence",
  },
  claim_stale: {
    means:
      "a later life of the same machine has already been claimed; this evidence is of an earlier one",
    fix: "fetch the document anew; an old copy is worth nothing",
  },
  claim_too_late: {
    means:
      "the evidence was first presented longer after the machine's start than first_claim_within allows",
    fix: "stop and start the machine, or svidmint claims assign KEY THUMBPRINT; raise first_claim_within only with care",
  },
  claim_banned: {
    means: "an operator banned this evidence",
    fix: "svidmint claims assign or claims release lifts the ban",
  },
  claim_store_missing: {
    means:
      "evidence that names neither a key nor this issuer needs a claim store, and none is configured",
    fix: "add claims: to the configuration (store: file on one instance), or join the evidence to a key-bound one",
  },

  denied: {
    means:
      "the deny list of the configuration names this workload, or a claim that its evidence has in a form which cannot be compared (svidmint attest shows it)",
    fix: "remove the entry under deny: if the workload may have an identity again; an entry that is not about this evidence needs evidence: of its own",
  },
  no_rule_matches: {
    means: "no rule fits the evidence, its claims, joins and binding",
    fix: "svidmint policy explain tells for each rule why not",
  },
  spiffe_id_not_granted: {
    means: "rules fit, but none gives the SPIFFE ID that was asked for",
    fix: "leave spiffe_id out to get the first rule's, or compare it with svidmint policy explain",
  },
  kind_not_granted: {
    means: "the deciding rule does not give one of the kinds asked for",
    fix: "add x509:, jwt: or wit: to the rule, or ask only for what it gives",
  },
  template_value_illegal: {
    means:
      "a claim that the rule's spiffe_id uses is absent or is not one legal path segment (letters, digits, dot, hyphen, underscore)",
    fix: "use another claim in the template; values are never escaped or cut",
  },
  audience_not_granted: {
    means:
      "the deciding rule does not give this audience, or not several at once; or it ends in /jkt/ and a key that this request did not prove",
    fix: "add the audience to jwt.audiences of the rule, exactly as the verifier expects it; for a peer's issuer, the peer to jwt.exchange_to, and send the CSR or DPoP proof of the key whose thumbprint the audience ends in",
  },
  instance_too_old: {
    means: "the machine started longer ago than the rule's max_instance_age",
    fix: "replace the machine, or raise max_instance_age",
  },

  keys_unavailable: {
    means:
      "the published keys of a provider could not be fetched and none are cached, or no bundle of the SVID's trust domain is held",
    fix: "check that the issuer reaches what the detail names (svidmint doctor --evidence asks all), or pin the keys with jwks: file:…; SVIDs of this issuer are judged by a running one alone, since svidmint attest holds no keys of it; svidmint verify needs --bundle or --bundles of the SVID's trust domain",
  },
  sts_unavailable: {
    means:
      "AWS STS could not be asked who signed the evidence, or gave an answer that is none; the detail says which, or that too many asked at once",
    fix: "check that the issuer reaches sts.<region>.amazonaws.com without a proxy that answers for it; clients may use another region, or aws_web_identity, which needs no call",
  },
  signer_unavailable: {
    means:
      "the key service did not sign, decrypt or certify: unreachable, denied, throttled or too slow; or the certificate of the key has ended",
    fix: "check the key service's status and the permissions of the issuer's own identity",
  },
  signature_unsound: {
    means:
      "the key service or CA answered with what is not right: a signature that does not verify with the configured public key, a chain that does not lead to the configured certificate or could not carry an SVID, a wrapped key that does not open or is another; the detail says which",
    fix: "check that key, certificate, public_key and wrapped_key of the entry under keys: belong together; alarm the key's owner",
  },
  lint_failed: {
    means: "the certificate or token about to be signed broke its profile, and was not signed",
    fix: "this is a defect of svidmint: report it with the request_id's audit event",
  },
  store_unavailable: {
    means: "the claim store did not answer or refused",
    fix: "check the store and the permissions on it; for the file store, free disk space and the lock",
  },
  audit_unavailable: {
    means: "the audit event could not be written, so nothing was signed",
    fix: "standard error and svidmint_audit_write_failures_total tell of it, since the log cannot: free disk space, and check that whatever reads the log keeps up",
  },
  internal_fault: {
    means: "svidmint met a state that it does not expect, and gave nothing",
    fix: "this is a defect of svidmint: report it with the line of its log that has the same request_id",
  },
};
