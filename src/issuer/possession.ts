import { proveCsr, proveDpop, type ProvenDpop, type ProvenKey } from "../attestors/possession.ts";
import type { Platform } from "../platform/platform.ts";
import { fail, ok, type Result } from "../result.ts";
import type { SvidRequest } from "./request.ts";

export interface PossessionContext {
  readonly platform: Platform;
  readonly now: number;
  /** `htu` that a DPoP proof must name: from configuration, never from the request. */
  readonly target: string;
  /** Thumbprints of the issuer's own keys. */
  readonly ours: Pick<ReadonlySet<string>, "has">;
  /** The `DPoP` header, where there is one. */
  readonly dpop: string | null;
  readonly body: Uint8Array;
}

/** The keys that this request proved to hold. */
export interface Possession {
  /** Of `x509`, else of `wit`: both name one key. */
  readonly csr?: ProvenKey | undefined;
  readonly dpop?: ProvenDpop | undefined;
  /** The key that a WIT-SVID is for, as it proved itself; there where one is asked for. */
  readonly wit?: ProvenKey | undefined;
  /** Thumbprint of the key that evidence must name, and that owns what is claimed: DPoP's, else the CSR's. */
  readonly owner?: string | undefined;
}

/**
 * @param named thumbprints of the keys that pieces of evidence name, undefined where one names a key without saying
 *   which; unverified, so they can only refuse
 * @returns the keys proved; `key_mismatch` where CSR, DPoP and evidence do not name one thumbprint. A CSR may name
 * another key than DPoP only while no evidence names any: `checkOwnership` then asks for a claim.
 */
export async function provePossession(
  request: SvidRequest,
  named: readonly (string | undefined)[],
  context: PossessionContext,
): Promise<Result<Possession>> {
  const possession = await proveKeys(request, context);
  if (!possession.ok) return possession;
  const { csr, dpop, owner } = possession.value;
  if (named.length === 0) return possession;
  if (owner === undefined)
    return fail("possession_missing", "the evidence names a key: send its CSR, or a DPoP proof");
  if (request.jwt !== undefined && dpop === undefined)
    return fail("possession_missing", "jwt on evidence that names a key needs a DPoP proof");
  if (csr !== undefined && csr.jkt !== owner)
    return fail("key_mismatch", "csr and dpop name different keys");
  if (named.some((jkt) => jkt !== undefined && jkt !== owner))
    return fail("binding_mismatch", "the evidence names another key");
  return possession;
}

async function proveKeys(
  request: SvidRequest,
  { platform, now, target, ours, dpop: header, body }: PossessionContext,
): Promise<Result<Possession>> {
  let dpop: ProvenDpop | undefined;
  if (header !== null) {
    const bodySha256 = await platform.digestText("SHA-256", body, "base64url");
    const proof = await proveDpop(header, { htu: target, bodySha256, now }, { platform, ours });
    if (!proof.ok) return proof;
    dpop = proof.value;
  }
  const csrs: ProvenKey[] = [];
  for (const pem of [request.x509?.csr, request.wit?.csr]) {
    if (pem === undefined) continue;
    const proof = await proveCsr(pem, { platform, ours }); // oxlint-disable-line no-await-in-loop -- at most two
    if (!proof.ok) return proof;
    csrs.push(proof.value);
  }
  const [csr, another = csr] = csrs;
  if (csr?.jkt !== another?.jkt) return fail("key_mismatch", "the csrs name different keys");
  const wit = another ?? dpop;
  if (request.wit !== undefined && wit === undefined)
    return fail("possession_missing", "wit needs a key: send its CSR, or a DPoP proof");
  const owner = dpop?.jkt ?? csr?.jkt;
  return ok({ csr, dpop, wit: request.wit && wit, owner });
}
