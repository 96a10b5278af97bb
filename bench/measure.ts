import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as z from "zod/mini";
import type { EvidenceIssuer } from "../scripts/interop/configuration.ts";
import { runChecked } from "../scripts/interop/processes.ts";
import type { Svidmint } from "../scripts/interop/svidmint.ts";
import { cpuSeconds } from "./process-cpu.ts";
import { EXPECTED_STATUS, prepare, type Work } from "./work.ts";

/** Every server alone on the first core, whatever drives it on the second. */
export const SERVER_CORE = 0;
export const LOAD_CORE = 1;

const CONNECTIONS = 16;
/** Requests before the measured ones. Code is compiled again and again until some 20 000 have come, beside the work and at its expense. */
const WARMUP = 12_000;

const loadSchema = z.object({
  requests: z.int(),
  seconds: z.number(),
  statuses: z.record(z.string(), z.int()),
  p50: z.number(),
  p99: z.number(),
});
const microsSchema = z.object({ micros: z.number() });

/** CPU time of the bare cryptography of one issuance. Microseconds. */
export async function bareCrypto(work: "x509" | "jwt"): Promise<number> {
  const printed = await runChecked(process.execPath, [script("bare-crypto.ts"), work], {
    core: SERVER_CORE,
    deadlineMs: 120_000,
  });
  return microsSchema.parse(JSON.parse(printed)).micros;
}

/** CPU time that the server spends on one request, measured over many. Microseconds. */
export function serverCpu(
  issuer: Svidmint,
  evidence: EvidenceIssuer,
  work: Work,
  requests: number,
): Promise<number> {
  return withRequests(issuer, evidence, work, async (drive) => {
    await drive(WARMUP);
    const before = cpuSeconds(issuer.server.pid);
    await drive(requests);
    return ((cpuSeconds(issuer.server.pid) - before) / requests) * 1e6;
  });
}

/** How long an answer took, half of them and all but one in a hundred. Milliseconds. */
export interface Latencies {
  readonly p50: number;
  readonly p99: number;
}

/** @param connections one request is in flight on each */
export type Drive = (requests: number, connections?: number) => Promise<Latencies>;

/** Prepares requests, and sends them when `use` says so; an answer that is not the expected one ends the run. */
export function withRequests<T>(
  issuer: Svidmint,
  evidence: EvidenceIssuer,
  work: Work,
  use: (drive: Drive) => Promise<T>,
): Promise<T> {
  return withRaw(issuer, prepare(work, issuer.url, evidence), EXPECTED_STATUS[work], use);
}

/** As `withRequests`. @param requests raw HTTP/1.1, sent in turn */
export async function withRaw<T>(
  issuer: Svidmint,
  requests: readonly string[],
  expected: number,
  use: (drive: Drive) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "bench-"));
  try {
    const file = join(folder, "requests.json");
    writeFileSync(file, JSON.stringify(requests));
    return await use(async (count, connections = CONNECTIONS) => {
      const args = [file, new URL(issuer.url).port, String(connections), String(count)];
      const printed = await runChecked(process.execPath, [script("load-generator.ts"), ...args], {
        core: LOAD_CORE,
        deadlineMs: 150_000,
      });
      const { statuses, p50, p99 } = loadSchema.parse(JSON.parse(printed));
      if (statuses[String(expected)] !== count)
        throw new Error(`expected ${count} answers ${expected}, got ${JSON.stringify(statuses)}`);
      return { p50, p99 };
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function script(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}
