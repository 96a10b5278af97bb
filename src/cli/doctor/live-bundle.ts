import { bundleProblems } from "../keys/compare.ts";
import { publicKeySet } from "../keys/material.ts";
import { computedBundles, liveBundle } from "../keys/published.ts";
import { explainsAbsence } from "../keys/removed.ts";
import { CommandError } from "../errors.ts";
import type { Check } from "./check.ts";

/** What the issuer serves beside what this configuration gives. */
export const servedBundle: Check = {
  name: "served bundle",
  async run({ keys, options, now }) {
    const { live } = options;
    if (keys === undefined) return [];
    if (live === undefined)
      return [
        { severity: "skipped", subject: "bundle", message: "is not looked at without --live URL" },
      ];
    try {
      const served = { "/bundle": await liveBundle(live, "/bundle") };
      const computed = await computedBundles(keys, await publicKeySet(keys, now), now);
      if (served["/bundle"].body === computed["/bundle"].body)
        return [
          { severity: "good", subject: live, message: "serves the bundle of this configuration" },
        ];
      const explains = await explainsAbsence(served, computed, keys, now);
      const problems = bundleProblems(served, computed, explains);
      if (problems.length > 0)
        return problems.map((message) => ({
          severity: "error",
          subject: live,
          message,
          fix: "svidmint keys apply says the same before a deployment",
        }));
      const message = "serves an older bundle than that of this configuration";
      return [
        {
          severity: "warning",
          subject: live,
          message,
          fix: "have every instance load it (SIGHUP, or a restart)",
        },
      ];
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      return [{ severity: "error", subject: live, message: error.message }];
    }
  },
};
