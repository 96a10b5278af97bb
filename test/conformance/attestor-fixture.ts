import { expect } from "vitest";
import type { Attestation, Binding, FactorInfo } from "../../src/attestation.ts";
import type { Attestor } from "../../src/attestors/attestor.ts";
import type { Reason } from "../../src/reasons.ts";
import { fail, type Result } from "../../src/result.ts";

type Evidence = Readonly<Record<string, unknown>>;

/** An attestor with a provider behind it that signs whatever a test wants. */
export interface AttestorFixture {
  readonly attestor: Attestor;
  /** The same configuration under another trust domain. */
  readonly elsewhere: Attestor;
  readonly factor: FactorInfo;
  /** The key that evidence names, where it cannot name any at all: the one that the fixture has. */
  readonly jkt?: string;
  /** Unix seconds at which the good evidence is good. */
  readonly now: number;
  /** The member of the evidence that holds the signed bytes. */
  readonly member: string;
  /** It never ends: what was genuine once is so for ever. */
  readonly endless?: true;
  /** The evidence has only a digest of S: `precheck` cannot say which key it names. */
  readonly namesKeyByDigest?: true;
  /** Only its provider can tell whose the evidence is and what it was made for: it is asked, with the key that was proved. */
  readonly asksProvider?: true;
  /** Genuine evidence of a configured customer; two calls with one binding may give two pieces. */
  good(binding: Binding): Promise<Evidence>;
  /**
   * Genuine evidence of a customer who is not configured, though much like one who is: an id that begins with his, where
   * ids can.
   */
  foreign(): Promise<Evidence>;
  /** Genuine and of a configured customer, but made for another issuer; only evidence of binding `none` has no such. */
  misdirected?(binding: Binding): Promise<Evidence>;
  /** As `good`, but for a signature by a key that the provider does not have, under the name of one that it has. */
  forged(): Promise<Evidence>;
  /** Calls that reached the network so far. */
  calls(): number;
}

/** A thumbprint as good as any: nobody has the key. */
export const JKT = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs";
export const OTHER_JKT = "cn-I_WNMClehiVp51i_0VpOENW1upEerA8sEam5hn-s";

/** The steps of a request in their order; possession of `jkt` counts as proved. */
export async function judge(
  attestor: Attestor,
  evidence: unknown,
  now: number,
  jkt?: string,
): Promise<Result<Attestation>> {
  const shape = attestor.evidence.safeParse(evidence);
  if (!shape.success) return fail("body_schema");
  const parsed = attestor.parse(shape.data);
  if (!parsed.ok) return parsed;
  const context = jkt === undefined ? { now } : { now, jkt };
  const precheck = await attestor.precheck(parsed.value, context);
  if (!precheck.ok) return precheck;
  const verified = await attestor.verify(parsed.value, context);
  if (verified.ok && verified.value.name !== precheck.value.name) throw new Error("another name");
  return verified;
}

/** What was attested; a refusal fails the test and says why. */
export function accepted(result: Result<Attestation>): Attestation {
  if (!result.ok) throw new Error(`refused: ${result.error.reason} ${result.error.detail ?? ""}`);
  return result.value;
}

/** In one word: `accepted`, or why not. */
export function outcome(result: Result<unknown>): Reason | "accepted" {
  return result.ok ? "accepted" : result.error.reason;
}

/** @param reasons any one of them; none: whichever */
export function expectRefused(result: Result<unknown>, ...reasons: readonly Reason[]): void {
  if (reasons.length > 0) expect(reasons).toContain(outcome(result));
  else expect(outcome(result)).not.toBe("accepted");
}

/** Up to `count` of the numbers below `below`, evenly spread: the same in each run. */
export function sample(below: number, count: number): readonly number[] {
  const step = Math.max(1, Math.floor(below / count));
  return Array.from({ length: Math.ceil(below / step) }, (_, index) => index * step);
}
