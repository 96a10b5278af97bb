import { settingsOf } from "../../signer/definitions.ts";
import { keyAdmin } from "../key-services/admins.ts";
import { KeyServiceError } from "../key-services/key-admin.ts";
import { allKeys } from "../keys/load.ts";
import type { Check, Finding } from "./check.ts";

/** Whether these credentials are granted more on a key than an issuer needs, as far as harmless questions show it. */
export const surplus: Check = {
  name: "permissions",
  async run({ keys, now }) {
    if (keys === undefined) return [];
    const findings: Finding[] = [];
    for (const { use, index, entry } of allKeys(keys.keys)) {
      if ((keys.timelines[use][index]?.removedAt ?? 0) <= now) continue;
      const admin = await keyAdmin(entry.backend); // oxlint-disable-line no-await-in-loop -- a handful, once
      if (admin?.surplus === undefined) continue;
      const settings = settingsOf(entry);
      const subject = `keys.${use}.${entry.id}`;
      // oxlint-disable-next-line no-await-in-loop -- likewise
      const granted = await admin.surplus(settings).catch((error: unknown) => {
        if (error instanceof KeyServiceError) return error;
        throw error;
      });
      if (granted instanceof KeyServiceError)
        findings.push({ severity: "skipped", subject, message: granted.message });
      else if (granted.length === 0)
        findings.push({
          severity: "good",
          subject,
          message: "nothing more was granted that shows",
        });
      else
        findings.push({
          severity: "warning",
          subject,
          message: `these credentials are also granted ${granted.join(", ")}`,
          fix: `if they are the issuer's, leave them: ${admin.leastPolicy(entry.mode ?? "direct", settings).replaceAll(/\s+/g, " ")}`,
        });
    }
    return findings;
  },
};
