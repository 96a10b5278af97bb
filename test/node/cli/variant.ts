import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";

/** Writes another version of a file beside it. @returns its name */
export async function variantOf(
  folder: string,
  file: string,
  name: string,
  edit: (text: string) => string,
): Promise<string> {
  const text = await readFile(join(folder, file), "utf8");
  const edited = edit(text);
  expect(edited).not.toBe(text);
  await writeFile(join(folder, name), edited);
  return name;
}
