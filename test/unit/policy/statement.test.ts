import { describe, expect, it } from "vitest";
import type { Attestation, FactorInfo } from "../../../src/attestation.ts";
import { explain } from "../../../src/policy/explain.ts";
import { match } from "../../../src/policy/match.ts";
import { compile, errorsOf, fact, FACTORS, type Json, NOW, rule } from "./fixtures.ts";

/** Says what was built, to whoever asks: nobody owns it. */
const STATEMENT: FactorInfo = {
  name: "sigstore",
  type: "sigstore",
  claims: { digest: "string", san: "string" },
  pins: [],
  bindings: ["none"],
  defaultBinding: "none",
  joinable: ["digest"],
  statement: true,
  settings: [],
};
const VM: FactorInfo = {
  name: "vm",
  type: "vm",
  claims: { project: "string", image_digest: "string" },
  pins: [{ claim: "project", values: ["p"] }],
  bindings: ["key", "audience", "none"],
  defaultBinding: "key",
  joinable: ["image_digest"],
  settings: [],
};
const factors = [...FACTORS, STATEMENT, VM];
const errors = (one: Json, claimStore = true): string[] =>
  errorsOf(compile([one], undefined, { claimStore }, factors).issues);

const built = (parts: Json = {}): Json =>
  rule({
    evidence: { vm: {}, sigstore: { san: "builder" } },
    join: [["vm.image_digest", "sigstore.digest"]],
    spiffe_id: "/vm",
    ...parts,
  });
const vm = (binding: Attestation["binding"] = { kind: "key", jkt: "k" }, digest = "d1") =>
  fact("vm", { project: "p", image_digest: digest }, { binding });
const statement = (claims: Attestation["claims"] = {}) =>
  fact("sigstore", { digest: "d1", san: "builder", ...claims }, { binding: { kind: "none" } });

function outcome(one: Json, facts: readonly Attestation[]): string | readonly string[] {
  const { policy, issues } = compile([one], undefined, {}, factors);
  if (policy === undefined) throw new Error(errorsOf(issues).join());
  const result = match(policy, facts, { now: NOW });
  if (!result.ok) return result.error.reason;
  return result.value.claims.map(({ attestation }) => attestation.name);
}

describe("a statement about what other evidence attests", () => {
  it("is never enough by itself", () => {
    expect(errors(rule({ evidence: { sigstore: {} }, spiffe_id: "/x" }))).toEqual([
      "rules.0.evidence: sigstore names no customer: join it to evidence that does",
    ]);
    expect(
      errors(
        rule({
          evidence: { sigstore: {}, nitro_tpm: {} },
          join: [["sigstore.digest", "nitro_tpm.instance_arn"]],
          spiffe_id: "/x",
        }),
      ),
    ).toEqual([
      "rules.0.evidence: nitro_tpm, sigstore names no customer: join it to evidence that does",
    ]);
  });

  it("has to be joined to what it is about", () => {
    expect(errors(built({ join: undefined }))).toHaveLength(1);
    expect(errors(built({ join: [["vm.project", "sigstore.digest"]] }))).toHaveLength(1);
    expect(errors(built())).toEqual([]);
  });

  it("holds where digests are equal, and neither alone is enough", () => {
    expect(outcome(built(), [vm(), statement()])).toEqual([]);
    expect(outcome(built(), [vm()])).toBe("no_rule_matches");
    expect(outcome(built(), [statement()])).toBe("no_rule_matches");
    expect(outcome(built(), [vm(undefined, "d2"), statement()])).toBe("no_rule_matches");
    expect(outcome(built(), [vm(), statement({ san: "mallory" })])).toBe("no_rule_matches");
  });

  it("belongs to nobody: it needs no claim store, and the other is claimed as it would be alone", () => {
    expect(errors(built(), false)).toEqual([]);
    const weak = built({ binding: { vm: "none" } });
    expect(errors(weak, false)).toEqual([
      "rules.0.evidence.vm: is believed from its first user only, which needs a claim store: state `claims:`",
    ]);
    expect(outcome(weak, [vm({ kind: "none" }), statement()])).toEqual(["vm"]);
    expect(errors(built({ replay: { sigstore: "once" } }))).toEqual([
      "rules.0.replay.sigstore: does nothing: sigstore belongs to nobody",
    ]);
  });

  it("does not bind the other to a key", () => {
    expect(outcome(built(), [vm({ kind: "audience" }), statement()])).toBe("no_rule_matches");
    expect(errors(built({ binding: { sigstore: "key" } }))).toHaveLength(1);
  });

  it("is explained piece by piece", () => {
    const { policy } = compile([built()], undefined, {}, factors);
    const missed = (...facts: readonly Attestation[]) =>
      policy && explain(policy, facts, { now: NOW }).rules[0]?.misses;
    expect(missed(vm(), statement())).toEqual([]);
    expect(missed(statement())).toEqual([{ factor: "vm", message: "was not handed in" }]);
    expect(missed(vm())).toEqual([{ factor: "sigstore", message: "was not handed in" }]);
    expect(missed(vm({ kind: "audience" }, "d2"), statement({ san: "mallory" }))).toEqual([
      { factor: "sigstore", claim: "san", message: 'is "mallory"; expected "builder"' },
      {
        factor: "vm",
        message: "its binding is audience, and the rule takes no less than key",
      },
      { message: "vm.image_digest and sigstore.digest are not equal" },
    ]);
  });
});
