import * as z from "zod/mini";
import { parseJsonObject, type JsonValue } from "../encoding/json.ts";
import { fail, ok, type Result } from "../result.ts";

/** Limits of `POST /v1/svids`, in bytes of UTF-8 unless said otherwise. */
export const LIMITS = {
  bodyBytes: 65_536,
  /** Pieces of evidence a request. */
  evidence: 4,
  audiences: 16,
  audienceLength: 1_024,
  /** Bytes of the SPIFFE ID (SPIFFE-ID §2.3). */
  spiffeId: 2_048,
  csrLength: 16_384,
  /** A year. What a rule grants is less. */
  ttlSeconds: 31_536_000,
} as const;

/** Not `z.int()`, whose tables of number formats weigh half a KiB in a Worker: for the published contract these are an integer and its bounds. */
export const ttlSeconds = z
  .number()
  .check(
    z.refine(
      (value) => Number.isSafeInteger(value) && value >= 1 && value <= LIMITS.ttlSeconds,
      `must be a whole number from 1 to ${LIMITS.ttlSeconds}`,
    ),
  );
const ttl = z.optional(ttlSeconds);
const csr = z.string().check(z.minLength(1), z.maxLength(LIMITS.csrLength));

/** The body of `POST /v1/svids`. The members of a piece of evidence beside `type` are its attestor's business. */
export const svidRequestSchema = z.strictObject({
  evidence: z
    .array(z.looseObject({ type: z.string().check(z.minLength(1), z.maxLength(64)) }))
    .check(z.minLength(1), z.maxLength(LIMITS.evidence)),
  spiffe_id: z.optional(z.string().check(z.minLength(1), z.maxLength(LIMITS.spiffeId))),
  x509: z.optional(z.strictObject({ csr, ttl_seconds: ttl })),
  jwt: z.optional(
    z.strictObject({
      audience: z
        .array(z.string().check(z.minLength(1), z.maxLength(LIMITS.audienceLength)))
        .check(z.minLength(1), z.maxLength(LIMITS.audiences)),
      ttl_seconds: ttl,
    }),
  ),
  /** Its key is that of its own CSR, else of the one for `x509`, else of the DPoP proof. */
  wit: z.optional(z.strictObject({ csr: z.optional(csr), ttl_seconds: ttl })),
});

export type SvidRequest = z.infer<typeof svidRequestSchema>;
export type EvidenceMember = SvidRequest["evidence"][number];

/** Bytes to a request of the right shape: strict JSON, no unknown members, at least one kind asked for. */
export function parseSvidRequest(body: Uint8Array): Result<SvidRequest> {
  const json = parseJsonObject(body);
  if (!json.ok)
    return fail("body_not_json", json.error.detail ?? json.error.reason.replaceAll("_", " "));
  if (namesPrototype(json.value)) return fail("body_schema", 'unknown member "__proto__"');
  const parsed = svidRequestSchema.safeParse(json.value);
  if (!parsed.success) return fail("body_schema", describeIssues(parsed.error.issues));
  const request = parsed.data;
  if (request.x509 === undefined && request.jwt === undefined && request.wit === undefined) {
    return fail("nothing_requested", "ask for x509, jwt or wit");
  }
  return ok(request);
}

/** Schemas pass this one name over in silence, at any depth; here what is unknown is refused. */
export function namesPrototype(value: JsonValue | undefined): boolean {
  if (typeof value !== "object" || value === null) return false;
  return Object.hasOwn(value, "__proto__") || Object.values(value).some(namesPrototype);
}

/**
 * Paths and expectations only: nothing the requester sent is echoed but the names of unknown members, cut short.
 * @param base where in the body the value stands
 */
export function describeIssues(
  issues: readonly z.core.$ZodIssue[],
  base: readonly PropertyKey[] = [],
): string {
  return issues
    .slice(0, 4)
    .map((issue) => {
      const at = [...base, ...issue.path].map(String).join(".") || "body";
      if (issue.code === "unrecognized_keys")
        return `${at}: unknown member ${issue.keys.map(shown).slice(0, 4).join(", ")}`;
      if (issue.code === "invalid_type") return `${at}: must be ${issue.expected}`;
      if (issue.code === "too_big") return `${at}: at most ${issue.maximum}`;
      if (issue.code === "too_small") return `${at}: at least ${issue.minimum}`;
      return `${at}: ${issue.message}`;
    })
    .join("; ");
}

function shown(name: string): string {
  return /^[\w.-]{1,32}$/.test(name) ? `"${name}"` : "(unprintable)";
}
