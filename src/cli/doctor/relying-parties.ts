import { publicKeySet } from "../keys/material.ts";
import { CommandError } from "../errors.ts";
import type { Check, Finding } from "./check.ts";

/** Who is known by the audience alone, and what it takes; `docs/oidc/` gives the pages that say so. */
const RELYING_PARTIES: readonly {
  readonly name: string;
  readonly audiences: readonly string[];
  readonly algorithms: readonly string[];
}[] = [
  {
    name: "Microsoft Entra",
    audiences: [
      "api://AzureADTokenExchange",
      "api://AzureADTokenExchangeUSGov",
      "api://AzureADTokenExchangeChina",
    ],
    algorithms: ["RS256"],
  },
  {
    name: "AWS",
    audiences: ["sts.amazonaws.com"],
    algorithms: ["RS256", "RS384", "RS512", "ES256", "ES384", "ES512"],
  },
];

/** Whether those that rules issue JWT-SVIDs for take what the keys sign with, standby keys included. */
export const relyingParties: Check = {
  name: "relying parties",
  async run({ config, keys, now }) {
    if (config === undefined || keys === undefined) return [];
    const published = await publicKeySet(keys, now).catch((error: unknown) => {
      if (error instanceof CommandError) return undefined; // told by the check of the keys
      throw error;
    });
    if (published === undefined) return [];
    const findings: Finding[] = [];
    for (const { name, grants } of config.policy.rules)
      for (const audience of grants.jwt?.audiences ?? []) {
        const party = RELYING_PARTIES.find(({ audiences }) => audiences.includes(audience));
        if (party === undefined) continue;
        const taken = party.algorithms.join(", ");
        const subject = `rules.${name}.jwt.audiences`;
        const wrong = published.keys.jwt.filter(
          ({ life, algorithm }) => life.retiredAt > now && !party.algorithms.includes(algorithm),
        );
        for (const { life, algorithm } of wrong)
          findings.push({
            severity: "warning",
            subject,
            message: `${party.name} takes ${taken}, and keys.jwt.${life.id} signs ${algorithm}`,
            fix: "svidmint keys create jwt --type rsa2048, then svidmint keys plan-rotation jwt",
          });
        if (wrong.length === 0)
          findings.push({ severity: "good", subject, message: `${party.name} takes its keys` });
      }
    return findings;
  },
};
