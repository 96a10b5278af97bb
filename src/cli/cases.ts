import * as z from "zod/mini";
import type {
  Attestation,
  BindingKind,
  ClaimKind,
  Claims,
  ClaimValue,
  FactorInfo,
} from "../attestation.ts";
import { REASONS, type Reason } from "../reasons.ts";
import { kindOf as claimKind, knowsClaim, spellingOf, unknownClaim } from "../policy/claim-ref.ts";
import { misspelling } from "../policy/matcher.ts";
import { fail, ok, type Result } from "../result.ts";

/** Claims as if evidence had verified: what `policy test`, `explain` and `diff` put before the rules. */
const supposedFields = {
  /** By evidence name (`aws_iid`, `oidc.github`): the claims that rules see. */
  evidence: z.record(
    z.string(),
    z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.array(z.string())])),
  ),
  /** By evidence name; the strongest that the type can have unless told. */
  binding: z.optional(z.record(z.string(), z.enum(["key", "audience", "none"]))),
  /** Seconds since the machine started, where rules ask for it; 0 unless told. */
  age_seconds: z.optional(z.int().check(z.minimum(0))),
  /** What the request asks for. */
  spiffe_id: z.optional(z.string()),
};
export const supposedSchema = z.strictObject(supposedFields);
export type Supposed = z.infer<typeof supposedSchema>;

const caseSchema = z.strictObject({
  name: z.string().check(z.minLength(1)),
  ...supposedFields,
  /** A SPIFFE ID, its path, `refused`, or the reason of the refusal. */
  expect: z.string().check(
    z.refine(
      (text) =>
        text.startsWith("spiffe://") ||
        text.startsWith("/") ||
        text === "refused" ||
        Object.hasOwn(REASONS, text),
      {
        error: "expected a SPIFFE ID, its path, refused, or a reason of docs/reasons.md",
      },
    ),
  ),
  /** The rule that must decide. */
  rule: z.optional(z.string()),
});
export type PolicyCase = z.infer<typeof caseSchema>;
export const casesSchema = z.array(caseSchema).check(z.minLength(1));

/**
 * The attestations that such evidence would make.
 * @returns `claim_value` with a detail for names and claims that the configuration does not know: a case with a
 * misspelt claim would prove nothing
 */
export function suppose(
  { evidence, binding, age_seconds: age }: Supposed,
  factors: readonly FactorInfo[],
  now: number,
): Result<Attestation[]> {
  const attestations: Attestation[] = [];
  for (const name of Object.keys(binding ?? {})) {
    if (!Object.hasOwn(evidence, name))
      return fail("claim_value", `binding.${name}: there is no such evidence in the case`);
  }
  for (const [name, given] of Object.entries(evidence)) {
    const factor = factors.find((one) => one.name === name);
    if (factor === undefined)
      return fail("claim_value", `${name} is not configured under evidence:`);
    const claims = checkClaims(given, factor);
    if (!claims.ok) return claims;
    const kind = binding?.[name] ?? factor.bindings[0] ?? "none";
    if (!factor.bindings.includes(kind))
      return fail("claim_value", `${name} never has the binding ${kind}`);
    attestations.push({
      type: factor.type,
      name,
      claims: claims.value,
      binding: bindingOf(kind),
      claimKey: "0".repeat(64),
      generation: 0,
      startedAt: now - (age ?? 0),
    });
  }
  return ok(attestations);
}

function checkClaims(
  given: Readonly<Record<string, ClaimValue>>,
  factor: FactorInfo,
): Result<Claims> {
  const claims: Record<string, ClaimValue> = Object.create(null);
  for (const [claim, value] of Object.entries(given)) {
    if (!knowsClaim(factor, claim)) return fail("claim_value", unknownClaim(factor, claim));
    const kind = claimKind(factor, claim);
    if (kind !== undefined && kind !== kindOf(value)) {
      return fail(
        "claim_value",
        `${factor.name}.${claim} is a ${kind}${kind === "string" ? ": put it in quotes" : ""}`,
      );
    }
    // What no evidence attests would have a case prove what no request gets.
    if (value === "")
      return fail(
        "claim_value",
        `${factor.name}.${claim} is empty: leave it out, as evidence does`,
      );
    const misspelt = misspelling(value, spellingOf([factor], claim));
    if (misspelt !== undefined) return fail("claim_value", `${factor.name}.${claim} ${misspelt}`);
    if (typeof value === "number" && !Number.isSafeInteger(value))
      return fail("claim_value", `${factor.name}.${claim} is no whole number within 2^53`);
    claims[claim] = value;
  }
  return ok(claims);
}

function kindOf(value: ClaimValue): ClaimKind {
  const type = typeof value;
  return type === "string" || type === "number" || type === "boolean" ? type : "strings";
}

/** No key is known here: any stands for "the one that was proved". */
function bindingOf(kind: BindingKind): Attestation["binding"] {
  return kind === "key" ? { kind, jkt: "A".repeat(43) } : { kind };
}

/** Whether what the rules say is what a case expects. */
export function meets(
  expected: string,
  actual: { readonly spiffeId: string } | { readonly reason: Reason },
  trustDomain: string,
): boolean {
  if ("reason" in actual) return expected === "refused" || expected === actual.reason;
  return expected === actual.spiffeId || `spiffe://${trustDomain}${expected}` === actual.spiffeId;
}
