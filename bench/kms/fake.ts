import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as z from "zod/mini";
import { freePort } from "../../scripts/free-port.ts";
import { answers, startServer } from "../../scripts/interop/processes.ts";
import type { Platform, PrivateKey } from "../../src/platform/platform.ts";
import { KMS_VARIABLES } from "../../test/fakes/aws-kms.ts";
import { base64, fromBase64 } from "../../test/fakes/keys.ts";
import { LOAD_CORE } from "../measure.ts";

/** How far away a key service usually is. Milliseconds. */
export const DELAY_MS = 20;

const callsSchema = z.record(z.string(), z.int());
const wrappedSchema = z.object({ arn: z.string(), wrapped: z.string() });

export interface BenchKms extends AsyncDisposable {
  /** What the issuer is given to find it. */
  readonly env: Readonly<Record<string, string>>;
  /** Operations since it started, all together. */
  calls(): Promise<number>;
  /** As an operator wraps a data key. */
  encrypt(plain: Uint8Array, context: string): Promise<{ arn: string; wrapped: Uint8Array }>;
  /** The beginning or the end of an outage. */
  turn(how: "down" | "up"): Promise<void>;
}

/** @param keys by the last part of their ARN */
export async function startKms(
  keys: Readonly<Record<string, PrivateKey>>,
  platform: Platform,
): Promise<BenchKms> {
  const folder = mkdtempSync(join(tmpdir(), "bench-kms-"));
  const file = join(folder, "keys.json");
  const exported: Record<string, string> = {};
  for (const [name, key] of Object.entries(keys))
    exported[name] = base64(new Uint8Array(await platform.exportPrivateKey(key))); // oxlint-disable-line no-await-in-loop -- two
  writeFileSync(file, JSON.stringify(exported), { mode: 0o600 });
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const script = fileURLToPath(new URL("fake-server.ts", import.meta.url));
  const server = await startServer(
    process.execPath,
    [script, String(port), String(DELAY_MS), file],
    { core: LOAD_CORE, folder, deadlineMs: 3_600_000, ready: () => answers(`${url}/calls`) },
  );
  const ask = async (path: string, body?: object): Promise<unknown> => {
    const init = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
    return (await fetch(url + path, init)).json();
  };
  return {
    env: { ...KMS_VARIABLES, AWS_REGION: "eu-central-1", AWS_ENDPOINT_URL_KMS: url },
    async calls() {
      const counts = callsSchema.parse(await ask("/calls"));
      return Object.values(counts).reduce((sum, count) => sum + count, 0);
    },
    async encrypt(plain, context) {
      const { arn, wrapped } = wrappedSchema.parse(
        await ask("/encrypt", { plain: base64(plain), context }),
      );
      return { arn, wrapped: fromBase64(wrapped) };
    },
    turn: async (how) => void (await ask(`/${how}`, {})),
    [Symbol.asyncDispose]: server.stop,
  };
}
