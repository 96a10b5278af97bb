import { CommandError } from "../errors.ts";
import { withClaims } from "../claims.ts";
import type { Check } from "./check.ts";

/** A key that nobody has: 64 hex digits, as all have. */
const NOBODYS = "0".repeat(64);

/** Whether the claim store answers a question. */
export const claimStore: Check = {
  name: "claim store",
  async run({ config, configPath }) {
    const store = config?.claims?.store;
    if (store === undefined) return [];
    const subject = `claims (${store})`;
    if (store === "memory")
      return [
        {
          severity: "warning",
          subject,
          message: "ends with its process",
          fix: "name another store for anything but trials",
        },
      ];
    try {
      await withClaims(configPath, (claims) => claims.show(NOBODYS));
      return [{ severity: "good", subject, message: "answers" }];
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      // A store that is made at the first start is not there before.
      const early = store === "file" && error.message.includes("is not there");
      return [
        {
          severity: early ? "skipped" : "error",
          subject,
          message: error.message,
          ...(!early && {
            fix: "see the page of the store in docs/stores for what it has to be granted",
          }),
        },
      ];
    }
  },
};
