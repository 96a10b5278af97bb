import { UNREAD, type Attestation, type BundleNote, type ClaimValue } from "../attestation.ts";
import { REASONS } from "../reasons.ts";
import type { Failure } from "../result.ts";
import { KEY_MARK } from "../policy/audience.ts";
import { explain, type Miss, type RuleExplanation } from "../policy/explain.ts";
import type { JwtGrant } from "../policy/grants.ts";
import { match, type Decision, type MatchRequest } from "../policy/match.ts";
import type { CompiledPolicy } from "../policy/policy.ts";
import { print, printable, printableWords, printFields } from "./output.ts";
import { REASON_HELP } from "./reason-help.ts";
import { formatDuration, formatTime } from "./time.ts";

/** What the issuer would say, for the operator's eyes: exact, and with what mends it. */
export interface PolicyVerdict {
  readonly decision:
    | { readonly granted: true; readonly value: Decision }
    | { readonly granted: false; readonly failure: Failure & { readonly rule?: string } };
  readonly deciding?: string;
  /** Pieces of evidence that `deny:` refuses: then no rule is asked. */
  readonly denied: readonly string[];
  readonly rules: readonly RuleExplanation[];
}

export function judgeByPolicy(
  policy: CompiledPolicy,
  facts: readonly Attestation[],
  request: MatchRequest,
): PolicyVerdict {
  const decided = match(policy, facts, request);
  const { deciding, denied, rules } = explain(policy, facts, request);
  return {
    decision: decided.ok
      ? { granted: true, value: decided.value }
      : { granted: false, failure: decided.error },
    ...(deciding === undefined ? {} : { deciding }),
    denied,
    rules,
  };
}

// For people.

export function printAttestation(attestation: Attestation): void {
  const { name, binding, notBefore, notAfter, startedAt, claimKey, generation, bundle } =
    attestation;
  print(`${printable(name)}: verified`);
  printFields(
    [
      ["binding", binding.kind === "key" ? `key ${binding.jkt}` : BINDINGS[binding.kind]],
      ["accepted from", notBefore === undefined ? undefined : formatTime(notBefore)],
      ["accepted until", notAfter === undefined ? "no end" : formatTime(notAfter)],
      ["machine started", startedAt === undefined ? undefined : formatTime(startedAt)],
      ["claim key", claimKey],
      ["bundle", bundle && bundleWords(bundle)],
      ["generation", generation === 0 ? undefined : String(generation)],
    ],
    "  ",
  );
  print("  claims");
  printFields(
    Object.entries(attestation.claims).map(([claim, value]) => [claim, claimWords(value)] as const),
    "    ",
  );
}

function bundleWords({ trust_domain: name, sequence, age_seconds: age }: BundleNote): string {
  const held = age === undefined ? "our own" : `confirmed ${formatDuration(age)} ago`;
  return `of ${name}, ${sequence === undefined ? "" : `sequence ${sequence}, `}${held}`;
}

const BINDINGS = {
  audience: "audience (made for this issuer, for any key)",
  none: "none (a bearer document: its first user owns it)",
} as const;

function claimWords(value: ClaimValue): string {
  if (value === UNREAD)
    return "(neither text, number, boolean nor a list of texts: no rule reads it)";
  return typeof value === "string" ? value : JSON.stringify(value);
}

export function printVerdict({ decision, deciding, denied, rules }: PolicyVerdict): void {
  print(
    decision.granted
      ? `rule ${printable(decision.value.rule)} decides`
      : `no identity: ${printable(decision.failure.reason)}`,
  );
  if (decision.granted) printDecision(decision.value);
  else printHelp(decision.failure);
  for (const name of denied) print(`${printable(name)}: \`deny:\` has it, so no rule is asked`);
  if (rules.length > 0) print("rules");
  for (const rule of rules) printRule(rule, deciding);
}

function printDecision({ spiffeId, grants, claims }: Decision): void {
  const { x509, jwt, wit } = grants;
  const until = firstClaimUntil(claims);
  printFields(
    [
      ["SPIFFE ID", spiffeId.uri],
      ["x509", x509 === undefined ? "not given" : `up to ${formatDuration(x509.ttl)}`],
      [
        "jwt",
        jwt === undefined
          ? "not given"
          : `up to ${formatDuration(jwt.ttl)}, for ${audienceWords(jwt).join(", ")}`,
      ],
      ["wit", wit === undefined ? "not given" : `up to ${formatDuration(wit.ttl)}`],
      ["federates with", grants.federatesWith?.join(", ")],
      [
        "first use",
        claims.length === 0
          ? undefined
          : `decided by the claim store for ${claims.map((claim) => claim.attestation.name).join(", ")}; not looked at here`,
      ],
      ...until.map(
        ([name, at]) =>
          [
            "first claim",
            `of ${name} until ${formatTime(at)}; later only who owns it already, or by svidmint claims assign`,
          ] as const,
      ),
    ],
    "  ",
  );
}

