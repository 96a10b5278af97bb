import type { Reason } from "../reasons.ts";

/** What an operator needs to know of one reason: printed by the command line and in `docs/reasons.md`. */
export interface ReasonHelp {
  readonly means: string;
  readonly fix: string;
}

/** The reasons for which evidence is not believed. */
export const EVIDENCE_HELP = {
  evidence_malformed: {
    means:
      "a piece of evidence lacks a member, has two forms at once, or is not what its type says",
    fix: "send the members that the evidence type's page in docs/ names, as the cloud returned them",
  },
  evidence_too_large: {
    means: "a token or document is longer than its type may be (16 KiB, a Sigstore bundle 48 KiB)",
    fix: "send what the metadata service returned and nothing around it",
  },
  evidence_type_not_configured: {
    means: "no attestor is on for this evidence type",
    fix: "add the type under evidence: in the configuration, or send a type that is there",
  },
  entry_required: {
    means:
      "several configured entries may be meant (oidc: those with this token's issuer), and the evidence does not say which",
    fix: 'add "entry": "<name under evidence.oidc or evidence.x509_pop>" to the evidence',
  },
  encoding_invalid: {
    means: "base64 or base64url that is not canonical: wrong alphabet, padding, or trailing bits",
    fix: "send the text as the cloud returned it; do not re-encode, trim or wrap it",
  },
  json_malformed: {
    means: "JSON inside the evidence is not well formed or nests too deeply",
    fix: "the evidence was altered or is not from the cloud it claims; fetch it anew",
  },
  json_duplicate_key: {
    means:
      "JSON inside the evidence has one name twice in an object, so that two readers could see different values",
    fix: "no provider writes this; treat it as an attack and look at where the evidence came from",
  },
  der_malformed: {
    means:
      "the bytes are not the strict encoding (DER, or the BER that AWS writes) of one structure",
    fix: "send the document as the metadata service returned it, whole and without armour lines",
  },
  cms_malformed: {
    means:
      "the PKCS#7 structure lacks parts that a signed document has, or has parts that it may not have",
    fix: "send the rsa2048 form for AWS; the pkcs7 form (DSA) is never accepted",
  },
  cms_signers: {
    means:
      "the PKCS#7 structure does not have exactly one signer, or its signer is not one that may sign",
    fix: "no provider writes this; treat it as an attempt to smuggle in a second signature",
  },
  cms_attributes: {
    means: "the signed attributes are missing, repeated, out of order or of the wrong type",
    fix: "fetch the document anew; if it stays so, the document was assembled by somebody else",
  },
  cms_digest_mismatch: {
    means: "the content is not the content that was signed",
    fix: "the document was altered or replaced; fetch it anew on the machine itself",
  },
  cose_malformed: {
    means:
      "the document is not one strict COSE_Sign1 structure: bytes after it, a key twice, a header with anything but ES384",
    fix: "send the document as the Nitro device gave it, in base64; nothing else has this form",
  },
  certificate_malformed: {
    means: "a certificate is not well formed",
    fix: "check it with svidmint inspect; send PEM as it was issued",
  },
  certificate_chain_invalid: {
    means: "no valid chain leads from the certificate to a configured authority at this time",
    fix: "check validity, intermediates and the CA files in the configuration with svidmint inspect",
  },
  jws_malformed: {
    means:
      "the token is not a compact JWS: not three canonical base64url parts with JSON in the first two",
    fix: "send the token alone: no Bearer prefix, no quotes, no line break",
  },
  jws_header_forbidden: {
    means:
      "the token's header has crit, b64 or another member that would change how it is verified",
    fix: "no supported provider sends this; look at where the token came from",
  },
  jws_type: {
    means: "the token's typ is not one that this evidence type has",
    fix: "send the token kind that the evidence type's page in docs/ names; an ID token is not an access token",
  },

  algorithm_not_allowed: {
    means:
      "the signature algorithm is not one that this issuer is known to use; none and HMAC never are",
    fix: "use the evidence form that the docs name; for a plain oidc entry, check the algorithms of its keys",
  },
  key_unknown: {
    means: "no published or configured key has the id that the token or document names",
    fix: "check that jwks or the issuer in the configuration is the right one; a pinned file must be renewed when the provider rotates",
  },
  key_malformed: {
    means: "a public key is not well formed or not on its curve",
    fix: "if it is in a configured JWKS or certificate, replace that file; if in the evidence, fetch the evidence anew",
  },
  signature_invalid: {
    means: "the signature does not verify with the key that must have made it",
    fix: "the evidence was altered, belongs to another region or tenant, or the pinned key is the wrong one",
  },
  log_proof_invalid: {
    means:
      "a bundle's proof that a transparency log holds its signature, or its proof of time, does not verify",
    fix: "attest the build anew with a public log, and see whether trusted_root is older than the log's key: docs/attestors/sigstore.md says how to refresh it",
  },

  issuer_not_configured: {
    means: "the token's issuer is none of the configured ones",
    fix: "compare iss (svidmint inspect) with the configuration, character by character; trailing slashes count",
  },
  tenant_not_configured: {
    means:
      "the evidence is of an account, project, tenant or customer that evidence: does not list",
    fix: "add it under evidence: if it is yours; else somebody else's workload is knocking",
  },
  region_unknown: {
    means: "no key is known for the region that the document names",
    fix: "update svidmint, or add the region's certificate to the attestor's configuration",
  },
  audience_mismatch: {
    means:
      "the evidence was not made for this issuer: its audience is another, or not exactly one value",
    fix: "ask the cloud for a token whose audience is S (svidmint key new prints it), or set audience in the configuration",
  },
  binding_mismatch: {
    means: "the evidence names another key than the one whose possession was proved",
    fix: "fetch the evidence for S of the key in the CSR; if the client did, the evidence is being used by somebody else",
  },
  claim_missing: {
    means: "a claim is absent that this evidence type always has",
    fix: "ask for the full form (for Google: format=full; for Buildkite: --claim), and check the kind of machine it came from",
  },
  claim_type: {
    means: "a claim has another JSON type than this evidence type gives it",
    fix: "no provider writes this; look at where the evidence came from",
  },
  claim_value: {
    means: "a claim has a value that it cannot have",
    fix: "the detail names the claim; compare it with the evidence type's page in docs/",
  },
  evidence_expired: {
    means: "the evidence is over, beyond the leeway of 60 s",
    fix: "fetch it anew shortly before each request, or renew the certificate that it is; check the clocks",
  },
  evidence_not_yet_valid: {
    means: "the evidence begins in the future, beyond the leeway of 60 s",
    fix: "set the clocks of the issuer and the requester by NTP",
  },
  evidence_lifetime: {
    means: "the token lives longer than its entry admits",
    fix: "ask for a shorter token, or raise max_lifetime of the entry (at most 24 h)",
  },
  not_a_workload: {
    means:
      "the token is genuine, but a person's or an application's, not a machine's or a service account's",
    fix: "fetch the evidence from the metadata service of the workload, not with a user's login",
  },
  run_not_allowed: {
    means:
      "the token is of a job that its preset does not believe: one that strangers can start, whose code nobody has reviewed, or that a person is inside of",
    fix: "the detail names the claim; if you mean such jobs, add its value to the entry's allow_… list, where the preset has one, and state it in the rules: see the preset's page in docs/attestors/oidc/",
  },
  debug_mode: {
    means:
      "the evidence is genuine, but its enclave or machine runs in a debug mode, in which whoever operates it sees and changes everything",
    fix: "start the workload without debug mode; for trials set allow_debug, and name the debug kind in a rule",
  },
} satisfies Partial<Record<Reason, ReasonHelp>>;
