import type { Attestation } from "../attestation.ts";
import { inStep } from "../encoding/awaitable.ts";
import { match, type Decision } from "../policy/match.ts";
import { type Awaitable, fail, ok, type Result } from "../result.ts";
import type { ClaimStore } from "../stores/claim-store.ts";
import { evidenceRef, openEvidence, type OpenedEvidence, verifyEvidence } from "./evidence.ts";
import { claimAll, type ClaimConflict, type HeldClaims } from "./first-use.ts";
import { checkGrants } from "./grant-check.ts";
import { provePossession, type Possession } from "./possession.ts";
import { parseSvidRequest, type SvidRequest } from "./request.ts";
import { prepareSvids, recordAndSign, type IssuedSvids } from "./sign.ts";
import type { Snapshot } from "./snapshot.ts";
import type { RequestTrail } from "./trail.ts";

export interface IncomingRequest {
  readonly body: Uint8Array;
  /** The `DPoP` header. */
  readonly dpop: string | null;
  /** The kind that the answer is to be written as, where it is to be only one. */
  readonly only?: "x509" | "jwt" | undefined;
}

/**
 * One request, from its bytes to its SVIDs, over one snapshot of configuration and keys. The order is the defence:
 * what is cheap and local first, the network only for evidence that can be right, policy before the claim store,
 * the record before the signature. A request that is refused costs no signature.
 */
export async function issueSvids(
  snapshot: Snapshot,
  incoming: IncomingRequest,
  trail: RequestTrail,
): Promise<Result<IssuedSvids>> {
  const request = parseSvidRequest(incoming.body);
  if (!request.ok) return request;
  if (incoming.only !== undefined && request.value[incoming.only] === undefined) {
    return fail("accept_unsupported", `accept asks for ${incoming.only} alone, the body does not`);
  }
  await inStep;
  const { now } = trail;
  for (const member of request.value.evidence) {
    const ref = evidenceRef(snapshot.platform, member, snapshot.attestors.has(member.type));
    trail.evidence.push(ref instanceof Promise ? await ref : ref); // oxlint-disable-line no-await-in-loop -- at most four
  }
  await inStep;
  const opening = openEvidence(snapshot.attestors, request.value.evidence, { now });
  const opened = opening instanceof Promise ? await opening : opening;
  if (!opened.ok) return opened;
  await inStep;
  const possession = await provePossession(request.value, namedKeys(opened.value), {
    platform: snapshot.platform,
    now,
    target: snapshot.endpoint,
    ours: snapshot.keys.thumbprints,
    dpop: incoming.dpop,
    body: incoming.body,
  });
  if (!possession.ok) return possession;
  trail.key = possession.value.owner;

  const { owner } = possession.value;
  const attestations = await verifyEvidence(
    opened.value,
    owner === undefined ? { now } : { now, jkt: owner },
  );
  if (!attestations.ok) return attestations;
  for (const [index, { name, bundle }] of attestations.value.entries()) {
    const sha256 = trail.evidence[index]?.sha256 ?? "";
    trail.evidence[index] = { name, sha256, bundle };
  }

  const wanted = request.value.spiffe_id;
  const decision = match(
    snapshot.policy,
    attestations.value,
    wanted === undefined ? { now } : { now, spiffeId: wanted },
  );
  const decided = decision.ok ? decision.value : decision.error;
  trail.rule = decided.rule;
  trail.auditRules = decided.auditRules;
  if (!decision.ok) return decision;
  const granted = checkGrants(request.value, decision.value, possession.value, attestations.value);
  if (!granted.ok) return granted;

  const claiming = claim(snapshot, decision.value, possession.value, trail);
  const held = claiming instanceof Promise ? await claiming : claiming;
  if (!held.ok) return held;
  const { signatures, result } = await sign(
    snapshot,
    request.value,
    decision.value,
    possession.value,
    trail,
    firstEnd(attestations.value),
  );
  // What was claimed for nothing is free again; once something is signed, the claim stands, and a retry is its owner's.
  if (!result.ok && signatures === 0) await held.value?.release();
  return result;
}

/** Of the pieces that name one: undefined where which one it is shows only when they are verified. */
function namedKeys(opened: readonly OpenedEvidence[]): readonly (string | undefined)[] {
  const named: (string | undefined)[] = [];
  for (const { precheck } of opened) {
    const { jkt, namesKey = jkt !== undefined } = precheck.ok ? precheck.value : precheck.error;
    if (namesKey) named.push(jkt);
  }
  return named;
}

/** The first end that evidence sets for what is issued on it. Unix seconds; `Infinity` where none does. */
function firstEnd(attestations: readonly Attestation[]): number {
  let end = Infinity;
  for (const { svidNotAfter = Infinity } of attestations)
    if (svidNotAfter < end) end = svidNotAfter;
  return end;
}

async function sign(
  snapshot: Snapshot,
  request: SvidRequest,
  decision: Decision,
  possession: Possession,
  trail: RequestTrail,
  latestEnd: number,
): ReturnType<typeof recordAndSign> {
  try {
    const svids = await prepareSvids(snapshot, request, decision, possession, trail, latestEnd);
    return svids.ok
      ? await recordAndSign(snapshot, svids.value, trail)
      : { result: svids, signatures: 0 };
  } catch (error) {
    return { result: trail.fault(error), signatures: 0 };
  }
}

function claim(
  snapshot: Snapshot,
  decision: Decision,
  possession: Possession,
  trail: RequestTrail,
): Awaitable<Result<HeldClaims | undefined>> {
  const { owner } = possession;
  if (decision.claims.length === 0 || owner === undefined) return ok(undefined);
  return snapshot.store === undefined
    ? fail("claim_store_missing")
    : claimIn(snapshot.store, owner, snapshot, decision, possession, trail);
}

async function claimIn(
  store: ClaimStore,
  owner: string,
  snapshot: Snapshot,
  decision: Decision,
  { dpop }: Possession,
  trail: RequestTrail,
): Promise<Result<HeldClaims | undefined>> {
  const held = await claimAll(decision.claims, {
    platform: snapshot.platform,
    store,
    now: trail.now,
    trustDomain: snapshot.trustDomain,
    requestId: trail.requestId,
    owner,
    ...(dpop && { jti: dpop.jti }),
  });
  if (!held.ok && held.error.conflict !== undefined)
    await alarmTaken(held.error.conflict, owner, trail);
  return held;
}

function alarmTaken(
  { claim: key, owners }: ClaimConflict,
  claimant: string,
  trail: RequestTrail,
): Awaitable<void> {
  return trail.alarm({ alarm: "claim_taken", claim: key, owners, claimant });
}
