import { setTimeout as sleep } from "node:timers/promises";
import type { EvidenceIssuer } from "../../scripts/interop/configuration.ts";
import { x509Request } from "../../scripts/interop/request.ts";
import { startSvidmint } from "../../scripts/interop/svidmint.ts";
import { makeKey } from "../../scripts/interop/workload.ts";
import { SERVER_CORE } from "../measure.ts";
import type { Figure } from "../report.ts";
import type { KmsWorld } from "./keys.ts";

/** Long enough that the issuer has given up asking for every request. */
const OUTAGE_MS = 4000;
const GIVE_UP_MS = 30_000;
const PAUSE_MS = 20;
const PUBLISHED = ["/bundle", "/.well-known/openid-configuration", "/.well-known/jwks.json"];
const BUDGET_MS = 5000;

/** What happens while the key service is gone, and how long after it is back the first SVID is issued. */
export async function outageFigures(
  { kms, direct }: KmsWorld,
  evidence: EvidenceIssuer,
  rounds: number,
): Promise<Figure[]> {
  await using issuer = await startSvidmint({
    evidence,
    keys: direct,
    env: kms.env,
    core: SERVER_CORE,
    audit: { sink: "file:audit.jsonl" },
  });
  const request = x509Request(issuer.url, evidence, makeKey());
  const issue = async (): Promise<number> => {
    const response = await fetch(`${issuer.url}/v1/svids`, { method: "POST", ...request });
    await response.arrayBuffer();
    return response.status;
  };
  let missing = 0;
  const published = async (): Promise<void> => {
    for (const path of PUBLISHED) {
      const response = await fetch(issuer.url + path); // oxlint-disable-line no-await-in-loop -- one after the other
      await response.arrayBuffer(); // oxlint-disable-line no-await-in-loop
      if (response.status !== 200) missing++;
    }
  };

  const recoveries: number[] = [];
  for (let round = 0; round < rounds; round++) {
    if ((await issue()) !== 200) throw new Error("no SVID before the outage");
    await kms.turn("down");
    const end = performance.now() + OUTAGE_MS;
    while (performance.now() < end) {
      const status = await issue();
      if (status !== 503) throw new Error(`status ${status} in the outage`);
      await published();
      await sleep(PAUSE_MS);
    }
    await kms.turn("up");
    const since = performance.now();
    while ((await issue()) !== 200) {
      if (performance.now() - since > GIVE_UP_MS) throw new Error("no SVID after the outage");
      await sleep(PAUSE_MS);
    }
    recoveries.push(performance.now() - since);
  }
  const longest = Math.max(...recoveries);
  return [
    {
      what: `first SVID after an outage of ${OUTAGE_MS / 1000} s, direct: the longest of ${rounds}`,
      measured: `${(longest / 1000).toFixed(2)} s`,
      budget: `≤ ${BUDGET_MS / 1000} s`,
      met: longest <= BUDGET_MS,
    },
    {
      what: "bundle, discovery and JWKS that were not served in it",
      measured: String(missing),
      budget: "0",
      met: missing === 0,
    },
  ];
}
