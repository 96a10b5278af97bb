import { describe, expect, it } from "vitest";
import type { FactorInfo } from "../../../src/attestation.ts";
import { A, B, compile, errorsOf, FACTORS, rule } from "./fixtures.ts";

/** One kind of it is pinned, the other is anybody's. */
const MACHINE: FactorInfo = {
  name: "machine",
  type: "machine",
  claims: { kind: "string", owner: "string", instance_arn: "string" },
  pins: [
    { claim: "owner", values: ["us"], when: { claim: "kind", equals: "ours" } },
    { claim: "kind", when: { claim: "kind", equals: "anybody" }, nobody: true },
  ],
  bindings: ["key"],
  defaultBinding: "key",
  joinable: ["instance_arn"],
  instanceClaims: ["instance_arn"],
  settings: [],
};
const factors = [...FACTORS, MACHINE];
const compiled = (...rules: readonly object[]) => compile(rules, undefined, {}, factors);
const errors = (...rules: readonly object[]) => errorsOf(compiled(...rules).issues);
const alone = (matchers: object) => rule({ evidence: { machine: matchers }, spiffe_id: "/x" });
const joined = (matchers: object, account = A, parts: object = {}) =>
  rule({
    evidence: { machine: matchers, aws_iid: { account } },
    join: [["machine.instance_arn", "aws_iid.instance_arn"]],
    ...parts,
  });

describe("a kind of evidence that names nobody", () => {
  it("is stated where another kind is believed, too", () => {
    expect(errors(alone({}))).toEqual([expect.stringMatching(/state kind: ours or anybody/)]);
    expect(errors(joined({}))).toEqual([expect.stringMatching(/state kind: ours or anybody/)]);
  });
  it("counts only beside evidence of a customer", () => {
    expect(errors(alone({ kind: "anybody" }))).toEqual([
      expect.stringMatching(/machine names no customer: join it/),
    ]);
    expect(errors(alone({ kind: "anybody", owner: "us" }))).toEqual([
      expect.stringMatching(/names no customer/),
    ]);
    expect(errors(joined({ kind: "anybody" }))).toEqual([]);
    const evidence = { machine: { kind: "anybody" }, nitro_tpm: {} };
    const join = [["machine.instance_arn", "nitro_tpm.instance_arn"]];
    expect(errors(rule({ evidence, join, spiffe_id: "/x" }))).toEqual([
      expect.stringMatching(/names no customer/),
    ]);
  });
  it("leaves the other kind to stand alone", () => {
    expect(errors(alone({ kind: "ours" }))).toEqual([]);
  });
  it("is matched as stated, and has no pin", () => {
    const { policy } = compiled(joined({ kind: "anybody" }));
    const factor = policy?.rules[0]?.factors.find(({ name }) => name === "machine");
    expect(factor?.pin).toBeUndefined();
    expect(factor?.matchers.map(({ claim, only }) => [claim, only])).toEqual([["kind", "anybody"]]);
  });
  it("where it is the only kind, is implied", () => {
    const only = { ...MACHINE, pins: MACHINE.pins.slice(1) };
    const { policy } = compile([joined({})], undefined, {}, [...FACTORS, only]);
    const factor = policy?.rules[0]?.factors.find(({ name }) => name === "machine");
    expect(factor?.matchers.map(({ claim, only: value }) => [claim, value])).toEqual([
      ["kind", "anybody"],
    ]);
  });
  it("makes nobody another customer, and joins two customers no less apart", () => {
    const other = rule({ name: "bare", evidence: { aws_iid: { account: A } } });
    expect(errors(joined({ kind: "anybody" }), other)).toEqual([]);
    const theirs = joined({ kind: "anybody" }, B, { name: "theirs" });
    expect(errors(joined({ kind: "anybody" }), theirs)).toEqual([
      expect.stringMatching(/same SPIFFE ID/),
    ]);
  });
});
