import type { Check } from "./check.ts";

/** All that `policy check` says, since nothing else is worth much where that is wrong. */
export const configuration: Check = {
  name: "configuration",
  async run({ checked, configPath, config }) {
    const issues = checked.issues.map(({ severity, path, line, column, message }) => ({
      severity,
      subject: `${configPath}:${line}:${column}${path === "" ? "" : ` ${path}`}`,
      message,
    }));
    if (config === undefined) return issues;
    return [{ severity: "good", subject: configPath, message: "can be used" }, ...issues];
  },
};
