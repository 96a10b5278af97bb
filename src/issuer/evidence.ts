import type { Attestation } from "../attestation.ts";
import type { AttestContext, Attestor, Precheck } from "../attestors/attestor.ts";
import { inOrder, whenReady } from "../encoding/awaitable.ts";
import type { Platform } from "../platform/platform.ts";
import { fail, ok, type Awaitable, type Result } from "../result.ts";
import type { EvidenceRef } from "./audit.ts";
import { describeIssues, type EvidenceMember } from "./request.ts";

/** One piece of evidence, read but not believed. */
export interface OpenedEvidence {
  readonly attestor: Attestor;
  readonly parsed: unknown;
  readonly precheck: Precheck;
}

/** What a log may know of a piece of evidence before anything of it is believed. */
export function evidenceRef(
  platform: Platform,
  member: EvidenceMember,
  configured: boolean,
): Awaitable<EvidenceRef> {
  return whenReady(platform.digestText("SHA-256", handedIn(member), "hex"), (sha256) => ({
    name: configured ? member.type : "(not configured)",
    sha256,
  }));
}

/** The one text that most kinds of evidence are, beside their type; else all members but that. */
function handedIn(member: EvidenceMember): string {
  let only: unknown;
  let members = 0;
  for (const name of Object.keys(member)) {
    if (name === "type") continue;
    only = member[name];
    members++;
  }
  if (members === 1 && typeof only === "string") return only;
  const { type: _, ...rest } = member;
  return JSON.stringify(rest);
}

/**
 * Reads every piece and applies the checks that need no key and no network. No I/O.
 * @returns the first failure; nothing of the evidence is verified yet
 */
export function openEvidence(
  attestors: ReadonlyMap<string, Attestor>,
  members: readonly EvidenceMember[],
  context: AttestContext,
): Awaitable<Result<OpenedEvidence[]>> {
  const names = new Set<string>();
  return inOrder(members, (member, index) =>
    whenReady(openOne(attestors, member, index, context), (one) => {
      if (!one.ok) return one;
      if (names.has(one.value.precheck.name))
        return fail("body_schema", `evidence.${index}: a second piece of the same name`);
      names.add(one.value.precheck.name);
      return one;
    }),
  );
}

function openOne(
  attestors: ReadonlyMap<string, Attestor>,
  member: EvidenceMember,
  index: number,
  context: AttestContext,
): Awaitable<Result<OpenedEvidence>> {
  const attestor = attestors.get(member.type);
  if (attestor === undefined) return fail("evidence_type_not_configured");
  const shape = attestor.evidence.safeParse(member);
  if (!shape.success)
    return fail("body_schema", describeIssues(shape.error.issues, ["evidence", index]));
  const parsed = attestor.parse(shape.data);
  if (!parsed.ok) return parsed;
  return whenReady(attestor.precheck(parsed.value, context), (precheck) =>
    precheck.ok ? ok({ attestor, parsed: parsed.value, precheck: precheck.value }) : precheck,
  );
}

/** Verifies every piece; one that does not verify refuses all. This is where published keys may be fetched. */
export function verifyEvidence(
  opened: readonly OpenedEvidence[],
  context: AttestContext,
): Awaitable<Result<Attestation[]>> {
  return inOrder(opened, ({ attestor, parsed, precheck }) =>
    whenReady(attestor.verify(parsed, context), (verified) =>
      verified.ok && verified.value.name !== precheck.name
        ? fail("claim_value", "verified under another name than prechecked")
        : verified,
    ),
  );
}
