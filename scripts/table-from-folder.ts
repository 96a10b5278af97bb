import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/**
 * A script that writes a table from a folder of certificates: `FOLDER` writes it, `FOLDER --check` exits 1 if the
 * committed one differs, and 0 if the folder is absent.
 * @param output URL of the table
 */
export function tableFromFolder(output: URL, render: (folder: string) => string): void {
  const [, script = "", folder] = process.argv;
  const check = process.argv.includes("--check");
  if (folder === undefined || folder.startsWith("--")) {
    console.error(`usage: node ${script} FOLDER [--check]`);
    process.exit(2);
  }
  if (check && !existsSync(folder)) {
    console.log(`skipped: ${folder} is absent`);
    return;
  }
  const text = render(folder);
  if (!check) writeFileSync(output, text);
  else if (readFileSync(output, "utf8") !== text) {
    console.error(`${fileURLToPath(output)} differs from the certificates: write it anew`);
    process.exitCode = 1;
  }
}
