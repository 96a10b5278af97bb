import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Attestation, ClaimValue } from "../../../src/attestation.ts";
import { explain } from "../../../src/policy/explain.ts";
import { match } from "../../../src/policy/match.ts";
import { restorePolicy, storePolicy } from "../../../src/policy/stored.ts";
import { A, B, compile, fact, type Json, NOW, present } from "../policy/fixtures.ts";
import { holds, idOf, referenceMatch } from "../policy/reference.ts";

const REGIONS = ["eu-1", "eu-1", "eu-2", "us-1", "eu-1/b"];
const PATTERNS = ["eu-*", "*-1", "*", "e*1", "eu-1*", "u*-*"];

const scalarMatcher = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...REGIONS) },
  fc.constantFrom(...PATTERNS),
);
const matcher = fc.oneof(
  { weight: 3, arbitrary: scalarMatcher },
  fc.uniqueArray(scalarMatcher, { minLength: 1, maxLength: 3 }),
);
const account = fc.oneof(fc.constantFrom(A, B), fc.constant([A, B]));
/** @param often how many times as often as nothing */
const some = <T>(arbitrary: fc.Arbitrary<T>, often = 1) =>
  fc.option(arbitrary, { nil: undefined, freq: often + 1 });

const iidMatchers = fc.record({ account, region: some(matcher), image_id: some(matcher) });
const devMatchers = fc.record({
  groups: some(matcher),
  n: some(fc.constantFrom<ClaimValue>(1, 2, "1", true)),
  sub: some(matcher),
});
const segment = (variables: readonly string[]) =>
  fc.oneof(
    fc.constantFrom("a", "b", "eu-1", "x-eu-1"),
    fc
      .record({
        prefix: fc.constantFrom("", "x-"),
        name: fc.constantFrom(...variables),
        suffix: fc.constantFrom("", "-y"),
      })
      .map(({ prefix, name, suffix }) => `${prefix}{${name}}${suffix}`),
  );
const path = (variables: readonly string[]) =>
  fc
    .array(segment(variables), { minLength: 1, maxLength: 2 })
    .map((segments) => `/${segments.join("/")}`);

const IID = ["aws_iid.account", "aws_iid.region", "aws_iid.image_id"];
const shape = fc.oneof(
  fc.record({ evidence: fc.record({ aws_iid: iidMatchers }), spiffe_id: path(IID) }),
  fc.record({
    evidence: fc.record({ "oidc.dev": devMatchers }),
    spiffe_id: path(["oidc.dev.sub", "oidc.dev.groups"]),
  }),
  fc.record({
    evidence: fc.record({
      aws_iid: iidMatchers,
      aws_web_identity: fc.record({ lambda_function: some(matcher) }),
    }),
    join: fc.constantFrom(
      [["aws_iid.account", "aws_web_identity.account"]],
      [["aws_web_identity.ec2_instance_arn", "aws_iid.instance_arn"]],
    ),
    binding: some(fc.constant({ aws_web_identity: "audience" })),
    spiffe_id: path([...IID, "aws_web_identity.lambda_function"]),
  }),
);
const extras = fc.record({
  mode: fc.constantFrom("enforce", "enforce", "enforce", "audit"),
  shared_id: fc.boolean(),
});

/** Members that are undefined are left out, as in a document; names are given by place. */
function toRules(parts: readonly (readonly [Json, Json])[]): Json[] {
  return parts.map(([one, two], n) => {
    const document: Json = JSON.parse(JSON.stringify({ name: `r${n}`, ...one, ...two, x509: {} }));
    return document;
  });
}
const rules = fc.array(fc.tuple(shape, extras), { minLength: 1, maxLength: 12 }).map(toRules);

const value = fc.constantFrom(...REGIONS);
const evidence: fc.Arbitrary<Attestation[]> = fc.oneof(
  iidFact().map((one) => [one]),
  fc
    .record({
      groups: some(fc.oneof(fc.array(value, { maxLength: 3 }), fc.constant([""])), 3),
      n: some(fc.constantFrom<ClaimValue>(1, 2, "1", true), 6),
      sub: some(value, 6),
    })
    .map((claims) => [fact("oidc.dev", present(claims))]),
  fc
    .tuple(
      iidFact(),
      fc.record({
        lambda_function: some(value, 6),
        ec2_instance_arn: fc.constantFrom("arn:1", "arn:2"),
        // One that is not configured is refused before; a rule says no to it all the same.
        account: fc.constantFrom(A, A, A, B),
      }),
      fc.constantFrom("key", "audience"),
      fc.boolean(),
    )
    .map(([one, claims, kind, turned]) => {
      const two = fact("aws_web_identity", present(claims), {
        binding: kind === "key" ? { kind, jkt: "k" } : { kind: "audience" },
      });
      return turned ? [two, one] : [one, two];
    }),
);
function iidFact(): fc.Arbitrary<Attestation> {
  return fc
    .record({
      account: fc.constantFrom(A, B),
      region: some(value, 6),
      image_id: some(value, 6),
      instance_arn: fc.constantFrom("arn:1", "arn:2"),
    })
    .map((claims) => fact("aws_iid", present(claims), { startedAt: NOW }));
}

