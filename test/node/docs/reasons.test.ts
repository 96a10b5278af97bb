import { readdir, readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { REASONS } from "../../../src/reasons.ts";

const ROOT = new URL("../../../", import.meta.url);
const REASON_NAMES = Object.keys(REASONS);

/** The code of a folder, but for the files named. */
async function code(folder: string, but: readonly string[]): Promise<string> {
  const names = await readdir(new URL(folder, ROOT), { recursive: true });
  const texts = names
    .filter((name) => name.endsWith(".ts") && !but.some((one) => name.endsWith(one)))
    .map((name) => readFile(new URL(`${folder}${name}`, ROOT), "utf8"));
  return (await Promise.all(texts)).join("\n");
}

const missing = (text: string) =>
  REASON_NAMES.filter((reason) => !new RegExp(`["\`|: ]${reason}["\`|]`).test(text));

it("every reason is the outcome of some test", async () => {
  expect(missing(await code("test/", ["reasons.test.ts"]))).toEqual([]);
});

it("every reason is given by some code, and not only listed and explained", async () => {
  const lists = ["reasons.ts", "reason-help.ts", "reason-help-evidence.ts"];
  expect(missing(await code("src/", lists))).toEqual([]);
});

it("every reason is listed once, so that it is told as one code", async () => {
  const list = await readFile(new URL("src/reasons.ts", ROOT), "utf8");
  const listed = Array.from(list.matchAll(/"(\w+)"/g), ([, reason]) => reason);
  expect(listed.toSorted()).toEqual(REASON_NAMES.toSorted());
});

it("every reason is explained in docs/reasons.md", async () => {
  const page = await readFile(new URL("docs/reasons.md", ROOT), "utf8");
  expect(REASON_NAMES.filter((reason) => !page.includes(`\n### ${reason}\n`))).toEqual([]);
});
