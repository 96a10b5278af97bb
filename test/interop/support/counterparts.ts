import { findProgram, type ProgramName } from "../../../scripts/interop/programs.ts";
import { isBuilt } from "../../../scripts/interop/svidmint.ts";

export interface Counterparts<Name extends ProgramName> {
  /** For `describe.skipIf`. */
  readonly absent: boolean;
  /** Why, to stand in the suite's name, so that a skip is never silent; else empty. */
  readonly note: string;
  path(name: Name): string;
}

/**
 * The real programs that a suite needs, besides a built project. Where one is missing the suite
 * is skipped; in CI this throws instead: nobody should believe that an untested claim holds.
 */
export function counterparts<Name extends ProgramName>(
  ...names: readonly Name[]
): Counterparts<Name> {
  const found = new Map(names.map((name) => [name, findProgram(name)]));
  const missing = names.filter((name) => found.get(name) === undefined);
  const reasons: string[] = [];
  if (!isBuilt()) reasons.push("the project is not built (npm run build)");
  if (missing.length > 0) {
    const install = `npx node scripts/interop/install.ts --only ${missing.join(",")}`;
    reasons.push(`${missing.join(", ")} not installed (${install})`);
  }
  if (reasons.length > 0 && process.env["CI"] === "true") throw new Error(reasons.join("; "));
  return {
    absent: reasons.length > 0,
    note: reasons.length > 0 ? ` [skipped: ${reasons.join("; ")}]` : "",
    path(name) {
      const path = found.get(name);
      if (path === undefined) throw new Error(`not installed: ${name}`);
      return path;
    },
  };
}
