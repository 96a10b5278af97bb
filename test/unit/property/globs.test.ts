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
  const source = fc
    .tuple(part, part)
    .map((parts) => parts.join("*"))
    .filter((one) => typeof compileGlob(one) !== "string");
  const compiled = (glob: fc.Arbitrary<string>) =>
    glob.map((one) => compileGlob(one)).filter((one) => typeof one !== "string");
  const pattern = compiled(source);
  /** The glob with a piece in the place of each star, not every one of which a star stands for. */
  const filled = (glob: string, pieces: readonly string[]) =>
    fc
      .array(fc.constantFrom(...pieces), { minLength: 8, maxLength: 8 })
      .map((stars) =>
        glob.split("*").reduce((done, one, at) => done + (stars[at % 8] ?? "") + one),
      );

  const triedOn = (globs: typeof pattern) =>
    globs.chain((glob) =>
      fc.tuple(
        fc.constant(glob),
        fc.oneof(text, filled(glob.source, ["", "a", "b", "ab", "-", "/"])),
      ),
    );

  it("match as an anchored expression would", () => {
    let matched = 0;
    fc.assert(
      fc.property(triedOn(pattern), ([glob, tried]) => {
        const expression = new RegExp(`^(?:${glob.source.split("*").join("[^/:]*")})$`, "s");
        const expected = expression.test(tried);
        expect(globMatches(glob, tried)).toBe(expected);
        if (expected) matched++;
      }),
      { numRuns: 20_000 },
    );
    expect(matched).toBeGreaterThan(4000);
    expect(matched).toBeLessThan(16_000);
  });

  it("cover only what they match", () => {
    // A glob, and one that is made of it, which it mostly covers.
    const pair = source.chain((wide) =>
      fc.tuple(
        compiled(fc.constant(wide)),
        compiled(fc.oneof(source, filled(wide, ["", "a", "*", "a*", "*b", "/"]))).chain((narrow) =>
          triedOn(fc.constant(narrow)),
        ),
      ),
    );
    const count = { covered: 0, uncovered: 0 };
    fc.assert(
      fc.property(pair, ([wide, [narrow, tried]]) => {
        if (!globMatches(narrow, tried)) return;
        const covers = globCovers(wide, narrow);
        count[covers ? "covered" : "uncovered"]++;
        expect(covers && !globMatches(wide, tried)).toBe(false);
      }),
      { numRuns: 20_000 },
    );
    expect(count.covered).toBeGreaterThan(1000);
    expect(count.uncovered).toBeGreaterThan(1000);
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
  ])("are linear: %s", (written, unit) => {
    const glob = compileGlob(written);
    if (typeof glob === "string") throw new Error(glob);
    const tried = unit.repeat(Math.ceil(65_536 / unit.length));
    const clock = Array.from({ length: 6 }, () => (globMatches(glob, tried), performance.now()));
    const times = clock.slice(1).map((end, round) => end - (clock[round] ?? end));
    expect(Math.min(...times)).toBeLessThan(5);
  });
});
