import { describe, expect, it } from "vitest";
import * as z from "zod/mini";
import { soundPart } from "../../../src/issuer/sound-part.ts";

const schema = z
  .strictObject({
    tenants: z.array(z.string()).check(z.minLength(1)),
    audience: z.string(),
    jwks: z.optional(z.string()),
    files: z.optional(z.union([z.string(), z.array(z.string())])),
    entries: z.optional(z.record(z.string(), z.strictObject({ name: z.string() }))),
  })
  .check(z.refine(({ jwks, files }) => jwks !== undefined || files !== undefined));
const STAND_INS = { tenants: ["t"], audience: "a", jwks: "j", entries: { "*": { name: "n" } } };
const GOOD = { tenants: ["one"], audience: "us", jwks: "file:x" };
const partOf = (section: unknown, standIns: unknown = STAND_INS) =>
  soundPart(schema, section, standIns);

describe("the part of a section whose form is right", () => {
  it.each([null, 5, "x", [], [GOOD]])("is nothing of %j", (section) => {
    expect(partOf(section)).toBeUndefined();
  });

  it("is nothing where it lacks what has no stand-in", () => {
    expect(partOf({ tenants: ["one"], jwks: "x" }, {})).toBeUndefined();
    expect(partOf({ ...GOOD, audience: 5 }, {})).toBeUndefined();
  });

  it("ends whatever the section, and its stand-ins", () => {
    const many = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`x${index}`, 1]));
    expect(partOf({ ...GOOD, ...many })?.value).toEqual(GOOD);
    expect(partOf({ ...GOOD, audience: 5 }, { audience: 6 })).toBeUndefined();
    const hostile: unknown = JSON.parse('{ "__proto__": 5, "constructor": 5, "toString": 5 }');
    expect(partOf({ ...GOOD, entries: hostile })?.value).toMatchObject(GOOD);
  });

  it("changes what an alias shares in one place alone", () => {
    const shared = { name: "x", typo: 1 };
    const part = partOf({ ...GOOD, entries: { a: shared, b: shared } });
    expect(part?.value.entries).toEqual({ a: { name: "x" }, b: { name: "x" } });
    expect(part?.placeOf(["entries", "a", "name"])).toEqual(["entries", "a", "name"]);
  });

  it("leaves the section as it was, and the stand-ins", () => {
    const standIns = { ...STAND_INS, tenants: [6], audience: "a" };
    partOf({ ...GOOD, tenants: "x" }, standIns);
    expect(standIns.tenants).toEqual([6]);
    const section = { ...GOOD, tenants: [5], typo: {} };
    partOf(section);
    expect(section).toEqual({ ...GOOD, tenants: [5], typo: {} });
  });

  it("has no unknown key, and says nothing of what was left out or stood in for", () => {
    const part = partOf({ ...GOOD, typo: 1, audience: 5 });
    expect(part?.value).toEqual({ ...GOOD, audience: "a" });
    expect(part?.placeOf(["typo"])).toBeUndefined();
    expect(part?.placeOf(["audience"])).toBeUndefined();
    expect(part?.placeOf([])).toBeUndefined();
    expect(part?.placeOf(["jwks"])).toEqual(["jwks"]);
  });

  it("has what the section lacks as a whole", () => {
    const part = partOf({ tenants: ["one"], audience: "us" });
    expect(part?.value).toMatchObject({ jwks: "j" });
    expect(part?.placeOf(["jwks"])).toBeUndefined();
    expect(part?.placeOf(["audience"])).toEqual(["audience"]);
  });

  it("knows where the members of a list stood that lost some", () => {
    const part = partOf({ ...GOOD, files: [5, "file:a", {}, "file:b"] });
    expect(part?.value.files).toEqual(["file:a", "file:b"]);
    expect(part?.placeOf(["files", 0])).toEqual(["files", 1]);
    expect(part?.placeOf(["files", 1])).toEqual(["files", 3]);
    expect(part?.placeOf(["files"])).toBeUndefined();
  });

  it("takes an entry whole, or leaves it", () => {
    const part = partOf({ ...GOOD, entries: { a: { name: 5 }, b: { name: "x" }, c: 5 } });
    expect(part?.value.entries).toEqual({ a: { name: "n" }, b: { name: "x" }, c: { name: "n" } });
    expect(part?.placeOf(["entries", "b", "name"])).toEqual(["entries", "b", "name"]);
    expect(part?.placeOf(["entries", "a", "name"])).toBeUndefined();
    expect(part?.placeOf(["entries", "c", "name"])).toBeUndefined();
  });
});
