import { describe, expect, it } from "vitest";
import { readShape, type Demand, type ShapedClaim } from "../../../../src/attestors/oidc/shape.ts";
import type { JsonObject } from "../../../../src/encoding/json.ts";
import { outcome } from "../../../conformance/attestor.ts";

const judged = (demand: Omit<Demand, "reason">, token: JsonObject) =>
  outcome(readShape(token, { claims: {}, demands: [{ ...demand, reason: "not_a_workload" }] })) ===
  "accepted";

describe("a demand", () => {
  it.each<[JsonObject, boolean]>([
    [{ a: { b: "x" } }, true],
    [{ a: { b: 0 } }, true],
    [{ a: { b: false } }, true],
    [{ a: { b: "" } }, false],
    [{ a: { b: null } }, false],
    [{ a: {} }, false],
    [{ a: "b" }, false],
    [{ a: ["b"] }, false],
    [{ "a.b": "x" }, false],
    [{}, false],
  ])("to be there is met by %j: %j", (token, met) => {
    expect(judged({ path: ["a", "b"] }, token)).toBe(met);
  });

  it.each<[JsonObject, boolean]>([
    [{}, true],
    [{ a: null }, false],
    [{ a: "" }, false],
    [{ a: false }, false],
  ])("to be absent is met by %j: %j", (token, met) => {
    expect(judged({ path: ["a"], absent: true }, token)).toBe(met);
  });

  it("never finds what objects inherit", () => {
    expect(judged({ path: ["constructor"] }, {})).toBe(false);
    expect(judged({ path: ["constructor", "name"] }, {})).toBe(false);
    expect(judged({ path: ["toString"], absent: true }, {})).toBe(true);
  });

  it.each<[JsonObject, boolean]>([
    [{ a: "x" }, true],
    [{ a: false }, true],
    [{ a: "false" }, false],
    [{ a: "X" }, false],
    [{ a: ["x"] }, false],
    [{ a: true }, false],
    [{ a: 0 }, false],
    [{}, false],
  ])("to be one of several is met by %j: %j", (token, met) => {
    expect(judged({ path: ["a"], oneOf: ["x", false] }, token)).toBe(met);
  });

  it("to be one of none is met by nothing", () => {
    expect(judged({ path: ["a"], oneOf: [] }, { a: "x" })).toBe(false);
  });

  it.each<[JsonObject, boolean]>([
    [{ a: "p://x" }, true],
    [{ a: "sc://p://x" }, false],
    [{ a: "P://x" }, false],
    [{ a: ["p://x"] }, false],
    [{ a: 1 }, false],
  ])("to begin so is met by %j: %j", (token, met) => {
    expect(judged({ path: ["a"], prefix: "p://" }, token)).toBe(met);
  });

  it.each<[JsonObject, boolean]>([
    [{ a: "s:n:m", b: "n", c: { d: "m" } }, true],
    [{ a: "s:n:m", b: "n", c: { d: "o" } }, false],
    [{ a: "s:n:m:x", b: "n", c: { d: "m" } }, false],
    [{ a: "s:n:", b: "n", c: {} }, false],
    [{ a: "s:n:undefined", b: "n", c: {} }, false],
    [{ a: "s:1:m", b: 1, c: { d: "m" } }, false],
    [{ b: "n", c: { d: "m" } }, false],
  ])("to be put together from others is met by %j: %j", (token, met) => {
    expect(judged({ path: ["a"], equals: ["s:", ["b"], ":", ["c", "d"]] }, token)).toBe(met);
  });
});

describe("a claim that the issuer may name", () => {
  const id: ShapedClaim = {
    kind: "string",
    path: ["space/id"],
    issuerPrefix: "https://i.example/org/",
    required: true,
  };
  it.each<[JsonObject, string]>([
    [{ iss: "https://i.example/org/7" }, "7"],
    [{ iss: "https://i.example/org/7", "space/id": "7" }, "7"],
    [{ iss: "https://i.example", "space/id": "8" }, "8"],
    [{ iss: "https://i.example/org/7", "space/id": "8" }, "claim_value"],
    [{ iss: "https://i.example/org/7", "space/id": 7 }, "claim_value"],
    [{ iss: "https://i.example/org/" }, "claim_missing"],
    [{ iss: "https://i.example" }, "claim_missing"],
    [{ iss: "https://i.example", "space/id": 8 }, "claim_type"],
  ])("%j is %s", (token, expected) => {
    const read = readShape(token, { claims: { id } });
    expect(read.ok ? read.value["id"] : read.error.reason).toBe(expected);
  });
});
