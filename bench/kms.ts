import { fileURLToPath } from "node:url";
import * as z from "zod/mini";
import type { EvidenceIssuer } from "../scripts/interop/configuration.ts";
import { runChecked } from "../scripts/interop/processes.ts";
import { kmsWorld } from "./kms/keys.ts";
import { modeFigures } from "./kms/modes.ts";
import { outageFigures } from "./kms/outage.ts";
import { SERVER_CORE } from "./measure.ts";
import { median } from "./process-cpu.ts";
import type { Figure } from "./report.ts";

const measuredSchema = z.object({
  backend: z.string(),
  sign: z.array(z.number()),
  bare: z.array(z.number()),
});

export interface KmsBench {
  readonly evidence: EvidenceIssuer;
  readonly rounds: number;
  readonly requests: number;
  readonly progress: (text: string) => void;
}

/** Keys in a key service: how often it is asked, what that takes, and what its loss does. */
export async function kmsFigures(options: KmsBench): Promise<Figure[]> {
  const { evidence, rounds, requests, progress } = options;
  await using world = await kmsWorld();
  progress("key service: modes");
  const modes = await modeFigures(world, evidence, requests);
  progress("key service: outages");
  const outages = await outageFigures(world, evidence, rounds);
  progress("key service: backends");
  return [...modes, ...outages, ...(await backendFigures(rounds, Math.ceil(requests / 4)))];
}

async function backendFigures(rounds: number, signatures: number): Promise<Figure[]> {
  const script = fileURLToPath(new URL("kms/backend-cpu.ts", import.meta.url));
  const printed = await runChecked(process.execPath, [script, String(rounds), String(signatures)], {
    core: SERVER_CORE,
    deadlineMs: 600_000,
  });
  return printed
    .trim()
    .split("\n")
    .map((line) => {
      const { backend, sign, bare } = measuredSchema.parse(JSON.parse(line));
      const ratio = median(sign.map((value, n) => value / (bare[n] ?? Number.NaN)));
      const [whole, alone] = [median(sign).toFixed(0), median(bare).toFixed(0)];
      return {
        what: `CPU of a signature by ${backend} ÷ its bare HTTP request`,
        measured: `${ratio.toFixed(2)} (${whole} µs, ${alone} µs)`,
      };
    });
}
