import { readFileSync } from "node:fs";
import { join } from "node:path";
import { projectRoot } from "../../../scripts/interop/programs.ts";

/** The first block of a language below a heading of a page in `docs/`: what its reader copies. */
export function blockOf(page: string, heading: string, language: string): string {
  const text = readFileSync(join(projectRoot, "docs", page), "utf8");
  const from = text.indexOf(`\n## ${heading}\n`);
  const [section = ""] = text.slice(from + 1).split("\n## ");
  const [, block] = new RegExp(`\`\`\`${language}\n([^]*?)\`\`\``).exec(section) ?? [];
  if (from < 0 || block === undefined) throw new Error(`${page}: no ${language} below ${heading}`);
  return block;
}
