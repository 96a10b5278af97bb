import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as z from "zod/mini";
import { freePort } from "../free-port.ts";
import { accepts, runChecked, type Server, startServer } from "./processes.ts";

/** The longest that a peer may live. Milliseconds. */
const PEER_DEADLINE_MS = 10 * 60_000;

export interface Peer extends AsyncDisposable {
  readonly server: Server;
  readonly folder: string;
  readonly port: number;
}

/** A step-ca without a database: nothing is stored, one-time tokens are not remembered. */
export async function startStepCa(
  program: string,
  loadProgram: string,
  options: { core?: number } = {},
): Promise<Peer> {
  const folder = mkdtempSync(join(tmpdir(), "step-ca-"));
  const port = await freePort();
  await runChecked(loadProgram, ["-init", "-dir", folder, "-port", String(port)], {
    deadlineMs: 60_000,
  });
  const server = await startServer(program, [join(folder, "ca.json")], {
    folder,
    deadlineMs: PEER_DEADLINE_MS,
    ...options,
    env: { STEPPATH: folder },
    ready: () => accepts(port),
  });
  return { server, folder, port, [Symbol.asyncDispose]: server.stop };
}

/** What one of the load clients printed. */
const loadFiguresSchema = z.strictObject({
  work: z.string(),
  requests: z.int(),
  seconds: z.number(),
  server_cpu_seconds: z.number(),
  server_cpu_micros_per_request: z.number(),
  per_core_second: z.number(),
});

export type LoadFigures = z.infer<typeof loadFiguresSchema>;

export async function driveLoad(
  program: string,
  args: readonly string[],
  options: { core?: number } = {},
): Promise<LoadFigures> {
  const printed = await runChecked(program, args, { deadlineMs: 180_000, ...options });
  return loadFiguresSchema.parse(JSON.parse(printed));
}
