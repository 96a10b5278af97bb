import { settingsOf } from "../../signer/definitions.ts";
import { keyAdmin } from "../key-services/admins.ts";
import { allKeys } from "../keys/load.ts";
import { verifyKeys } from "../keys/verify.ts";
import type { Check, Finding } from "./check.ts";

/** Whether each key in a service is the configured one: its kind and size with it, since the public halves are compared. */
export const keyServices: Check = {
  name: "keys in services",
  async run({ keys, now, options }) {
    if (keys === undefined) return [];
    const findings: Finding[] = [];
    for await (const { use, id, backend, result, message } of verifyKeys(keys, {
      now,
      sign: options.sign,
    })) {
      if (backend === "local") continue;
      const subject = `keys.${use}.${id}`;
      if (result === "good") findings.push({ severity: "good", subject, message });
      else if (result === "wrong")
        findings.push({
          severity: "error",
          subject,
          message,
          fix: "correct key, or give the key an entry of its own: public halves are never exchanged",
        });
      else
        findings.push({ severity: "warning", subject, message, fix: await grant(keys, use, id) });
    }
    return findings;
  },
};

async function grant(
  { keys }: NonNullable<Parameters<typeof keyServices.run>[0]["keys"]>,
  use: string,
  id: string,
): Promise<string> {
  const found = allKeys(keys).find((key) => key.use === use && key.entry.id === id);
  const admin = found && (await keyAdmin(found.entry.backend));
  if (found === undefined || admin === undefined)
    return "see the page of the backend in docs/signers";
  const least = admin.leastPolicy(found.entry.mode ?? "direct", settingsOf(found.entry));
  return `run it with the issuer's own credentials and --sign; the least that it needs: ${least.replaceAll(/\s+/g, " ")}`;
}
