import { toHex, utf8Encode } from "../encoding/bytes.ts";
import type { Platform } from "../platform/platform.ts";
import type { ClaimDemand } from "../policy/match.ts";
import { fail, ok, type Failure, type Result } from "../result.ts";
import type { ClaimAnswer, ClaimStore } from "../stores/claim-store.ts";

/** How long a claim on evidence that never ends outlives its last renewal, in seconds. */
const ENDLESS_CLAIM_SECONDS = 30 * 86_400;
/** A DPoP proof is accepted from 60 s before its `iat` to 60 s after it, both seconds included. */
const PROOF_TTL_SECONDS = 121;
const LEEWAY_SECONDS = 60;

export interface ClaimContext {
  readonly platform: Platform;
  readonly store: ClaimStore;
  readonly now: number;
  readonly trustDomain: string;
  readonly requestId: string;
  /** Thumbprint of the key that will own what is claimed. */
  readonly owner: string;
  /** `jti` of the DPoP proof, where there is one. */
  readonly jti?: string;
}

/** A claim that stands in the way, for the alarm. */
export interface ClaimConflict {
  readonly claim: string;
  readonly owners: readonly string[];
}

export type ClaimRefusal = Failure & { readonly conflict?: ClaimConflict };

/** Claims that this request made, so that they can be taken back if it ends without a signature. */
export interface HeldClaims {
  /** Never rejects: what a failing store does not take back, its expiry or an operator does. */
  release(): Promise<void>;
}

/**
 * Makes every claim the deciding rule asks for, in order. What an earlier piece claimed is taken back when a later
 * one is refused. Called after possession, deny and policy: nobody locks an owner out with a key he does not hold.
 */
export async function claimAll(
  demands: readonly ClaimDemand[],
  context: ClaimContext,
): Promise<Result<HeldClaims, ClaimRefusal>> {
  const { store, requestId } = context;
  const made: string[] = [];
  const held: HeldClaims = {
    async release() {
      await Promise.allSettled(
        made.map((key) => store.release(key, { owner: context.owner, unusedBy: requestId })),
      );
    },
  };
  try {
    if (context.jti !== undefined) {
      const seen = await store.once(
        await proofKey(context, context.jti),
        context.now,
        PROOF_TTL_SECONDS,
      );
      if (seen === "seen") return fail("dpop_replayed");
    }
    for (const demand of demands) {
      made.push(demand.attestation.claimKey); // also where the answer is lost: it may have been made all the same
      const answer = await claimOne(demand, context); // oxlint-disable-line no-await-in-loop -- one refusal spares the rest
      if (answer.outcome !== "created") made.pop();
      if (answer.outcome === "created" || answer.outcome === "same") continue;
      await held.release(); // oxlint-disable-line no-await-in-loop -- leaves the loop
      return { ok: false, error: refusalOf(answer, demand, context) };
    }
  } catch (error) {
    await held.release();
    return fail("store_unavailable", error instanceof Error ? error.message : "store");
  }
  return ok(held);
}

function claimOne(demand: ClaimDemand, context: ClaimContext): Promise<ClaimAnswer> {
  const { attestation } = demand;
  return context.store.claim({
    key: attestation.claimKey,
    owner: context.owner,
    generation: attestation.generation,
    now: context.now,
    ttlSeconds:
      attestation.notAfter === undefined
        ? ENDLESS_CLAIM_SECONDS
        : attestation.notAfter + LEEWAY_SECONDS - context.now,
    maxOwners: demand.maxOwners,
    ...(demand.idleSeconds !== undefined && { idleSeconds: demand.idleSeconds }),
    create: mayCreate(demand, context.now),
    requestId: context.requestId,
  });
}

/** A late document claims nothing: an old copy of one is worth nothing to its thief. */
function mayCreate({ attestation, createWithin }: ClaimDemand, now: number): boolean {
  if (createWithin === undefined) return true;
  return attestation.startedAt !== undefined && now <= attestation.startedAt + createWithin;
}

function refusalOf(answer: ClaimAnswer, demand: ClaimDemand, context: ClaimContext): ClaimRefusal {
  if (answer.outcome === "stale") return { reason: "claim_stale" };
  if (answer.outcome === "banned") return { reason: "claim_banned" };
  const owners = answer.owners ?? [];
  if (owners.length === 0 && !mayCreate(demand, context.now)) return { reason: "claim_too_late" };
  return { reason: "claim_taken", conflict: { claim: demand.attestation.claimKey, owners } };
}

async function proofKey(
  { platform, trustDomain, owner }: ClaimContext,
  jti: string,
): Promise<string> {
  return toHex(
    await platform.digest("SHA-256", utf8Encode(JSON.stringify(["dpop", trustDomain, owner, jti]))),
  );
}
