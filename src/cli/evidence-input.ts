import type { Attestation } from "../attestation.ts";
import type { Attestor } from "../attestors/attestor.ts";
import { parseJson } from "../encoding/json.ts";
import { tooLarge } from "../handlers/body.ts";
import { openEvidence, verifyEvidence } from "../issuer/evidence.ts";
import {
  describeIssues,
  LIMITS,
  namesPrototype,
  svidRequestSchema,
  type EvidenceMember,
} from "../issuer/request.ts";
import { fail, ok, type Result } from "../result.ts";
import { readUpTo } from "./files.ts";

/** Of a file or standard input, of whatever length. @throws CommandError (2) where there is none */
export async function readEvidence(path: string | undefined): Promise<Result<EvidenceMember[]>> {
  const bytes = await readUpTo(path, LIMITS.bodyBytes);
  return bytes === undefined ? tooLarge(LIMITS.bodyBytes) : parseEvidence(bytes);
}

/**
 * One `evidence` member or an array of them, under the rules of a request's body: strict JSON, the same limits.
 * @returns `body_too_large` | `body_not_json` | `body_schema`
 */
export function parseEvidence(bytes: Uint8Array): Result<EvidenceMember[]> {
  if (bytes.length > LIMITS.bodyBytes) return tooLarge(LIMITS.bodyBytes);
  const json = parseJson(bytes);
  if (!json.ok)
    return fail("body_not_json", json.error.detail ?? json.error.reason.replaceAll("_", " "));
  if (namesPrototype(json.value)) return fail("body_schema", 'unknown member "__proto__"');
  const list: unknown = Array.isArray(json.value) ? json.value : [json.value];
  const parsed = svidRequestSchema.shape.evidence.safeParse(list);
  return parsed.success
    ? ok(parsed.data)
    : fail("body_schema", describeIssues(parsed.error.issues, ["evidence"]));
}

export interface Judged {
  readonly attestations: readonly Attestation[];
  /** The key that was taken as proved, where evidence names one. */
  readonly jkt?: string;
  /** It was not given: the key that the evidence names was taken at its word. */
  readonly assumed: boolean;
}

/**
 * Verifies evidence as the issuer would, at a moment of the caller's choice and without a proof of possession:
 * evidence that names a key is judged as if that key had been proved, unless another is given.
 */
export async function judgeEvidence(
  attestors: ReadonlyMap<string, Attestor>,
  members: readonly EvidenceMember[],
  { now, jkt: given }: { readonly now: number; readonly jkt?: string | undefined },
): Promise<Result<Judged>> {
  const opened = await openEvidence(attestors, members, { now });
  if (!opened.ok) return opened;
  const named = new Set(
    opened.value.flatMap(({ precheck }) => (precheck.ok ? (precheck.value.jkt ?? []) : [])),
  );
  if (named.size > 1) return fail("key_mismatch", "the pieces of evidence name different keys");
  const [first] = named;
  const jkt = given ?? first;
  const verified = await verifyEvidence(opened.value, jkt === undefined ? { now } : { now, jkt });
  if (!verified.ok) return verified;
  return ok({
    attestations: verified.value,
    ...(jkt === undefined ? {} : { jkt }),
    assumed: given === undefined && first !== undefined,
  });
}
