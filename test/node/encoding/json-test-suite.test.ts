import { describe, expect, it } from "vitest";
import { parseJson } from "../../../src/encoding/json.ts";
import { vectorArchive } from "../support/tar.ts";

const files = vectorArchive("json-test-suite.tar.gz");
const cases = (files ?? []).map(
  ({ name, bytes }) => [name.split("/").at(-1) ?? "", bytes] as const,
);

/** Documents that are JSON and that we refuse on purpose. */
const REFUSED = new Map([
  ["y_object_duplicated_key.json", "json_duplicate_key"],
  ["y_object_duplicated_key_and_value.json", "json_duplicate_key"],
  ["y_object_escaped_null_in_key.json", "json_malformed"],
]);

/** Of those that RFC 8259 leaves open, what we take: numbers that a double holds, if not exactly. */
const TAKEN = [
  "i_number_double_huge_neg_exp.json",
  "i_number_real_underflow.json",
  "i_number_too_big_neg_int.json",
  "i_number_too_big_pos_int.json",
  "i_number_very_big_negative_int.json",
];

function judge(bytes: Uint8Array): string {
  const parsed = parseJson(bytes);
  return parsed.ok ? "ok" : parsed.error.reason;
}

describe.skipIf(files === undefined)("JSONTestSuite", () => {
  it("has 318 documents", () => {
    expect(cases).toHaveLength(318);
  });

  it.each(cases.filter(([name]) => name.startsWith("y_")))("takes %s", (name, bytes) => {
    expect(judge(bytes)).toBe(REFUSED.get(name) ?? "ok");
  });

  it.each(cases.filter(([name]) => name.startsWith("n_")))("refuses %s", (_, bytes) => {
    expect(judge(bytes)).toBe("json_malformed");
  });

  it("takes of the open cases only numbers that are rounded", () => {
    const open = cases.filter(([name]) => name.startsWith("i_"));
    const taken = open.filter(([, bytes]) => judge(bytes) === "ok").map(([name]) => name);
    expect(taken.toSorted()).toEqual(TAKEN);
    expect(open.length).toBeGreaterThan(30);
  });

  it("answers each at once", () => {
    // The best of three: what is slow of itself is slow each time, a busy machine is not.
    const times = Array.from({ length: 3 }, () => {
      const started = performance.now();
      for (const [, bytes] of cases) judge(bytes);
      return performance.now() - started;
    });
    expect(Math.min(...times)).toBeLessThan(250);
  });
});
