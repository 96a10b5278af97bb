import type { Attestation } from "../attestation.ts";
import type { AttestContext, Attestor, Precheck, PrecheckRefusal } from "../attestors/attestor.ts";
import { inOrder, whenReady } from "../encoding/awaitable.ts";
import type { Platform } from "../platform/platform.ts";
import { fail, ok, type Awaitable, type Result } from "../result.ts";
import type { EvidenceRef } from "./audit.ts";
import { describeIssues, type EvidenceMember } from "./request.ts";

/** One piece of evidence, read but not believed. */
export interface OpenedEvidence {
  readonly attestor: Attestor;
  readonly parsed: unknown;
  readonly precheck: Result<Precheck, PrecheckRefusal>;
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
 * Reads every piece, then applies to each the checks that need no key and no network. No I/O. What these refuse is told
 * by `verifyEvidence`, and so after possession: anybody can write evidence that names a tenant, and is not to learn
 * from what else is wrong with his request whether it is one of ours.
 * @returns the first that is not even of its form; nothing of the evidence is verified yet
 */
export function openEvidence(
  attestors: ReadonlyMap<string, Attestor>,
  members: readonly EvidenceMember[],
  context: AttestContext,
): Awaitable<Result<OpenedEvidence[]>> {
  const read: Omit<OpenedEvidence, "precheck">[] = [];
  for (const [index, member] of members.entries()) {
    const attestor = attestors.get(member.type);
    if (attestor === undefined) return fail("evidence_type_not_configured");
    const shape = attestor.evidence.safeParse(member);
    if (!shape.success)
      return fail("body_schema", describeIssues(shape.error.issues, ["evidence", index]));
    const parsed = attestor.parse(shape.data);
    if (!parsed.ok) return parsed;
    read.push({ attestor, parsed: parsed.value });
  }
  return inOrder(read, ({ attestor, parsed }) =>
    whenReady(attestor.precheck(parsed, context), (precheck) => ok({ attestor, parsed, precheck })),
  );
}

/** Verifies every piece; one that does not verify refuses all. This is where published keys may be fetched. */
export function verifyEvidence(
  opened: readonly OpenedEvidence[],
  context: AttestContext,
): Awaitable<Result<Attestation[]>> {
  for (const { precheck } of opened) if (!precheck.ok) return precheck;
  const names = new Set<string>();
  return inOrder(opened, ({ attestor, parsed, precheck }) => {
    if (!precheck.ok) return precheck;
    const { name } = precheck.value;
    // Told once the first is known to be genuine; the network is not asked about the second.
    if (names.has(name)) return fail("body_schema", "a second piece of the same name");
    names.add(name);
    return whenReady(attestor.verify(parsed, context), (verified) =>
      verified.ok && verified.value.name !== name
        ? fail("claim_value", "another name than before")
        : verified,
    );
  });
}
