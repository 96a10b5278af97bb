import type { Attestation } from "../attestation.ts";
import type { AttestContext, Attestor, Precheck } from "../attestors/attestor.ts";
import { toHex, utf8Encode } from "../encoding/bytes.ts";
import type { Platform } from "../platform/platform.ts";
import { fail, ok, type Result } from "../result.ts";
import type { EvidenceRef } from "./audit.ts";
import { describeIssues, type EvidenceMember } from "./request.ts";

/** One piece of evidence, read but not believed. */
export interface OpenedEvidence {
  readonly attestor: Attestor;
  readonly parsed: unknown;
  readonly precheck: Precheck;
}

/** What a log may know of a piece of evidence before anything of it is believed. */
export async function evidenceRef(
  platform: Platform,
  member: EvidenceMember,
  configured: boolean,
): Promise<EvidenceRef> {
  const { type, ...rest } = member;
  const values = Object.values(rest);
  const only = values.length === 1 ? values[0] : undefined;
  const digest = await platform.digest(
    "SHA-256",
    utf8Encode(typeof only === "string" ? only : JSON.stringify(rest)),
  );
  return { name: configured ? type : "(not configured)", sha256: toHex(digest) };
}

/**
 * Reads every piece and applies the checks that need no key and no network. No I/O.
 * @returns the first failure; nothing of the evidence is verified yet
 */
export async function openEvidence(
  attestors: ReadonlyMap<string, Attestor>,
  members: readonly EvidenceMember[],
  context: AttestContext,
): Promise<Result<OpenedEvidence[]>> {
  const opened: OpenedEvidence[] = [];
  for (const [index, member] of members.entries()) {
    const one = await openOne(attestors, member, index, context); // oxlint-disable-line no-await-in-loop -- cheap first, in order
    if (!one.ok) return one;
    if (opened.some((other) => other.precheck.name === one.value.precheck.name)) {
      return fail("body_schema", `evidence.${index}: a second piece of the same name`);
    }
    opened.push(one.value);
  }
  return ok(opened);
}

async function openOne(
  attestors: ReadonlyMap<string, Attestor>,
  member: EvidenceMember,
  index: number,
  context: AttestContext,
): Promise<Result<OpenedEvidence>> {
  const attestor = attestors.get(member.type);
  if (attestor === undefined) return fail("evidence_type_not_configured");
  const shape = attestor.evidence.safeParse(member);
  if (!shape.success)
    return fail("body_schema", `evidence.${index}: ${describeIssues(shape.error.issues)}`);
  const parsed = attestor.parse(shape.data);
  if (!parsed.ok) return parsed;
  const precheck = await attestor.precheck(parsed.value, context);
  if (!precheck.ok) return precheck;
  return ok({ attestor, parsed: parsed.value, precheck: precheck.value });
}

/** Verifies every piece; one that does not verify refuses all. This is where published keys may be fetched. */
export async function verifyEvidence(
  opened: readonly OpenedEvidence[],
  context: AttestContext,
): Promise<Result<Attestation[]>> {
  const attestations: Attestation[] = [];
  for (const { attestor, parsed, precheck } of opened) {
    const verified = await attestor.verify(parsed, context); // oxlint-disable-line no-await-in-loop -- one failure spares the next fetch
    if (!verified.ok) return verified;
    if (verified.value.name !== precheck.name)
      return fail("claim_value", "verified under another name than prechecked");
    attestations.push(verified.value);
  }
  return ok(attestations);
}
