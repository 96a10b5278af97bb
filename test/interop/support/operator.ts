import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runChecked } from "../../../scripts/interop/processes.ts";
import { projectRoot } from "../../../scripts/interop/programs.ts";
import type { Vault } from "../../../scripts/interop/vault.ts";

/**
 * The shell of who administers Vault, in a folder, with the programs that the pages name: `vault` and `svidmint`.
 * @returns what a script prints. @throws where a command of it fails
 */
export function operatorShell(
  vault: Vault,
  program: string,
  folder: string,
): (script: string) => Promise<string> {
  const bin = join(folder, "bin");
  const cli = join(projectRoot, "dist/cli/main.js");
  mkdirSync(bin);
  symlinkSync(program, join(bin, "vault"));
  writeFileSync(join(bin, "svidmint"), `#!/bin/sh\nexec "${process.execPath}" "${cli}" "$@"\n`);
  chmodSync(join(bin, "svidmint"), 0o755);
  const env = {
    PATH: `${bin}:${process.env["PATH"] ?? ""}`,
    VAULT_ADDR: vault.url,
    VAULT_TOKEN: vault.rootToken,
  };
  return (script) => runChecked("sh", ["-euc", script], { cwd: folder, env, deadlineMs: 60_000 });
}