describe("policy, over whole policies", () => {
  it("decides as a reader of the document would, rule by rule", () => {
    let compared = 0;
    let granted = 0;
    let patterned = 0;
    fc.assert(
      fc.property(
        rules,
        fc.array(evidence, { minLength: 1, maxLength: 8 }),
        fc.boolean(),
        (documents, requests, named) => {
          const shared = documents.map((one) => ({ ...one, shared_id: true }));
          const { policy } = compile(shared);
          if (policy === undefined) return;
          if (JSON.stringify(shared).includes("*")) patterned++;
          for (const facts of requests) {
            const wanted = named
              ? shared.map((one) => idOf(one, facts)).findLast((id) => id !== undefined)
              : undefined;
            const expected = referenceMatch(shared, facts, wanted);
            const result = match(policy, facts, {
              now: NOW,
              ...(wanted !== undefined && { spiffeId: wanted }),
            });
            compared++;
            if (result.ok) granted++;
            expect(
              result.ok
                ? {
                    rule: result.value.rule,
                    id: result.value.spiffeId.uri,
                    audit: result.value.auditRules,
                  }
                : {
                    ...(result.error.rule !== undefined && { rule: result.error.rule }),
                    reason: result.error.reason,
                    audit: result.error.auditRules,
                  },
            ).toEqual(expected);
          }
        },
      ),
      { numRuns: 3000 },
    );
    expect(compared).toBeGreaterThan(3000);
    expect(granted).toBeGreaterThan(compared / 20);
    expect(patterned).toBeGreaterThan(500);
  });

  it("comes back whole from a compiled configuration", () => {
    let compared = 0;
    const denials = fc.array(
      fc.oneof(
        fc.record({ evidence: fc.constant("oidc.dev"), sub: matcher }),
        fc.constant({ claim_key: "0".repeat(64) }),
        fc.record({
          spiffe_id: fc.constantFrom(
            "spiffe://prod.example.org/a",
            "spiffe://prod.example.org/x-*",
          ),
        }),
      ),
      { maxLength: 4 },
    );
    fc.assert(
      fc.property(rules, denials, (documents, deny) => {
        const { policy } = compile(
          documents.map((one) => ({ ...one, shared_id: true })),
          deny,
        );
        if (policy === undefined) return;
        compared++;
        const text = JSON.stringify(storePolicy(policy));
        expect(restorePolicy(JSON.parse(text))).toStrictEqual(policy);
      }),
      { numRuns: 1000 },
    );
    expect(compared).toBeGreaterThan(500);
  });

  it("never gives one SPIFFE ID to attestations that differ in a pin, unless every rule concerned says shared_id", () => {
    let accepted = 0;
    fc.assert(
      fc.property(
        rules,
        fc.array(evidence, { minLength: 10, maxLength: 30 }),
        (documents, requests) => {
          if (compile(documents).policy === undefined) return;
          accepted++;
          const holders = new Map<string, { pins: string; shared: boolean }[]>();
          for (const facts of requests) {
            for (const one of documents) {
              // Every rule that matches can be asked for by name, so that every result counts.
              const id = one.mode === "audit" || !holds(one, facts) ? undefined : idOf(one, facts);
              if (id === undefined) continue;
              const holder = { pins: pinsOf(facts), shared: one.shared_id === true };
              holders.set(id, [...(holders.get(id) ?? []), holder]);
            }
          }
          const mixed = [...holders].filter(
            ([, list]) =>
              new Set(list.map(({ pins }) => pins)).size > 1 && list.some(({ shared }) => !shared),
          );
          expect(mixed).toEqual([]);
        },
      ),
      { numRuns: 4000 },
    );
    expect(accepted).toBeGreaterThan(500);
  });

  it("explains with the same rule that decides", () => {
    let granted = 0;
    fc.assert(
      fc.property(rules, evidence, (documents, facts) => {
        const { policy } = compile(documents.map((one) => ({ ...one, shared_id: true })));
        if (policy === undefined) return;
        const decision = match(policy, facts, { now: NOW });
        if (decision.ok) granted++;
        const explained = explain(policy, facts, { now: NOW });
        const first = explained.rules.find(({ misses, audit }) => misses.length === 0 && !audit);
        expect(first?.rule).toBe(decision.ok ? decision.value.rule : decision.error.rule);
        expect(first?.refusal === undefined ? first?.spiffeId : undefined).toBe(
          decision.ok ? decision.value.spiffeId.uri : undefined,
        );
      }),
      { numRuns: 500 },
    );
    expect(granted).toBeGreaterThan(20);
  });
});

function pinsOf(facts: readonly Attestation[]): string {
  return facts
    .map(({ name, claims }) => `${name}=${name === "oidc.dev" ? "" : String(claims.account)}`)
    .toSorted()
    .join();
}
