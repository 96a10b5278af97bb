import { fileURLToPath } from "node:url";
import * as z from "zod/mini";
import { runChecked } from "../scripts/interop/processes.ts";
import { SERVER_CORE } from "./measure.ts";
import { median } from "./process-cpu.ts";
import type { EvidenceFigure } from "./report.ts";

const measuredSchema = z.object({
  type: z.string(),
  form: z.optional(z.string()),
  operations: z.number(),
  verification: z.array(z.number()),
  bare: z.array(z.number()),
});

/** What evidence of each type costs, each in its turn in one process that has a core to itself. */
export async function evidenceFigures(rounds: number): Promise<readonly EvidenceFigure[]> {
  const script = fileURLToPath(new URL("attestor-cpu.ts", import.meta.url));
  const printed = await runChecked(process.execPath, [script, String(rounds)], {
    core: SERVER_CORE,
    deadlineMs: 180_000,
  });
  return printed
    .trim()
    .split("\n")
    .map((line) => {
      const { type, form, operations, verification, bare } = measuredSchema.parse(JSON.parse(line));
      return {
        evidence: form === undefined ? type : `${type}, ${form}`,
        operations,
        verification: median(verification),
        bare: median(bare),
        ratio: median(verification.map((value, n) => value / (bare[n] ?? Number.NaN))),
      };
    })
    .toSorted((a, b) => (a.evidence < b.evidence ? -1 : 1));
}
