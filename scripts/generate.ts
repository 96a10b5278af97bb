/** Writes every generated file of the project; with `--check` fails where one is out of date. */
import { readdir } from "node:fs/promises";

const here = new URL(".", import.meta.url);
for (const name of (await readdir(here)).toSorted()) {
  if (/^generate-.+\.ts$/.test(name)) await import(new URL(name, here).href);
}
