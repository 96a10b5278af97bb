import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compileGlob, globCovers, globMatches } from "../../../src/policy/glob.ts";

describe("globs", () => {
  const text = fc
    .array(fc.constantFrom("a", "b", "/", ":", "-"), { maxLength: 8 })
    .map((parts) => parts.join(""));
  const part = fc
    .array(fc.constantFrom("a", "b", "/", ":", "*"), { maxLength: 4 })
    .map((characters) => characters.join(""));
  const pattern = fc
    .tuple(part, part)
    .map((parts) => compileGlob(parts.join("*")))
    .filter((glob) => typeof glob !== "string");

  it("match as an anchored expression would", () => {
    fc.assert(
      fc.property(pattern, text, (glob, tried) => {
        const expression = new RegExp(`^(?:${glob.source.split("*").join("[^/:]*")})$`, "s");
        expect(globMatches(glob, tried)).toBe(expression.test(tried));
      }),
      { numRuns: 20_000 },
    );
  });

  it("cover only what they match", () => {
    fc.assert(
      fc.property(pattern, pattern, text, (wide, narrow, tried) => {
        const covered = globCovers(wide, narrow) && globMatches(narrow, tried);
        expect(covered && !globMatches(wide, tried)).toBe(false);
      }),
      { numRuns: 20_000 },
    );
  });

  it.each([
    ["(a+)+$", "a"],
    ["*a*a*a*a", "a"],
    ["a*a*a*a*b", "a"],
    [`${"a".repeat(120)}*${"a".repeat(120)}b*`, "a"],
    [`*b${"a".repeat(250)}*`, "a"],
    [`*${"ab".repeat(60)}a*${"ab".repeat(60)}c`, "ab"],
    ["*.*.*.*", "."],
    ["*,*,*,*x", ","],
  ])("are linear: %s", (source, unit) => {
    const glob = compileGlob(source);
    if (typeof glob === "string") throw new Error(glob);
    const tried = unit.repeat(Math.ceil(65_536 / unit.length));
    const clock = Array.from({ length: 6 }, () => (globMatches(glob, tried), performance.now()));
    const times = clock.slice(1).map((end, round) => end - (clock[round] ?? end));
    expect(Math.min(...times)).toBeLessThan(5);
  });
});
