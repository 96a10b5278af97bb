import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname } from "node:path";

const check = process.argv.includes("--check");

/** Writes a generated file, relative to the project; with `--check` fails instead where it is out of date. */
export async function writeGenerated(path: string, text: string): Promise<void> {
  const url = new URL(`../${path}`, import.meta.url);
  const now = await readFile(url, "utf8").catch(() => undefined);
  if (now === text) return;
  if (check) {
    process.exitCode = 1;
    console.error(`${path} is out of date: npm run generate`);
    return;
  }
  await mkdir(dirname(url.pathname), { recursive: true });
  await writeFile(url, text);
  console.error(`wrote ${path}`);
}
