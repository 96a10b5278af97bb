import { join } from "node:path";
import { run, type RunResult } from "../../../scripts/interop/processes.ts";
import { projectRoot } from "../../../scripts/interop/programs.ts";

/** `svidmint` as it was built, as an operator runs it in a folder. */
export function svidmintIn(
  folder: string,
  env: () => Readonly<Record<string, string>>,
): (...args: string[]) => Promise<RunResult> {
  return (...args) =>
    run(process.execPath, [join(projectRoot, "dist/cli/main.js"), ...args], {
      cwd: folder,
      env: { ...env() },
      deadlineMs: 60_000,
    });
}
