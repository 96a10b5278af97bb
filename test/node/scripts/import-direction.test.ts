import { readdirSync } from "node:fs";
import { matchesGlob } from "node:path";
import { expect, it } from "vitest";
import config from "../../../oxlint.config.ts";

it("every source file stands under a rule that says what it may import", () => {
  const ruled = (config.overrides ?? [])
    .filter(({ rules }) => Object.hasOwn(rules ?? {}, "eslint/no-restricted-imports"))
    .flatMap(({ files }) => files);
  const root = new URL("../../../", import.meta.url);
  const sources = readdirSync(new URL("src", root), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts") && !name.startsWith("gen/")) // generated: not linted
    .map((name) => `src/${name}`);
  expect(sources.length).toBeGreaterThan(400);
  expect(sources.filter((name) => !ruled.some((glob) => matchesGlob(name, glob)))).toEqual([]);
});
