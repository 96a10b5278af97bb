import { REASONS, type ProblemCode, type Reason } from "../reasons.ts";
import type { Failure } from "../result.ts";
import type { Answer } from "./answer.ts";

const STATUS: Readonly<Record<ProblemCode, number>> = {
  request_malformed: 400,
  possession_failed: 400,
  evidence_rejected: 403,
  evidence_claimed: 409,
  refused: 403,
  unavailable: 503,
};

const SPECIAL_STATUS: Partial<Record<Reason, number>> = {
  body_too_large: 413,
  content_type_unsupported: 415,
  content_encoding_unsupported: 415,
};

const TITLE: Readonly<Record<ProblemCode, string>> = {
  request_malformed: "The request is malformed",
  possession_failed: "Possession of the key is not proved",
  evidence_rejected: "The evidence is not accepted",
  evidence_claimed: "The evidence belongs to another key",
  refused: "No identity for this evidence and request",
  unavailable: "Temporarily unavailable",
};

/** One sentence for the later stages, whatever the reason: the answer must not tell what would have passed. */
const DETAIL: Partial<Record<ProblemCode, string>> = {
  evidence_rejected:
    "the audit log of the issuer names the reason under this request_id; so does svidmint attest",
  evidence_claimed: "another key used it first; an operator can look with svidmint claims show",
  refused:
    "the audit log of the issuer names the reason under this request_id; so does svidmint policy explain",
  unavailable: "try again after the seconds that Retry-After names",
};

const RETRY_AFTER_SECONDS = 5;

/** RFC 9457 problem document with our stable `code`. Only the two first stages, which judge nothing but the request's own form, say more. */
export function problemOf(failure: Failure, requestId: string): Answer {
  const code = REASONS[failure.reason];
  const status = SPECIAL_STATUS[failure.reason] ?? STATUS[code];
  const words = failure.reason.replaceAll("_", " ");
  const told = failure.detail ?? words;
  // The details of proofs are names of their parts, which may be missing, wrong or late.
  const own = code === "possession_failed" && told !== words ? `${words}: ${told}` : told;
  return problem(status, code, requestId, DETAIL[code] ?? own);
}

export function problem(
  status: number,
  code: ProblemCode,
  requestId: string,
  detail: string,
): Answer {
  const body = JSON.stringify({
    type: `urn:svidmint:problem:${code}`,
    title: TITLE[code],
    status,
    code,
    detail,
    request_id: requestId,
  });
  const headers: Record<string, string> = {
    "content-type": "application/problem+json",
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
  };
  if (status === 503) headers["retry-after"] = String(RETRY_AFTER_SECONDS);
  return { status, headers, body };
}