/** By evidence name: until when a key that owns nothing yet can become the owner, where the rule bounds that. */
function firstClaimUntil(claims: Decision["claims"]): (readonly [name: string, at: number])[] {
  return claims.flatMap(({ attestation: { name, startedAt }, createWithin }) =>
    createWithin === undefined || startedAt === undefined
      ? []
      : [[name, startedAt + createWithin] as const],
  );
}

/** Those of peers with what they may end in: the thumbprint of the key that the request proves. */
export function audienceWords({ audiences, exchange = [] }: JwtGrant): string[] {
  return [...audiences, ...exchange.flatMap((base) => [base, `${base}${KEY_MARK}<proved key>`])];
}

function printRule(
  { rule, audit, misses, spiffeId, refusal }: RuleExplanation,
  deciding: string | undefined,
): void {
  const mode = audit ? " (audit mode: decides nothing)" : "";
  const state =
    rule === deciding
      ? "decides"
      : misses.length > 0
        ? "does not match"
        : deciding === undefined
          ? "would match"
          : "matches, after another rule";
  print(
    `  ${printable(rule)}${mode}: ${misses.length > 0 ? "does not match" : audit ? "matches" : state}`,
  );
  if (spiffeId !== undefined && misses.length === 0) print(`    gives ${printable(spiffeId)}`);
  if (refusal !== undefined) print(`    refuses: ${printable(refusal)}`);
  for (const miss of misses) print(`    ${printable(missWords(miss))}`);
}

function missWords({ factor, claim, message }: Miss): string {
  const subject = [factor, claim].filter((part) => part !== undefined).join(".");
  return subject === "" ? message : `${subject} ${message}`;
}

export function printFailure(failure: Failure): void {
  print(
    `refused: ${printable(failure.reason)}${failure.detail === undefined ? "" : ` (${printable(failure.detail)})`}`,
  );
  printHelp(failure);
}

function printHelp({ reason }: Failure): void {
  const { means, fix } = REASON_HELP[reason];
  printFields(
    [
      ["means", printableWords(means)],
      ["fix", printableWords(fix)],
      ["the requester sees", REASONS[reason]],
    ],
    "  ",
  );
}

// For programs: names and times as in the API and the audit log.

export function attestationJson(attestation: Attestation): Record<string, unknown> {
  const { name, type, binding, claims, notBefore, notAfter, claimKey, generation, startedAt } =
    attestation;
  return {
    name,
    type,
    binding,
    claims: Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== UNREAD)),
    ...(notBefore === undefined ? {} : { not_before: notBefore }),
    ...(notAfter === undefined ? {} : { not_after: notAfter }),
    claim_key: claimKey,
    generation,
    ...(startedAt === undefined ? {} : { started_at: startedAt }),
    ...(attestation.bundle && { bundle: attestation.bundle }),
  };
}

export function failureJson({ reason, detail }: Failure): Record<string, unknown> {
  return {
    reason,
    code: REASONS[reason],
    ...(detail === undefined ? {} : { detail }),
    ...REASON_HELP[reason],
  };
}

export function verdictJson({
  decision,
  deciding,
  denied,
  rules,
}: PolicyVerdict): Record<string, unknown> {
  return {
    ...(decision.granted
      ? decisionJson(decision.value)
      : { granted: false, ...failureJson(decision.failure) }),
    ...(deciding === undefined ? {} : { rule: deciding }),
    ...(denied.length > 0 && { denied }),
    rules: rules.map(({ rule, audit, misses, spiffeId, refusal }) => ({
      rule,
      mode: audit ? "audit" : "enforce",
      matches: misses.length === 0,
      misses,
      ...(spiffeId === undefined ? {} : { spiffe_id: spiffeId }),
      ...(refusal === undefined ? {} : { refusal }),
    })),
  };
}

function decisionJson({ spiffeId, grants, claims }: Decision): Record<string, unknown> {
  const { x509, jwt, wit } = grants;
  const until = firstClaimUntil(claims);
  return {
    granted: true,
    spiffe_id: spiffeId.uri,
    ...(x509 === undefined ? {} : { x509: { ttl_seconds: x509.ttl } }),
    ...(jwt === undefined ? {} : { jwt: { ttl_seconds: jwt.ttl, audiences: audienceWords(jwt) } }),
    ...(wit === undefined ? {} : { wit: { ttl_seconds: wit.ttl } }),
    ...(grants.federatesWith && { federates_with: grants.federatesWith }),
    needs_claim: claims.map((claim) => claim.attestation.name),
    ...(until.length > 0 && { first_claim_until: Object.fromEntries(until) }),
  };
}
