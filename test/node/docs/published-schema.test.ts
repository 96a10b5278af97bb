import { expect, it } from "vitest";
import { unfit, type Schema } from "./published-schema.ts";

/** What holds the pages' documents to the published schemas says no at all: of those documents it never has to. */
it.each<[string, Schema, unknown]>([
  ["no string", { type: "string" }, 1],
  ["no number", { type: "number" }, "1"],
  ["no integer", { type: "integer" }, 1.5],
  ["no boolean", { type: "boolean" }, null],
  ["no array", { type: "array" }, {}],
  ["no object", { type: "object" }, []],
  ["none of the values", { enum: ["a", "b"] }, "c"],
  ["another value", { const: "a" }, "b"],
  ["another form", { pattern: "^a$" }, "b"],
  ["none of several", { oneOf: [{ type: "string" }, { const: 1 }] }, 2],
  ["none of several", { anyOf: [{ type: "string" }, { const: 1 }] }, 2],
  ["no string", { $ref: "#/parts/name" }, 1],
  ["no such #/parts/other", { $ref: "#/parts/other" }, 1],
])("%s is told of %j", (complaint, schema, value) => {
  const parts = { name: { type: "string" } };
  expect(unfit(schema, value, parts)).toEqual([`: ${complaint}`]);
  const within = { properties: { list: { items: schema } }, additionalProperties: schema };
  expect(unfit(within, { list: [value], more: value }, parts)).toEqual([
    `/list/0: ${complaint}`,
    `/more: ${complaint}`,
  ]);
});

it("a member that is missing or unknown is told", () => {
  const schema = { properties: { a: {} }, required: ["a"], additionalProperties: false };
  expect(unfit(schema, { b: 1 })).toEqual(["/a: missing", "/b: unknown"]);
  expect(unfit(schema, { a: 1 })).toEqual([]);
});
