import { readdir, readFile } from "node:fs/promises";
import { expect, it } from "vitest";

const ROOT = new URL("../../../", import.meta.url);
/** What an advisory is called: the name before its explanation. */
const names = (text: string): string[] => text.split(", ").map((name) => name.trim());

it("docs/security/peer-cves.md and the tests of test/regression name the same advisories", async () => {
  const page = await readFile(new URL("docs/security/peer-cves.md", ROOT), "utf8");
  const listed = [...page.matchAll(/^\| ([^|]+) \|/gm)]
    .map(([, cell = ""]) => cell)
    .slice(1)
    .flatMap(names);
  const folder = new URL("test/regression/", ROOT);
  const files = (await readdir(folder, { recursive: true })).filter((file) =>
    file.endsWith(".test.ts"),
  );
  const texts = await Promise.all(files.map((file) => readFile(new URL(file, folder), "utf8")));
  const titles = texts.flatMap((text) =>
    [...text.matchAll(/\bit\("([^"]+)"/g)].map(([, title = ""]) => title),
  );
  const tried = titles
    .filter((title) => /^(?:CVE-|GHSA-|SPIRE |Fulcio #|GitHub |microsoft-)/.test(title))
    .map((title) => title.slice(0, title.indexOf(":")))
    // Two of SPIRE's releases mended two things each.
    .map((name) => (/^SPIRE 1\.14\.[26]/.test(name) ? name : name.replace(/ \(.*$/, "")))
    .flatMap(names);
  expect(listed.length).toBeGreaterThan(30);
  expect(new Set(tried)).toEqual(new Set(listed));
});
